-- name: read_route_events
-- What the versions that count show of a vehicle from-to, in order of time. The reader's.
SELECT e.kind, e.id, t.trip_no, e.began_at, e.ended_at, e.lat_e7, e.lon_e7, e.what, e.why
FROM (
    SELECT 'stop' AS kind, s.id, s.trip_id, s.vehicle_id, s.began_at, s.ended_at, s.lat_e7, s.lon_e7, s.reason AS what,
        concat_ws(', ', (SELECT 'order ' || o.order_no FROM reading.orders o WHERE o.id = s.order_id), s.note,
            'given by ' || s.given_by) AS why
    FROM reading.stop s WHERE s.counts
    UNION ALL
    SELECT 'gap', g.id, g.trip_id, g.vehicle_id, g.began_at, g.ended_at, NULL, NULL, g.cause, g.why
    FROM reading.gap g WHERE g.counts
    UNION ALL
    SELECT 'zone', z.id, z.trip_id, z.vehicle_id, z.entered_at, z.left_at, NULL, NULL, z.zone_name, z.zone_kind
    FROM reading.zone_visit z WHERE z.counts
    UNION ALL
    SELECT 'deviation', d.id, d.trip_id, d.vehicle_id, d.began_at, d.ended_at, (d.worst ->> 'lat_e7')::integer,
        (d.worst ->> 'lon_e7')::integer, round(d.worst_m)::text || ' m off', ''
    FROM reading.deviation d WHERE d.counts
) e
JOIN reading.trip t ON t.id = e.trip_id
WHERE e.vehicle_id = %(vehicle_id)s AND e.began_at < %(to_at)s AND coalesce(e.ended_at, 'infinity') >= %(from_at)s
ORDER BY e.began_at, e.kind, e.id;

-- name: read_who_was_near
-- Which vehicles had a fix in a box from-to, with the first, the last and the nearest of them. The reader's.
SELECT v.name, t.trip_no, t.crew, n.first_at, n.last_at, n.fixes, n.nearest_m, n.nearest_at
FROM (
    SELECT f.vehicle_id, min(f.fixed_at) AS first_at, max(f.fixed_at) AS last_at, count(*) AS fixes,
        min(f.away_m) AS nearest_m, (array_agg(f.fixed_at ORDER BY f.away_m, f.fixed_at))[1] AS nearest_at
    FROM (
        -- The place's own parallel for a plane: within 1 km off by less than 10 cm up to 70 degrees of latitude.
        SELECT vehicle_id, fixed_at, %(m_per_e7)s * sqrt(power(lat_e7 - %(lat_e7)s::double precision, 2)
            + power((lon_e7 - %(lon_e7)s::double precision) * cos(radians(%(lat_e7)s / 1e7)), 2)) AS away_m
        FROM reading.vehicle_fix
        WHERE fixed_at >= %(from_at)s AND fixed_at < %(to_at)s AND refused_by IS NULL
            AND lat_e7 BETWEEN %(south_e7)s AND %(north_e7)s AND lon_e7 BETWEEN %(west_e7)s AND %(east_e7)s
    ) f
    WHERE f.away_m <= %(radius_m)s
    GROUP BY f.vehicle_id
) n
JOIN reading.vehicle v ON v.id = n.vehicle_id
LEFT JOIN LATERAL (
    SELECT t.trip_no, t.crew FROM reading.trip t
    WHERE t.vehicle_id = n.vehicle_id AND t.departed_at <= n.nearest_at AND coalesce(t.ended_at, 'infinity') >= n.nearest_at
    ORDER BY t.departed_at DESC LIMIT 1
) t ON true
ORDER BY n.nearest_m, v.name;
