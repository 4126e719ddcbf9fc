-- name: spools_of_devices
-- Ids of the spools that exist, by (device, name) pairs.
SELECT s.device_id, s.name, s.id
FROM unnest(%(device_ids)s::integer[], %(names)s::text[]) AS w (device_id, name)
JOIN waybill.spool s USING (device_id, name);

-- name: make_spools
-- Makes spools that do not exist, but for names that are another device's; those in `shared` every device may have.
WITH wanted AS (
    SELECT device_id, name FROM unnest(%(device_ids)s::integer[], %(names)s::text[]) AS w (device_id, name)
)
INSERT INTO waybill.spool (device_id, name)
SELECT w.device_id, w.name FROM wanted w
WHERE w.name = ANY (%(shared)s::text[]) OR (
    NOT EXISTS (SELECT FROM waybill.spool s WHERE s.name = w.name AND s.device_id <> w.device_id)
    AND NOT EXISTS (SELECT FROM wanted o WHERE o.name = w.name AND o.device_id < w.device_id))
ON CONFLICT (device_id, name) DO NOTHING
RETURNING device_id, name, id;

-- name: open_savepoint
-- Where a COPY that meets a repeated key goes back to; the commit closes it.
SAVEPOINT before_fixes;

-- name: back_to_savepoint
-- Undoes the COPY that met a repeated key, and no more.
ROLLBACK TO before_fixes;

-- name: copy_fixes
-- Binary COPY straight into the hypertable; a key that is stored already makes it fail as a whole.
COPY waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, altitude_m, speed_mps, course_deg,
    hdop, accuracy_m, boot_id, satellites, ignition, replayed, quality, source, refused_by)
FROM STDIN (FORMAT binary);

-- name: make_staging
-- Where a batch with repeated keys is laid out first; gone at commit.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_fix (LIKE waybill.fix, row_no integer) ON COMMIT DELETE ROWS;

-- name: copy_staging
-- The same columns into the staging table, with the row's place in the batch.
COPY staged_fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, altitude_m, speed_mps, course_deg,
    hdop, accuracy_m, boot_id, satellites, ignition, replayed, quality, source, refused_by, row_no)
FROM STDIN (FORMAT binary);

-- name: insert_staged
-- The first of each key that is not stored yet; the places of the rows that were stored.
WITH stored AS (
    INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, altitude_m, speed_mps,
        course_deg, hdop, accuracy_m, boot_id, satellites, ignition, replayed, quality, source, refused_by)
    SELECT DISTINCT ON (device_id, fixed_at, seq) fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7,
        altitude_m, speed_mps, course_deg, hdop, accuracy_m, boot_id, satellites, ignition, replayed, quality, source,
        refused_by
    FROM staged_fix ORDER BY device_id, fixed_at, seq, row_no
    ON CONFLICT (device_id, fixed_at, seq) DO NOTHING
    RETURNING device_id, fixed_at, seq
)
SELECT DISTINCT ON (s.device_id, s.fixed_at, s.seq) s.row_no
FROM staged_fix s JOIN stored USING (device_id, fixed_at, seq)
ORDER BY s.device_id, s.fixed_at, s.seq, s.row_no;

-- name: conflicting_staged
-- Which staged rows, at the places given, contradict what is stored; what we added (received_at, refused_by) may differ.
SELECT s.row_no
FROM staged_fix s
-- LIMIT keeps it a search of the key for each row; estimates of a table that nobody analysed make worse of it
JOIN LATERAL (
    SELECT f.spool_id, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.boot_id,
        f.satellites, f.ignition, f.replayed, f.quality, f.source
    FROM waybill.fix f
    WHERE f.device_id = s.device_id AND f.fixed_at = s.fixed_at AND f.seq = s.seq
        AND f.fixed_at BETWEEN %(from_at)s AND %(to_at)s -- a join alone excludes no chunk
    LIMIT 1
) f ON true
WHERE s.row_no = ANY (%(places)s::integer[])
    AND (s.spool_id, s.lat_e7, s.lon_e7, s.altitude_m, s.speed_mps, s.course_deg, s.hdop, s.accuracy_m, s.boot_id,
         s.satellites, s.ignition, s.replayed, s.quality, s.source)
    IS DISTINCT FROM
        (f.spool_id, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.boot_id,
         f.satellites, f.ignition, f.replayed, f.quality, f.source);

