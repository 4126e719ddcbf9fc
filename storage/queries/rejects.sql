-- name: rejects
-- Rejects, newest first; a filter that is NULL lets everything through.
SELECT id, received_at, device_name, reason, field, value, detail, spool, seq, length(raw), raw
FROM waybill.reject
WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(device)s::text IS NULL OR device_name = %(device)s)
    AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s;
