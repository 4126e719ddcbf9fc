-- When vans will be at their doors: the forecast that counts, what was published, one sample a minute, risks by episode.
-- What is said now of every open drop. It changes when the change matters, so that nobody watches a time jump about.
CREATE TABLE waybill.forecast (
    order_id uuid PRIMARY KEY REFERENCES waybill.orders,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    p50_at timestamptz NOT NULL, -- as likely before as after
    p90_at timestamptz NOT NULL, -- nine in ten come before
    late_risk real NOT NULL CHECK (late_risk BETWEEN 0 AND 1), -- probability that the window is missed
    source text NOT NULL CHECK (source IN ('street', 'distance', 'learned')), -- of the travel times to it
    fixed_at timestamptz, -- of the fix that it begins with; NULL: it begins at the premises
    drops_before smallint NOT NULL, -- open ones
    published_at timestamptz NOT NULL, -- since when this is said
    computed_at timestamptz NOT NULL, -- when it was last found to be still right
    told_p50_at timestamptz NOT NULL -- what order systems were told last
) WITH (fillfactor = 50); -- computed_at changes again and again: room for heap-only updates
CREATE INDEX forecast_by_trip ON waybill.forecast (trip_id);

-- Everything that was ever said.
CREATE TABLE waybill.published_forecast (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    published_at timestamptz NOT NULL,
    p50_at timestamptz NOT NULL,
    p90_at timestamptz NOT NULL,
    late_risk real NOT NULL,
    source text NOT NULL,
    fixed_at timestamptz,
    drops_before smallint NOT NULL,
    cause text NOT NULL CHECK (cause IN ('first', 'plan', 'drops', 'later', 'earlier', 'risk', 'spread'))
);
CREATE INDEX published_forecast_by_order ON waybill.published_forecast (order_id, published_at);

-- What was computed, once per drop and minute, said or not: forecasts are graded by these.
CREATE TABLE waybill.forecast_sample (
    order_id uuid NOT NULL REFERENCES waybill.orders,
    minute_at timestamptz NOT NULL,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    made_at timestamptz NOT NULL,
    raw_at timestamptz NOT NULL, -- before the correction by past errors
    scale_s real NOT NULL, -- what errors are measured in
    p50_at timestamptz NOT NULL,
    p90_at timestamptz NOT NULL,
    late_risk real NOT NULL,
    source text NOT NULL,
    fixed_at timestamptz,
    drops_before smallint NOT NULL,
    PRIMARY KEY (order_id, minute_at)
);
CREATE INDEX forecast_sample_by_time ON waybill.forecast_sample USING brin (minute_at);

-- at_risk: the window will probably be missed; late: it has been, and the van is not there yet. Each once per episode.
CREATE TABLE waybill.risk_episode (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    kind text NOT NULL CHECK (kind IN ('at_risk', 'late')),
    began_at timestamptz NOT NULL,
    late_risk real NOT NULL, -- when it began
    p50_at timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    ended_at timestamptz,
    how text CHECK (how IN ('recovered', 'late', 'arrived', 'over')), -- it ended
    CHECK ((ended_at IS NULL) = (how IS NULL))
);
CREATE UNIQUE INDEX risk_episode_open ON waybill.risk_episode (order_id, kind) WHERE ended_at IS NULL;
CREATE INDEX risk_episode_by_order ON waybill.risk_episode (order_id, began_at);

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
