-- name: put_events
-- What order systems are told.
INSERT INTO waybill.event (id, premises_id, type, at, order_id, trip_id, test, body)
SELECT w.id, w.premises_id, w.type, w.at, w.order_id, w.trip_id, w.test, w.body
FROM json_populate_recordset(NULL::waybill.event, %(rows)s::json) AS w;

-- name: events_after
-- Events after a place, of transactions older than the oldest one that is still running.
SELECT e.written_by::text, e.id, p.code, e.type, e.at, e.order_id, e.trip_id, e.body
FROM waybill.event e JOIN waybill.premises p ON p.id = e.premises_id
WHERE e.written_by < waybill.feed_place(pg_snapshot_xmin(pg_current_snapshot())) AND e.test = %(test)s
    AND (%(premises_ids)s::uuid[] IS NULL OR e.premises_id = ANY (%(premises_ids)s))
    AND (%(types)s::text[] IS NULL OR e.type = ANY (%(types)s))
    AND (%(after_by)s::text IS NULL OR (e.written_by, e.id) > (%(after_by)s::xid8, %(after_id)s::uuid))
ORDER BY e.written_by, e.id
LIMIT %(most)s;

-- name: take_idempotency_key
-- Whether the key is new; one that another request holds at this moment is waited for.
INSERT INTO waybill.idempotency_key (caller, key, request_digest, created_at)
VALUES (%(caller)s, %(key)s, %(request_digest)s, %(now)s) ON CONFLICT DO NOTHING;

-- name: idempotent_answer
-- What was answered to the request with this key.
SELECT request_digest, status, body, headers FROM waybill.idempotency_key
WHERE caller = %(caller)s AND key = %(key)s;

-- name: keep_answer
-- The answer to the request with this key.
UPDATE waybill.idempotency_key SET status = %(status)s, body = %(body)s, headers = %(headers)s
WHERE caller = %(caller)s AND key = %(key)s;

-- name: forget_idempotency_keys
-- Keys that are too old to be sent again.
DELETE FROM waybill.idempotency_key WHERE created_at < %(before)s;
