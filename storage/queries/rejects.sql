-- name: kept
-- Rejects and refused fixes, newest first; a filter that is NULL lets everything through. A reject has the time at
-- which it came, a refused fix its own.
SELECT k.place, k.ref, k.at, k.device, k.reason, k.field, k.value, k.detail, k.replayed
FROM (
    SELECT 'reject' AS place, r.id::text AS ref, lpad(r.id::text, 19, '0') AS tie, r.received_at AS at, r.device_name AS device, r.reason, r.field,
        r.value, r.detail, EXISTS (SELECT FROM waybill.replayed_reject x WHERE x.reject_id = r.id) AS replayed
    FROM waybill.reject r
    WHERE (%(reason)s::text IS NULL OR r.reason = %(reason)s)
        AND (%(device)s::text IS NULL OR r.device_name = left(%(device)s, 64))
        AND r.received_at >= %(from_at)s AND r.received_at < %(to_at)s
        AND coalesce(%(place)s, 'reject') = 'reject'
    UNION ALL
    SELECT 'fix', n.ref, n.ref, f.fixed_at, d.name, f.refused_by, NULL, NULL,
        format('at %%s,%%s', f.lat_e7 / 1e7::float8, f.lon_e7 / 1e7::float8), false
    FROM waybill.fix f JOIN waybill.device d ON d.id = f.device_id
    CROSS JOIN LATERAL (SELECT d.name || '/' || to_char(f.fixed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        || '/' || f.seq) n (ref)
    WHERE f.refused_by IS NOT NULL AND (%(reason)s::text IS NULL OR f.refused_by = %(reason)s)
        AND (%(device)s::text IS NULL OR d.name = %(device)s)
        AND f.fixed_at >= %(from_at)s AND f.fixed_at < %(to_at)s
        AND coalesce(%(place)s, 'fix') = 'fix'
) k
WHERE %(before_ref)s::text IS NULL OR (k.at, k.tie) < (%(before_at)s::timestamptz, %(before_ref)s)
ORDER BY k.at DESC, k.tie DESC LIMIT %(limit)s;

-- name: when_rejected
-- When the reject came.
SELECT received_at FROM waybill.reject WHERE id = %(id)s;

-- name: rejects_in_full
-- Rejects with their bytes, by id.
SELECT r.id, r.received_at, r.device_name, r.topic, r.reason, r.field, r.value, r.detail, r.spool, r.seq, r.raw,
    (SELECT x.replayed_at FROM waybill.replayed_reject x WHERE x.reject_id = r.id)
FROM waybill.reject r WHERE r.id = ANY (%(ids)s::bigint[])
ORDER BY r.id;

-- name: rejects_to_replay
-- Ids of rejects that were not put in again yet, oldest first.
SELECT r.id FROM waybill.reject r
WHERE (%(reason)s::text IS NULL OR r.reason = %(reason)s)
    AND (%(device)s::text IS NULL OR r.device_name = left(%(device)s, 64))
    AND NOT EXISTS (SELECT FROM waybill.replayed_reject x WHERE x.reject_id = r.id)
ORDER BY r.id LIMIT %(limit)s;

-- name: mark_replayed
-- These are put in again now; the ids that were not before.
INSERT INTO waybill.replayed_reject (reject_id, replayed_at)
SELECT id, %(at)s FROM unnest(%(ids)s::bigint[]) AS w (id)
ON CONFLICT (reject_id) DO NOTHING
RETURNING reject_id;

-- name: refused_fix
-- One refused fix with everything that is stored of it, as JSON.
SELECT f.refused_by, f.fixed_at, f.received_at, jsonb_strip_nulls(to_jsonb(f) - '{device_id,spool_id}'::text[]
    || jsonb_build_object('device', d.name, 'spool', s.name))
FROM waybill.fix f JOIN waybill.device d ON d.id = f.device_id JOIN waybill.spool s ON s.id = f.spool_id
WHERE d.name = %(device)s AND f.fixed_at = %(fixed_at)s AND f.seq = %(seq)s AND f.refused_by IS NOT NULL;
