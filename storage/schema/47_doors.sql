-- Doors that are known by their address.
-- A door that is known by its address: taught by handoffs, pinned, or found by the address service.
CREATE TABLE waybill.door (
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    address_key text NOT NULL, -- gateway/places/normalise.py
    known text NOT NULL CHECK (known IN ('handoffs', 'pin', 'service')),
    address text NOT NULL, -- as it was written last
    lat_e7 integer NOT NULL CHECK (lat_e7 BETWEEN -900000000 AND 900000000),
    lon_e7 integer NOT NULL CHECK (lon_e7 BETWEEN -1800000000 AND 1800000000),
    quality text NOT NULL,
    n integer NOT NULL CHECK (n > 0), -- handoffs that it is the middle of; else 1
    spread_m double precision, -- how far half of them lie from it
    said_by text,
    note text,
    learned_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (premises_id, address_key, known)
);

-- Where the vehicle stood when an order was handed over.
CREATE TABLE waybill.door_visit (
    order_id uuid PRIMARY KEY REFERENCES waybill.orders,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    address_key text NOT NULL,
    at timestamptz NOT NULL,
    lat_e7 integer NOT NULL,
    lon_e7 integer NOT NULL,
    fixes integer NOT NULL -- that it is the middle of
);
CREATE INDEX door_visit_by_address ON waybill.door_visit (premises_id, address_key, at DESC);
