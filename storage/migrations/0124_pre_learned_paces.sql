-- What the fleet's own driving taught, and conditions that slow it down.
-- What a trip's vehicle drove per cell and local hour, and what that takes without traffic; standing at doors and other
-- stops is left out. Forecasts learn from it.
CREATE TABLE waybill.driven_pace (
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    cell_lat integer NOT NULL, -- gateway/eta/paces.py
    cell_lon integer NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    driven_s real NOT NULL,
    straight_s real NOT NULL, -- the same way at the speed that is taken without a map
    street_s real, -- at the map's speeds; NULL: there was no map
    PRIMARY KEY (trip_id, cell_lat, cell_lon, hour)
);

-- Ended trips that were gone through for it, whether they taught anything or not.
CREATE TABLE waybill.taught_trip (
    trip_id uuid PRIMARY KEY REFERENCES waybill.trip,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    ended_at timestamptz NOT NULL,
    fixes integer NOT NULL
);
CREATE INDEX taught_trip_by_time ON waybill.taught_trip (ended_at);

-- Closures and slowdowns that somebody entered, or a feed. Each from-to; what a day was forecast by stays known.
CREATE TABLE waybill.condition (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    kind text NOT NULL CHECK (kind IN ('traffic', 'weather', 'event')),
    says text NOT NULL CHECK (says <> ''), -- what it is, for people
    during tstzrange NOT NULL, -- empty: ended before it began
    speed_share double precision NOT NULL CHECK (speed_share >= 0 AND speed_share < 1), -- what is left; 0: closed
    road text, -- a street by its name on the map
    geometry jsonb CHECK (geometry ->> 'type' IN ('Point', 'Polygon', 'MultiPolygon')), -- GeoJSON
    radius_m double precision CHECK (radius_m > 0),
    source text NOT NULL, -- 'people', or a feed's name
    source_ref text, -- what the feed calls it
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    CHECK ((road IS NULL) <> (geometry IS NULL)),
    CHECK ((geometry IS NOT NULL AND geometry ->> 'type' = 'Point') = (radius_m IS NOT NULL)),
    CHECK ((source = 'people') = (source_ref IS NULL))
);
CREATE INDEX condition_by_time ON waybill.condition USING gist (premises_id, during);

CREATE VIEW reading.condition WITH (security_barrier) AS
SELECT c.id, c.premises_id, c.kind, c.says, lower(c.during) AS from_at, upper(c.during) AS to_at, c.speed_share, c.road,
    c.geometry, c.radius_m, c.source, c.created_at, c.created_by
FROM waybill.condition c
WHERE c.premises_id = ANY (reading.visible_premises()) AND NOT isempty(c.during);

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.driven_pace, waybill.taught_trip, waybill.condition TO waybill_gateway;
GRANT SELECT ON reading.condition TO waybill_reader, waybill_gateway;