-- name: clear_staging
-- Empties the staging table within the transaction.
DELETE FROM staged_fix;

-- name: put_outcome
-- What a batch leaves of every device; gives the numbers that are stored now of each spool in it.
WITH last_fixes AS (
    INSERT INTO waybill.last_fix AS l (device_id, fixed_at, received_at, seq, lat_e7, lon_e7, speed_mps, course_deg,
        satellites, quality, replayed)
    SELECT w.device_id, w.fixed_at, w.received_at, w.seq, w.lat_e7, w.lon_e7, w.speed_mps, w.course_deg,
        w.satellites, w.quality, w.replayed
    FROM json_to_recordset(%(newest)s::json) AS w (device_id integer, fixed_at timestamptz, received_at timestamptz,
        seq bigint, lat_e7 integer, lon_e7 integer, speed_mps real, course_deg real, satellites smallint, quality text,
        replayed boolean)
    ON CONFLICT (device_id) DO UPDATE SET fixed_at = excluded.fixed_at, received_at = excluded.received_at,
        seq = excluded.seq, lat_e7 = excluded.lat_e7, lon_e7 = excluded.lon_e7, speed_mps = excluded.speed_mps,
        course_deg = excluded.course_deg, satellites = excluded.satellites, quality = excluded.quality,
        replayed = excluded.replayed
    WHERE l.fixed_at < excluded.fixed_at -- an older one changes nothing
), states AS (
    INSERT INTO waybill.tracking_state AS t (device_id, state, watermark, failed)
    SELECT w.device_id, w.state::json, w.watermark, w.failed
    FROM unnest(%(device_ids)b::integer[], %(states)b::text[], %(watermarks)b::timestamptz[], %(failed)b::text[])
        AS w (device_id, state, watermark, failed)
    ON CONFLICT (device_id) DO UPDATE SET state = excluded.state, watermark = excluded.watermark,
        failed = coalesce(t.failed, excluded.failed) -- a mark stays until what step missed is derived
)
INSERT INTO waybill.device_progress AS p (spool_id, device_id, seqs, changed_at)
SELECT n.spool_id, n.device_id, n.seqs::int8multirange, %(now)s
FROM json_to_recordset(%(progress)s::json) AS n (spool_id integer, device_id integer, seqs text)
ON CONFLICT (spool_id) DO UPDATE SET seqs = p.seqs + excluded.seqs, changed_at = excluded.changed_at
RETURNING p.spool_id, p.seqs::text;

-- name: put_reject
-- One message, or entry of one, that became no fix.
INSERT INTO waybill.reject (received_at, device_name, topic, reason, detail, field, value, spool, seq, raw)
VALUES (%(received_at)s, %(device_name)s, %(topic)s, %(reason)s, %(detail)s, %(field)s, %(value)s, %(spool)s, %(seq)s,
    %(raw)s);

-- name: put_status
-- What a device announced about itself; the newest word wins.
INSERT INTO waybill.device_status AS d (device_id, received_at, state, body)
VALUES (%(device_id)s, %(received_at)s, %(state)s, %(body)s)
ON CONFLICT (device_id) DO UPDATE SET received_at = excluded.received_at, state = excluded.state,
    body = CASE WHEN excluded.state = 'offline' THEN d.body || excluded.body ELSE excluded.body END;

-- name: lock_gateway
-- Session lock that keeps a second gateway with the same client id out.
SELECT pg_try_advisory_lock(hashtext('waybill.gateway'), hashtext(%(client_id)s));

-- name: progress_of_devices
-- Everything stored so far, for receipts after a start; a device of which nothing is stored has no spool.
SELECT d.name, s.name, p.seqs::text
FROM waybill.device d
LEFT JOIN (waybill.device_progress p JOIN waybill.spool s ON s.id = p.spool_id) ON p.device_id = d.id
ORDER BY p.changed_at DESC NULLS LAST;
