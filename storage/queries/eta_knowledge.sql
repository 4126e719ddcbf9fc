-- name: trips_to_learn_from
-- Trips that ended a while ago and were not gone through, the newest first: they matter most.
SELECT t.id, t.premises_id, t.vehicle_id, p.tz, t.departed_at, t.ended_at
FROM waybill.trip t JOIN waybill.premises p ON p.id = t.premises_id
WHERE t.ended_at BETWEEN %(since)s AND %(until)s AND t.departed_at < t.ended_at
    AND NOT EXISTS (SELECT 1 FROM waybill.taught_trip l WHERE l.trip_id = t.id)
ORDER BY t.ended_at DESC, t.id
LIMIT %(most)s;

-- name: fixes_of_trip
-- Fixes that count of the vehicle's own unit while it was on the trip.
SELECT f.fixed_at, f.lat_e7, f.lon_e7
FROM waybill.install i
JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
WHERE i.vehicle_id = %(vehicle_id)s AND i.dedicated AND f.fixed_at >= %(departed_at)s AND f.fixed_at <= %(ended_at)s
    AND f.refused_by IS NULL AND f.source = 'dedicated'
ORDER BY f.fixed_at, f.seq;

-- name: pauses_of_trip
-- When the vehicle stood at doors, or elsewhere for another reason than traffic.
SELECT d.arrived_at, coalesce(d.left_at, d.arrived_at) FROM waybill.trip_drop d
WHERE d.trip_id = %(trip_id)s AND d.arrived_at IS NOT NULL
UNION ALL
SELECT s.began_at, coalesce(s.ended_at, s.began_at) FROM waybill.stop s
JOIN waybill.derivation v ON v.id = s.derivation_id AND v.superseded_at IS NULL
WHERE v.trip_id = %(trip_id)s AND s.reason <> 'TRAFFIC'
ORDER BY 1, 2;

-- name: put_driven_paces
-- What a trip taught.
INSERT INTO waybill.driven_pace (trip_id, cell_lat, cell_lon, hour, premises_id, driven_s, straight_s, street_s)
SELECT w.trip_id, w.cell_lat, w.cell_lon, w.hour, w.premises_id, w.driven_s, w.straight_s, w.street_s
FROM json_populate_recordset(NULL::waybill.driven_pace, %(rows)s::json) AS w;

-- name: put_taught_trip
-- A trip that was gone through.
INSERT INTO waybill.taught_trip (trip_id, premises_id, ended_at, fixes)
VALUES (%(trip_id)s, %(premises_id)s, %(ended_at)s, %(fixes)s) ON CONFLICT DO NOTHING;

-- name: learned_paces
-- What all vans drove since then per cell and hour, in their order; streets do not mind whose van it was.
SELECT d.cell_lat, d.cell_lon, d.hour, sum(d.driven_s), sum(d.straight_s),
    coalesce(sum(d.driven_s) FILTER (WHERE d.street_s IS NOT NULL), 0), coalesce(sum(d.street_s), 0)
FROM waybill.driven_pace d JOIN waybill.taught_trip l ON l.trip_id = d.trip_id
WHERE l.ended_at > %(since)s
GROUP BY d.cell_lat, d.cell_lon, d.hour ORDER BY d.cell_lat, d.cell_lon, d.hour;

-- name: door_visits_of_premises
-- How many visits every premises' vans made since then, and how long they took from the window's begin on.
SELECT d.premises_id, count(*), avg(least(%(longest_s)s, extract(epoch FROM d.left_at - greatest(d.arrived_at,
    o.window_from))))::double precision
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.arrived_at > %(since)s AND d.left_at > greatest(d.arrived_at, o.window_from)
GROUP BY d.premises_id;

