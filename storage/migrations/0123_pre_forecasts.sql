-- Forecasts: when vans will be at their doors, what was published, samples to grade, risks by episode.
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

CREATE VIEW reading.forecast WITH (security_barrier) AS
SELECT f.premises_id, f.order_id, o.order_no, f.trip_id, t.trip_no, v.name AS vehicle_name, o.window_from, o.window_to,
    f.p50_at, f.p90_at, f.late_risk, f.source, f.fixed_at, f.drops_before, f.published_at, f.computed_at
FROM waybill.forecast f
JOIN waybill.orders o ON o.id = f.order_id
JOIN waybill.trip t ON t.id = f.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE f.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE VIEW reading.published_forecast WITH (security_barrier) AS
SELECT f.id, f.premises_id, f.order_id, f.trip_id, f.published_at, f.p50_at, f.p90_at, f.late_risk, f.source,
    f.fixed_at, f.drops_before, f.cause
FROM waybill.published_forecast f
JOIN waybill.orders o ON o.id = f.order_id
WHERE f.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE VIEW reading.risk_episode WITH (security_barrier) AS
SELECT r.id, r.premises_id, r.order_id, o.order_no, r.trip_id, t.trip_no, v.name AS vehicle_name, r.kind, r.began_at,
    r.late_risk, r.p50_at, r.window_to, r.ended_at, r.how
FROM waybill.risk_episode r
JOIN waybill.orders o ON o.id = r.order_id
JOIN waybill.trip t ON t.id = r.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE r.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

-- Samples of drops that the van has come to, with the error: positive when it came later than was said.
CREATE VIEW reading.graded_sample WITH (security_barrier) AS
SELECT s.premises_id, s.order_id, s.trip_id, s.made_at, s.p50_at, s.p90_at, s.late_risk, s.source, s.drops_before,
    d.arrived_at, extract(epoch FROM d.arrived_at - s.made_at)::double precision AS ahead_s,
    extract(epoch FROM d.arrived_at - s.p50_at)::double precision AS error_s, d.arrived_at <= s.p90_at AS p90_held,
    d.arrived_at > o.window_to AS was_late, o.lat_e7, o.lon_e7, p.tz
FROM waybill.forecast_sample s
JOIN waybill.trip_drop d ON d.trip_id = s.trip_id AND d.order_id = s.order_id
JOIN waybill.orders o ON o.id = s.order_id
JOIN waybill.premises p ON p.id = s.premises_id
WHERE d.arrived_at > s.made_at AND s.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.forecast, waybill.published_forecast, waybill.forecast_sample,
    waybill.risk_episode TO waybill_gateway;
GRANT SELECT ON reading.forecast, reading.published_forecast, reading.risk_episode, reading.graded_sample
    TO waybill_reader, waybill_gateway;
