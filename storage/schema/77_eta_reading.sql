-- What the reader sees of forecasts.
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

CREATE VIEW reading.condition WITH (security_barrier) AS
SELECT c.id, c.premises_id, c.kind, c.says, lower(c.during) AS from_at, upper(c.during) AS to_at, c.speed_share, c.road,
    c.geometry, c.radius_m, c.source, c.created_at, c.created_by
FROM waybill.condition c
WHERE c.premises_id = ANY (reading.visible_premises()) AND NOT isempty(c.during);
