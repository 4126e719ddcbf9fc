-- Where order systems want to be told, what is on its way to them, and what they answered. Times are true time.
CREATE TABLE waybill.webhook (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: all premises
    url text NOT NULL,
    types text[], -- NULL: whatever happens
    test boolean NOT NULL, -- is told of test orders, and of nothing else
    secret text NOT NULL, -- as whsec_…: signing needs it itself, a digest would not do
    old_secret text, -- signs too until then: the receiver may change over whenever it likes
    old_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    disabled_at timestamptz,
    disabled_because text,
    told_by xid8 NOT NULL, -- place in the feed up to which deliveries were made
    told_id uuid NOT NULL,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);

CREATE TABLE waybill.webhook_delivery (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES waybill.webhook,
    event_id uuid NOT NULL, -- the webhook-id header: the same whenever it is sent again
    type text NOT NULL,
    body text NOT NULL, -- byte for byte what is signed
    created_at timestamptz NOT NULL,
    next_at timestamptz, -- NULL: nothing more is tried
    attempts smallint NOT NULL DEFAULT 0,
    delivered_at timestamptz
);
CREATE INDEX webhook_delivery_due ON waybill.webhook_delivery (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_log ON waybill.webhook_delivery (webhook_id, created_at DESC, id DESC);

CREATE TABLE waybill.webhook_attempt (
    delivery_id uuid NOT NULL REFERENCES waybill.webhook_delivery ON DELETE CASCADE,
    at timestamptz NOT NULL,
    status smallint, -- NULL: no answer
    said text NOT NULL, -- the beginning of the answer, or why there is none
    took_s real NOT NULL,
    PRIMARY KEY (delivery_id, at)
);
