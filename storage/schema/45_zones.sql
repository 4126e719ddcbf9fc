-- Areas that mean something, and places where a stop explains itself. Each from-to: what a day was judged by stays known.
CREATE TABLE waybill.zone (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('premises', 'service_area', 'prohibited', 'state', 'other')),
    -- GeoJSON, degrees with 7 decimals: Point (a circle), LineString (a corridor), Polygon or MultiPolygon with holes
    geometry jsonb NOT NULL CHECK (geometry ->> 'type' IN ('Point', 'LineString', 'Polygon', 'MultiPolygon')),
    radius_m double precision CHECK (radius_m > 0), -- of a circle; of a corridor half its width
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    source text NOT NULL, -- the file it came from, or 'command line'
    created_at timestamptz NOT NULL,
    CHECK ((geometry ->> 'type' IN ('Point', 'LineString')) = (radius_m IS NOT NULL)),
    EXCLUDE USING gist (premises_id WITH =, name WITH =, during WITH &&)
);

CREATE TABLE waybill.place (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('fuel', 'repair', 'rest', 'hub')),
    lat_e7 integer NOT NULL CHECK (lat_e7 BETWEEN -900000000 AND 900000000),
    lon_e7 integer NOT NULL CHECK (lon_e7 BETWEEN -1800000000 AND 1800000000),
    radius_m double precision NOT NULL CHECK (radius_m > 0),
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    created_at timestamptz NOT NULL,
    EXCLUDE USING gist (premises_id WITH =, name WITH =, during WITH &&)
);