-- name: door_visits_of_doors
-- The same per door, of doors that open orders go to.
SELECT d.premises_id, o.lat_e7, o.lon_e7, count(*), avg(least(%(longest_s)s, extract(epoch FROM d.left_at - greatest(
    d.arrived_at, o.window_from))))::double precision
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.arrived_at > %(since)s AND d.left_at > greatest(d.arrived_at, o.window_from) AND o.lat_e7 IS NOT NULL
    AND EXISTS (SELECT 1 FROM waybill.orders w WHERE w.premises_id = o.premises_id AND w.lat_e7 = o.lat_e7
        AND w.lon_e7 = o.lon_e7 AND w.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled'))
GROUP BY d.premises_id, o.lat_e7, o.lon_e7;

-- name: forecast_errors
-- Errors of samples since then in units of their scale, of drops that the van came to, at most one per drop and horizon.
SELECT DISTINCT ON (s.order_id, h.horizon) s.premises_id, h.horizon,
    (extract(epoch FROM d.arrived_at - s.raw_at) / s.scale_s)::double precision
FROM waybill.forecast_sample s
JOIN waybill.trip_drop d ON d.trip_id = s.trip_id AND d.order_id = s.order_id
CROSS JOIN LATERAL (SELECT width_bucket(extract(epoch FROM s.raw_at - s.made_at)::double precision,
    %(horizons)s::double precision[]) - 1) AS h (horizon)
WHERE s.minute_at > %(since)s AND d.arrived_at > s.made_at AND s.scale_s > 0
ORDER BY s.order_id, h.horizon, md5(s.order_id::text || s.minute_at::text);

-- name: conditions_at
-- Conditions of premises (NULL: of all) that hold at a time or will, those that began first come first.
SELECT c.id, c.premises_id, p.code, c.kind, c.says, lower(c.during), upper(c.during), c.speed_share, c.road, c.geometry,
    c.radius_m, c.source, c.source_ref, c.created_at, c.created_by
FROM waybill.condition c JOIN waybill.premises p ON p.id = c.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR c.premises_id = ANY (%(premises_ids)s))
    AND (%(id)s::uuid IS NULL OR c.id = %(id)s) AND (%(source)s::text IS NULL OR c.source = %(source)s)
    AND NOT isempty(c.during) AND (upper(c.during) IS NULL OR upper(c.during) > %(at)s OR %(id)s IS NOT NULL)
ORDER BY lower(c.during), c.id;

-- name: put_condition
-- What holds from now on.
INSERT INTO waybill.condition (id, premises_id, kind, says, during, speed_share, road, geometry, radius_m, source,
    source_ref, created_at, created_by)
VALUES (%(id)s, %(premises_id)s, %(kind)s, %(says)s, tstzrange(%(from_at)s, %(to_at)s), %(speed_share)s, %(road)s,
    %(geometry)s, %(radius_m)s, %(source)s, %(source_ref)s, %(created_at)s, %(created_by)s);

-- name: end_condition
-- It holds no more; one that lies ahead never will.
UPDATE waybill.condition SET during = tstzrange(lower(during), greatest(lower(during), %(at)s))
WHERE id = %(id)s AND (upper(during) IS NULL OR upper(during) > %(at)s);

-- name: fixes_under_way
-- Fixes that count of vehicles on trips that have left, taken since then; by trip and time.
SELECT t.id, p.tz, f.fixed_at, f.lat_e7, f.lon_e7
FROM waybill.trip t
JOIN waybill.premises p ON p.id = t.premises_id
JOIN waybill.install i ON i.vehicle_id = t.vehicle_id AND i.dedicated AND upper_inf(i.during)
JOIN waybill.fix f ON f.device_id = i.device_id AND f.fixed_at > greatest(%(since)s, t.departed_at, lower(i.during))
WHERE t.ended_at IS NULL AND t.departed_at > %(left_since)s AND f.refused_by IS NULL AND f.source = 'dedicated'
ORDER BY t.id, f.fixed_at, f.seq;

-- name: pauses_under_way
-- When vehicles on trips that have left stood at doors, or elsewhere for another reason than traffic.
SELECT d.trip_id, d.arrived_at, coalesce(d.left_at, %(now)s) FROM waybill.trip_drop d
JOIN waybill.trip t ON t.id = d.trip_id
WHERE t.ended_at IS NULL AND t.departed_at > %(left_since)s AND d.arrived_at IS NOT NULL
UNION ALL
SELECT v.trip_id, s.began_at, coalesce(s.ended_at, %(now)s) FROM waybill.stop s
JOIN waybill.derivation v ON v.id = s.derivation_id AND v.superseded_at IS NULL
JOIN waybill.trip t ON t.id = v.trip_id
WHERE t.ended_at IS NULL AND t.departed_at > %(left_since)s AND s.reason <> 'TRAFFIC'
ORDER BY 1, 2, 3;
