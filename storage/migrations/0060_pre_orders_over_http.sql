-- Orders as order systems hand them over, their event feed and idempotency.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE waybill.premises ADD COLUMN next_test_no integer NOT NULL DEFAULT 1; -- test orders are counted apart, so that real numbers have no holes

ALTER TABLE waybill.orders
    ADD COLUMN customer_no text,
    ADD COLUMN customer_email text,
    ADD COLUMN customer_language text,
    ADD COLUMN customer_type text CHECK (customer_type IN ('adult', 'patient', 'caregiver')),
    ADD COLUMN channel text,
    ADD COLUMN prepared_by text,
    ADD COLUMN taxes_minor bigint CHECK (taxes_minor >= 0),
    ADD COLUMN fees_minor bigint CHECK (fees_minor >= 0),
    ADD COLUMN discount_minor bigint CHECK (discount_minor >= 0),
    ADD COLUMN due_minor bigint CHECK (due_minor >= 0),
    ADD COLUMN payment text,
    ADD COLUMN test boolean NOT NULL DEFAULT false,
    -- The customer's link: 122 random bits in 22 letters.
    ADD COLUMN tracking_token text NOT NULL DEFAULT translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_'),
    ADD COLUMN search text NOT NULL GENERATED ALWAYS AS (lower(order_no || ' ' || source_ref || ' ' || customer_name || ' '
        || address || ' ' || regexp_replace(coalesce(customer_phone, ''), '[^0-9]', '', 'g'))) STORED;
ALTER TABLE waybill.orders ADD CONSTRAINT orders_tracking_token_key UNIQUE (tracking_token);
ALTER TABLE waybill.orders DROP CONSTRAINT orders_premises_id_source_source_ref_key;
ALTER TABLE waybill.orders ADD CONSTRAINT orders_premises_id_source_source_ref_test_key UNIQUE (premises_id, source, source_ref, test);
CREATE INDEX orders_in_order ON waybill.orders (window_from, id); -- pages of all premises
CREATE INDEX orders_search ON waybill.orders USING gin (search gin_trgm_ops);

ALTER TABLE waybill.order_line ADD COLUMN accepted_quantity numeric CHECK (accepted_quantity BETWEEN 0 AND quantity);
ALTER TABLE waybill.milestone ADD COLUMN partial boolean NOT NULL DEFAULT false;

-- The feed. A reader goes on from a place in it, so rows must never appear behind that place: they are read in the order of
-- the transactions that wrote them, and only up to the oldest one that is still running.
CREATE TABLE waybill.event (
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
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

CREATE OR REPLACE VIEW reading.orders WITH (security_barrier) AS
SELECT o.id, o.premises_id, o.order_no, o.source, o.source_ref, o.customer_name, o.customer_phone, o.address,
    o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.placed_at, o.note, o.currency, o.total_minor, o.milestone,
    o.milestone_at, d.trip_id, t.trip_no, v.name AS vehicle_name, d.seq AS drop_seq, d.planned_arrival_at,
    d.arrived_at, d.left_at, t.planned_departure_at, t.departed_at, t.ended_at
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT td.trip_id, td.seq, td.planned_arrival_at, td.arrived_at, td.left_at
    FROM waybill.trip_drop td JOIN waybill.trip tt ON tt.id = td.trip_id
    WHERE td.order_id = o.id ORDER BY tt.planned_departure_at DESC LIMIT 1
) d ON true
LEFT JOIN waybill.trip t ON t.id = d.trip_id
LEFT JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE o.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE OR REPLACE VIEW reading.order_line WITH (security_barrier) AS
SELECT l.order_id, l.premises_id, l.line_no, l.item, l.category, l.tag, l.quantity, l.unit, l.unit_price_minor
FROM waybill.order_line l
JOIN waybill.orders o ON o.id = l.order_id
WHERE l.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE OR REPLACE VIEW reading.milestone WITH (security_barrier) AS
SELECT m.id, m.premises_id, m.order_id, m.trip_id, m.milestone, m.at, m.known, m.declared_by, m.reason_code, m.note,
    m.evidence, m.recorded_at
FROM waybill.milestone m
JOIN waybill.orders o ON o.id = m.order_id
WHERE m.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.event, waybill.idempotency_key TO waybill_gateway;
