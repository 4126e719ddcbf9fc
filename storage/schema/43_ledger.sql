-- What is aboard of a trip, as movements, and bags in the wrong van.
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
