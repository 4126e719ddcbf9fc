-- Where an order's address is: how the point is known, what is wrong with it, and what earlier orders taught.
ALTER TABLE waybill.orders
    ADD COLUMN given_lat_e7 integer, -- as its system said; lat_e7 and lon_e7 are what counts
    ADD COLUMN given_lon_e7 integer,
    ADD COLUMN place_source text CHECK (place_source IN ('order', 'handoffs', 'pin', 'index', 'service')),
    ADD COLUMN place_quality text CHECK (place_quality IN ('door', 'given', 'house', 'near')),
    ADD COLUMN place_problem text, -- why there is none, or what speaks against it
    ADD COLUMN place_note text,
    ADD COLUMN place_ask_at timestamptz, -- true time: when the address service is asked (again)
    ADD COLUMN place_tries smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT orders_place_is_whole CHECK ((lat_e7 IS NULL) = (lon_e7 IS NULL)
        AND (given_lat_e7 IS NULL) = (given_lon_e7 IS NULL));
UPDATE waybill.orders SET given_lat_e7 = lat_e7, given_lon_e7 = lon_e7, place_source = 'order', place_quality = 'given'
WHERE lat_e7 IS NOT NULL;
CREATE INDEX orders_waiting_for_place ON waybill.orders (window_from, id) WHERE lat_e7 IS NULL OR place_problem IS NOT NULL;
CREATE INDEX orders_to_ask_for ON waybill.orders (place_ask_at) WHERE place_ask_at IS NOT NULL;

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

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.door, waybill.door_visit TO waybill_gateway;
