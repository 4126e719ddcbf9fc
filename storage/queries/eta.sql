-- name: trips_to_forecast
-- Open trips that are under way or leave soon, with their vehicle's newest fix that counts; by vehicle and departure.
SELECT t.id, t.premises_id, t.vehicle_id, t.trip_no, t.planned_departure_at, t.departed_at, p.lat_e7, p.lon_e7,
    p.tz, f.fixed_at, f.lat_e7, f.lon_e7, f.speed_mps, f.course_deg
FROM waybill.trip t
JOIN waybill.premises p ON p.id = t.premises_id
LEFT JOIN waybill.install i ON i.vehicle_id = t.vehicle_id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
WHERE t.ended_at IS NULL AND coalesce(t.departed_at, t.planned_departure_at) > %(since)s
    AND (t.departed_at IS NOT NULL OR t.planned_departure_at < %(until)s)
ORDER BY t.vehicle_id, t.departed_at IS NULL, t.planned_departure_at, t.id;

-- name: drops_to_forecast
-- The drops of these trips in sequence, each with its order.
SELECT d.trip_id, d.order_id, d.seq, o.order_no, o.source, o.source_ref, o.lat_e7, o.lon_e7, o.window_from,
    o.window_to, o.milestone, d.arrived_at, d.left_at
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = ANY (%(trip_ids)s) AND NOT o.test
ORDER BY d.trip_id, d.seq;

-- name: forecasts
-- What is said now: of these orders (NULL: of all).
SELECT f.order_id, f.premises_id, f.trip_id, f.p50_at, f.p90_at, f.late_risk, f.source, f.fixed_at, f.drops_before,
    f.published_at, f.computed_at, f.told_p50_at
FROM waybill.forecast f
WHERE %(order_ids)s::uuid[] IS NULL OR f.order_id = ANY (%(order_ids)s);

-- name: published_forecasts
-- Everything that was said of an order, oldest first.
SELECT f.published_at, f.trip_id, f.p50_at, f.p90_at, f.late_risk, f.source, f.fixed_at, f.drops_before, f.cause
FROM waybill.published_forecast f
WHERE f.order_id = %(order_id)s ORDER BY f.published_at, f.id;

-- name: put_forecasts
-- What is said of these orders from now on.
INSERT INTO waybill.forecast AS f (order_id, premises_id, trip_id, p50_at, p90_at, late_risk, source, fixed_at,
    drops_before, published_at, computed_at, told_p50_at)
SELECT w.order_id, w.premises_id, w.trip_id, w.p50_at, w.p90_at, w.late_risk, w.source, w.fixed_at, w.drops_before,
    w.published_at, w.computed_at, w.told_p50_at
FROM json_populate_recordset(NULL::waybill.forecast, %(rows)s::json) AS w
ON CONFLICT (order_id) DO UPDATE SET premises_id = excluded.premises_id, trip_id = excluded.trip_id,
    p50_at = excluded.p50_at, p90_at = excluded.p90_at, late_risk = excluded.late_risk, source = excluded.source,
    fixed_at = excluded.fixed_at, drops_before = excluded.drops_before, published_at = excluded.published_at,
    computed_at = excluded.computed_at, told_p50_at = excluded.told_p50_at;

-- name: put_published_forecasts
-- What was just said, for good.
INSERT INTO waybill.published_forecast (id, premises_id, order_id, trip_id, published_at, p50_at, p90_at, late_risk,
    source, fixed_at, drops_before, cause)
SELECT w.id, w.premises_id, w.order_id, w.trip_id, w.published_at, w.p50_at, w.p90_at, w.late_risk, w.source,
    w.fixed_at, w.drops_before, w.cause
FROM json_populate_recordset(NULL::waybill.published_forecast, %(rows)s::json) AS w;

-- name: put_forecast_samples
-- One sample per drop and minute: the first one of the minute.
INSERT INTO waybill.forecast_sample (order_id, minute_at, premises_id, trip_id, made_at, raw_at, scale_s, p50_at,
    p90_at, late_risk, source, fixed_at, drops_before)
SELECT w.order_id, w.minute_at, w.premises_id, w.trip_id, w.made_at, w.raw_at, w.scale_s, w.p50_at, w.p90_at,
    w.late_risk, w.source, w.fixed_at, w.drops_before
FROM json_populate_recordset(NULL::waybill.forecast_sample, %(rows)s::json) AS w
ON CONFLICT DO NOTHING;

-- name: withdraw_forecasts
-- Orders of which nothing is to be said any more.
DELETE FROM waybill.forecast WHERE order_id = ANY (%(order_ids)s);

-- name: forget_forecast_samples
-- Samples that are too old to grade or to learn from.
DELETE FROM waybill.forecast_sample WHERE minute_at < %(before)s;

-- name: open_episodes
-- Risks that have not ended, of orders whose premises may be seen (NULL: all), those that began first come first.
SELECT r.id, r.premises_id, r.order_id, o.order_no, o.source, o.source_ref, r.trip_id, r.kind, r.began_at, r.late_risk,
    r.p50_at, r.window_to, o.milestone, d.arrived_at
FROM waybill.risk_episode r
JOIN waybill.orders o ON o.id = r.order_id
LEFT JOIN waybill.trip_drop d ON d.trip_id = r.trip_id AND d.order_id = r.order_id
WHERE r.ended_at IS NULL AND (%(premises_ids)s::uuid[] IS NULL OR r.premises_id = ANY (%(premises_ids)s))
ORDER BY r.began_at, r.id;

-- name: begin_episodes
-- Risks that begin; one that is open already stays as it is.
INSERT INTO waybill.risk_episode (id, premises_id, order_id, trip_id, kind, began_at, late_risk, p50_at, window_to)
SELECT w.id, w.premises_id, w.order_id, w.trip_id, w.kind, w.began_at, w.late_risk, w.p50_at, w.window_to
FROM json_populate_recordset(NULL::waybill.risk_episode, %(rows)s::json) AS w
ON CONFLICT DO NOTHING;

-- name: end_episodes
-- How risks ended, and when.
UPDATE waybill.risk_episode r SET ended_at = w.ended_at, how = w.how
FROM json_populate_recordset(NULL::waybill.risk_episode, %(rows)s::json) AS w
WHERE r.id = w.id AND r.ended_at IS NULL;

-- name: give_way
-- Whoever holds a row that is wanted here is let through: this transaction gives up before the server looks for a
-- deadlock (after 1 s) and might end the other one.
SET LOCAL lock_timeout = '300ms';
