-- What order systems are told, and what they asked before.
-- The feed. A reader goes on from a place in it, so rows must never appear behind that place: they are read in the order of
-- the transactions that wrote them, and only up to the oldest one that is still running.
-- A transaction's number counts only within its server: whoever restores a set adds to the offset, so that the places go
-- on beyond all that were ever given, to order systems too. No row: nothing was ever restored.
CREATE TABLE waybill.feed_offset (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    places bigint NOT NULL CHECK (places > 0)
);

CREATE FUNCTION waybill.feed_place(transaction_id xid8) RETURNS xid8 STABLE LANGUAGE sql AS $$
    SELECT (transaction_id::text::bigint + coalesce((SELECT o.places FROM waybill.feed_offset o), 0))::text::xid8
$$;

CREATE TABLE waybill.event (
    written_by xid8 NOT NULL DEFAULT waybill.feed_place(pg_current_xact_id()),
    id uuid NOT NULL,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    type text NOT NULL, -- order.delivered, order.changed, …
    at timestamptz NOT NULL,
    order_id uuid REFERENCES waybill.orders,
    trip_id uuid REFERENCES waybill.trip,
    test boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (written_by, id)
);

-- A trigger, and not a statement beside each INSERT: people, drivers, the gateway's detection and corrections all write
-- milestones, and none may forget to tell.
CREATE FUNCTION waybill.tell_milestones() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO waybill.event (id, premises_id, type, at, order_id, trip_id, test, body)
    SELECT m.id, m.premises_id, 'order.' || m.milestone, m.at, m.order_id, m.trip_id, o.test,
        jsonb_strip_nulls(jsonb_build_object('order_no', o.order_no, 'source', o.source, 'source_ref', o.source_ref,
            'milestone', m.milestone, 'known', m.known, 'reason_code', m.reason_code,
            'partial', nullif(m.partial, false)))
    FROM written m JOIN waybill.orders o ON o.id = m.order_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER milestone_is_told AFTER INSERT ON waybill.milestone REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_milestones();

-- A request that was sent again because its answer got lost must not be done twice.
CREATE TABLE waybill.idempotency_key (
    caller text NOT NULL, -- whose key: what proved who they are, as a digest
    key text NOT NULL,
    request_digest bytea NOT NULL,
    created_at timestamptz NOT NULL, -- true time
    status smallint, -- of the answer; NULL only within the transaction of the request
    body bytea,
    headers jsonb,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_key_by_time ON waybill.idempotency_key (created_at);
