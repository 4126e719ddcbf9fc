-- name: server_versions
-- What the database is: PostgreSQL, TimescaleDB and its licence (apache or timescale).
SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
    current_setting('timescaledb.license', true);

-- name: device_health
-- Per device: newest counting fix, newest receipt, what it announced, backlog.
SELECT d.name, v.name, l.fixed_at, l.received_at, p.name, p.through, p.changed_at, st.state, st.received_at,
    (st.body ->> 'backlog')::bigint
FROM waybill.device d
LEFT JOIN waybill.install i ON i.device_id = d.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.vehicle v ON v.id = i.vehicle_id
LEFT JOIN waybill.last_fix l ON l.device_id = d.id
LEFT JOIN waybill.device_status st ON st.device_id = d.id
LEFT JOIN LATERAL (
    SELECT s.name, dp.changed_at, CASE WHEN dp.seqs @> 1::bigint THEN (
        SELECT upper(r) - 1 FROM unnest(dp.seqs) AS r WHERE r @> 1::bigint) ELSE 0 END AS through
    FROM waybill.device_progress dp JOIN waybill.spool s ON s.id = dp.spool_id
    WHERE dp.device_id = d.id ORDER BY dp.changed_at DESC LIMIT 1
) p ON true
ORDER BY substring(d.name FROM '^\D*'), substring(d.name FROM '\d+')::numeric, d.name;

-- name: database_figures
-- The database's size and clock, the days of fixes it holds, and how many devices tracking gave up on.
SELECT pg_database_size(current_database()), c.oldest, c.days, c.compressed,
    (SELECT count(*) FROM waybill.tracking_state WHERE failed IS NOT NULL), waybill.true_time()
FROM (SELECT min(range_start) AS oldest, count(*) AS days, count(*) FILTER (WHERE is_compressed) AS compressed
    FROM timescaledb_information.chunks WHERE hypertable_schema = 'waybill' AND hypertable_name = 'fix') c;

-- name: devices_from_future
-- Device names with fixes that were rejected since then as from the future: one is a bad unit, most are our own clock.
SELECT count(DISTINCT device_name) FROM waybill.reject
WHERE reason = 'time_in_future' AND received_at >= %(since)s;

-- name: fix_counts
-- Fixes taken from-to: those that count, those refused by rule.
SELECT refused_by, count(*) FROM waybill.fix
WHERE fixed_at >= %(from_at)s AND fixed_at < %(to_at)s
GROUP BY refused_by ORDER BY refused_by NULLS FIRST;

-- name: reject_counts
-- Rejects received from-to by reason.
SELECT reason, count(*) FROM waybill.reject
WHERE received_at >= %(from_at)s AND received_at < %(to_at)s
GROUP BY reason ORDER BY reason;

-- name: zones
-- Time zones of the premises, for what "today" is.
SELECT DISTINCT tz FROM waybill.premises ORDER BY tz;

-- name: holds_real_fixes
-- Whether a device's newest counting fix was neither simulated nor played from a capture.
SELECT EXISTS (SELECT 1 FROM waybill.last_fix WHERE quality IS DISTINCT FROM 'simulated' AND NOT replayed);
