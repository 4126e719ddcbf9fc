-- Jurisdiction profiles by version, what is aboard of a trip as movements, and bags in the wrong van.
-- Settings with their evidence; a version never changes, so insert-only.
CREATE TABLE waybill.profile_version (
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    version integer NOT NULL CHECK (version > 0),
    settings jsonb NOT NULL, -- name -> {value, on, mark, source, note}
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (name, version)
);

ALTER TABLE waybill.premises ADD COLUMN profile text; -- NULL: plain

ALTER TABLE waybill.trip
    ADD COLUMN profile text, -- pinned when it is planned
    ADD COLUMN profile_version integer,
    ADD COLUMN ledger_no text, -- of the track-and-trace system
    ADD COLUMN checklist text[] NOT NULL DEFAULT '{}', -- what was ticked
    ADD FOREIGN KEY (profile, profile_version) REFERENCES waybill.profile_version (name, version);

-- What comes into a vehicle and leaves it, by order and line; insert-only. What is aboard is the sum.
CREATE TABLE waybill.ledger_movement (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    line_no smallint, -- NULL: the order lists no goods
    kind text NOT NULL CHECK (kind IN ('load', 'restock', 'deliver', 'return', 'transfer', 'loss')),
    item text NOT NULL,
    tag text,
    quantity numeric NOT NULL CHECK (quantity <> 0), -- negative: it leaves the vehicle
    unit text NOT NULL,
    unit_price_minor bigint,
    currency text,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL, -- true time
    actor_kind text NOT NULL,
    actor text NOT NULL,
    note text,
    CHECK (kind = 'transfer' OR (quantity > 0) = (kind IN ('load', 'restock')))
);
CREATE INDEX ledger_movement_by_trip ON waybill.ledger_movement (trip_id, at);
CREATE INDEX ledger_movement_by_order ON waybill.ledger_movement (order_id);

-- Every movement with what is aboard after it.
CREATE VIEW waybill.ledger AS
SELECT m.*, sum(m.quantity) OVER line AS balance, sum(m.quantity * m.unit_price_minor) OVER trip AS value_aboard_minor
FROM waybill.ledger_movement m
WINDOW trip AS (PARTITION BY m.trip_id ORDER BY m.at, m.recorded_at, m.id),
    line AS (PARTITION BY m.trip_id, m.order_id, m.line_no ORDER BY m.at, m.recorded_at, m.id);

-- A bag that was scanned into a vehicle where it does not belong, until it is out again.
CREATE TABLE waybill.wrong_bag (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    at timestamptz NOT NULL,
    cleared_at timestamptz
);
CREATE UNIQUE INDEX wrong_bag_in_vehicle ON waybill.wrong_bag (trip_id, order_id) WHERE cleared_at IS NULL;

GRANT SELECT, INSERT ON waybill.profile_version, waybill.ledger_movement TO waybill_gateway;
GRANT SELECT ON waybill.ledger TO waybill_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.wrong_bag TO waybill_gateway;
