-- Messages to customers and staff: contacts, alerts, duty, what was said and whether it arrived.
-- How the customers of premises are spoken to; no row, or NULL: as the settings say.
CREATE TABLE waybill.premises_telling (
    premises_id uuid PRIMARY KEY REFERENCES waybill.premises,
    language text CHECK (language ~ '^[a-z]{2,3}$'), -- of customers whose order names none
    quiet_hours text, -- such as 22:00-07:00, by the premises' clock; empty: never quiet
    digest_at text -- when staff get the day's list, by the premises' clock; empty: never
);

-- How a customer is reached, and whether they want it.
CREATE TABLE waybill.contact (
    id uuid PRIMARY KEY,
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    address text NOT NULL, -- in one spelling: small letters, or + and digits
    -- Of the link that ends it: 122 random bits in 22 letters.
    token text NOT NULL UNIQUE DEFAULT translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_'),
    created_at timestamptz NOT NULL,
    opted_out_at timestamptz,
    opted_out_by text,
    UNIQUE (channel, address),
    CHECK ((opted_out_at IS NULL) = (opted_out_by IS NULL))
);

-- Where in the feed a part of ours goes on reading.
CREATE TABLE waybill.feed_reader (
    name text PRIMARY KEY,
    told_by xid8 NOT NULL,
    told_id uuid NOT NULL
);

