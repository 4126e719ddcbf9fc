-- name: forecast_grades
-- How good forecasts were since then: by time ahead (seconds), local hour, or area (a cell of the city).
SELECT CASE %(by)s
        WHEN 'hour' THEN extract(hour FROM g.made_at AT TIME ZONE g.tz)::text
        WHEN 'area' THEN floor(g.lat_e7 / 50000.0)::integer * 0.005 || ', ' || floor(g.lon_e7 / 100000.0)::integer * 0.01
        ELSE width_bucket(g.ahead_s, %(horizons)s::double precision[])::text END AS part,
    count(DISTINCT g.order_id), count(*), avg(abs(g.error_s)), avg(g.error_s),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(g.error_s)), avg(g.p90_held::integer)::double precision,
    avg(g.late_risk)::double precision, avg(g.was_late::integer)::double precision
FROM reading.graded_sample g
WHERE g.made_at >= %(since)s AND (%(by)s <> 'area' OR g.lat_e7 IS NOT NULL)
GROUP BY part ORDER BY count(*) DESC, part;

-- name: stands_of_trip
-- The doors of a trip: what was first planned of each, and what came of it.
SELECT d.seq, d.order_id, o.order_no, o.window_to, coalesce((SELECT (p ->> 'planned_arrival_at')::timestamptz
        FROM waybill.trip_change c CROSS JOIN jsonb_array_elements(c.after -> 'drops') p
        WHERE c.trip_id = d.trip_id AND (p ->> 'order_id')::uuid = d.order_id ORDER BY c.plan_version LIMIT 1),
    d.planned_arrival_at),
    (SELECT max(m.at) FROM waybill.milestone m WHERE m.order_id = d.order_id AND m.milestone = 'ready'),
    d.arrived_at, d.left_at,
    (SELECT min(m.at) FROM waybill.milestone m WHERE m.order_id = d.order_id AND m.milestone IN ('delivered', 'failed')
        AND m.known = 'declared' AND m.at >= d.arrived_at)
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = %(trip_id)s ORDER BY d.seq;

-- name: unplanned_stops_of_trip
-- When the vehicle stood elsewhere than at a door or its premises, for another reason than traffic.
SELECT s.began_at, coalesce(s.ended_at, s.began_at)
FROM waybill.stop s JOIN waybill.derivation v ON v.id = s.derivation_id AND v.superseded_at IS NULL
WHERE v.trip_id = %(trip_id)s
    AND s.reason NOT IN ('DELIVERY', 'DELIVERY_ATTEMPT', 'TRAFFIC', 'DEPART_PREMISES', 'RETURN_PREMISES')
ORDER BY s.began_at;