-- Something that staff are warned of, from its beginning to its end.
CREATE TABLE waybill.alert (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: concerns the whole installation
    kind text NOT NULL,
    subject text NOT NULL, -- what it is about, in the words of whoever found it; one episode at a time
    says text NOT NULL, -- in one sentence
    order_id uuid REFERENCES waybill.orders,
    trip_id uuid REFERENCES waybill.trip,
    vehicle_id uuid REFERENCES waybill.vehicle,
    began_at timestamptz NOT NULL, -- by the installation's clock, as the others
    raised_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_how text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text, -- of whoever acknowledged it
    CHECK ((ended_at IS NULL) = (ended_how IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE UNIQUE INDEX alert_open ON waybill.alert (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alert_by_time ON waybill.alert (raised_at DESC, id DESC);
CREATE INDEX alert_by_end ON waybill.alert (ended_at);

-- From when on something is worth a warning; no row, or NULL: as it comes with Waybill.
CREATE TABLE waybill.alert_rule (
    premises_id uuid REFERENCES waybill.premises, -- NULL: all that say nothing else
    kind text NOT NULL,
    off boolean NOT NULL,
    threshold double precision, -- in the unit of the kind
    quiet_s integer CHECK (quiet_s >= 0), -- after an end nothing new is said of the same subject for so long
    UNIQUE NULLS NOT DISTINCT (premises_id, kind)
);

-- Who is on duty, and how they are told.
CREATE TABLE waybill.duty (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: all, and what concerns the whole installation
    name text NOT NULL, -- of the person or the desk
    channel text NOT NULL CHECK (channel IN ('email', 'webhook')),
    address text NOT NULL,
    secret text, -- signs what goes to a webhook
    kinds text[], -- NULL: whatever there is
    hours jsonb NOT NULL, -- as premises' hours; {}: always
    tz text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    ended_at timestamptz,
    CHECK ((channel = 'webhook') = (secret IS NOT NULL))
);

CREATE TABLE waybill.message (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: concerns the whole installation
    audience text NOT NULL CHECK (audience IN ('customer', 'staff')),
    kind text NOT NULL,
    once text NOT NULL UNIQUE, -- what it tells whom, of which episode, on which way: never said twice
    order_id uuid REFERENCES waybill.orders,
    trip_id uuid REFERENCES waybill.trip,
    alert_id uuid REFERENCES waybill.alert,
    contact_id uuid REFERENCES waybill.contact,
    duty_id uuid REFERENCES waybill.duty,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'webhook')),
    recipient text NOT NULL,
    sender text, -- the name that it comes from
    language text NOT NULL,
    correction boolean NOT NULL DEFAULT false, -- of something that was told before
    subject text, -- of an e-mail
    body text NOT NULL, -- as it is said, word for word
    facts jsonb NOT NULL DEFAULT '{}', -- times that it names
    at timestamptz NOT NULL, -- when it happened, by the installation's clock
    created_at timestamptz NOT NULL,
    next_at timestamptz, -- NULL: nothing more is tried
    give_up_at timestamptz NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    outcome text CHECK (outcome IN ('delivered', 'dropped', 'given_up')), -- NULL: on its way
    because text, -- why it was dropped or given up
    ended_at timestamptz,
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK ((outcome IS NULL) = (next_at IS NOT NULL))
);
CREATE INDEX message_due ON waybill.message (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX message_by_time ON waybill.message (created_at DESC, id DESC);
CREATE INDEX message_by_order ON waybill.message (order_id, created_at) WHERE order_id IS NOT NULL;
CREATE INDEX message_given_up ON waybill.message (ended_at) WHERE outcome = 'given_up';
CREATE INDEX message_by_alert ON waybill.message (alert_id) WHERE alert_id IS NOT NULL;

CREATE TABLE waybill.message_attempt (
    message_id uuid NOT NULL REFERENCES waybill.message ON DELETE CASCADE,
    at timestamptz NOT NULL,
    status smallint, -- of the mail server or the receiver; NULL: no answer
    said text NOT NULL, -- the beginning of the answer, or why there is none
    took_s real NOT NULL,
    PRIMARY KEY (message_id, at)
);

-- What is asked again and again, of tables that grow for years.
CREATE INDEX orders_failed ON waybill.orders (milestone_at) WHERE milestone = 'failed';
CREATE INDEX webhook_delivery_given_up ON waybill.webhook_delivery (created_at)
    WHERE next_at IS NULL AND delivered_at IS NULL;
CREATE INDEX check_in_emergency ON waybill.check_in (at) WHERE kind = 'emergency' AND acknowledged_at IS NULL;

-- What a later version says of a milestone is told as the milestone itself was.
CREATE FUNCTION waybill.tell_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO waybill.event (id, premises_id, type, at, order_id, trip_id, test, body)
    SELECT c.id, c.premises_id, 'order.corrected', c.at, m.order_id, m.trip_id, o.test,
        jsonb_build_object('order_no', o.order_no, 'source', o.source, 'source_ref', o.source_ref,
            'milestone', m.milestone, 'told_at', m.at, 'withdrawn', c.withdrawn, 'note', c.note)
    FROM written c JOIN waybill.milestone m ON m.id = c.milestone_id JOIN waybill.orders o ON o.id = m.order_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER correction_is_told AFTER INSERT ON waybill.milestone_correction REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_corrections();

CREATE VIEW reading.alert WITH (security_barrier) AS
SELECT a.id, a.premises_id, a.kind, a.subject, a.says, a.order_id, o.order_no, a.trip_id, t.trip_no, a.vehicle_id,
    v.name AS vehicle_name, a.began_at, a.raised_at, a.ended_at, a.ended_how, a.acknowledged_at, a.acknowledged_by, a.note
FROM waybill.alert a
LEFT JOIN waybill.orders o ON o.id = a.order_id
LEFT JOIN waybill.trip t ON t.id = a.trip_id
LEFT JOIN waybill.vehicle v ON v.id = a.vehicle_id
WHERE a.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.message WITH (security_barrier) AS
SELECT m.id, m.premises_id, m.audience, m.kind, m.order_id, m.alert_id, m.channel, m.recipient, m.correction, m.subject,
    m.body, m.at, m.created_at, m.next_at, m.attempts, m.outcome, m.because, m.ended_at
FROM waybill.message m
WHERE m.premises_id = ANY (reading.visible_premises());

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.premises_telling, waybill.contact, waybill.feed_reader, waybill.alert,
    waybill.alert_rule, waybill.duty, waybill.message, waybill.message_attempt TO waybill_gateway;
GRANT SELECT ON reading.alert, reading.message TO waybill_reader, waybill_gateway;
