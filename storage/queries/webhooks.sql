-- name: put_webhook
-- A new endpoint; it is told of what happens from now on.
INSERT INTO waybill.webhook (id, premises_id, url, types, test, secret, created_at, created_by, told_by, told_id)
VALUES (%(id)s, %(premises_id)s, %(url)s, %(types)s, %(test)s, %(secret)s, %(created_at)s, %(created_by)s,
    waybill.feed_place(pg_current_xact_id()), %(id)s);

-- name: webhooks
-- Endpoints without their secrets, newest first; one by its id.
SELECT w.id, w.premises_id, p.code, w.url, w.types, w.test, w.created_at, w.created_by, w.disabled_at,
    w.disabled_because, w.old_secret_until,
    (SELECT count(*) FROM waybill.webhook_delivery d WHERE d.webhook_id = w.id AND d.next_at IS NOT NULL)
FROM waybill.webhook w LEFT JOIN waybill.premises p ON p.id = w.premises_id
WHERE %(id)s::uuid IS NULL OR w.id = %(id)s
ORDER BY w.created_at DESC, w.id DESC;

-- name: change_webhook
-- Where and of what it is told.
UPDATE waybill.webhook SET url = %(url)s, types = %(types)s WHERE id = %(id)s;

-- name: rotate_webhook
-- A new secret; the old one signs too until then.
UPDATE waybill.webhook SET old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s WHERE id = %(id)s;

-- name: disable_webhook
-- Nothing is sent there any more; what waits stays waiting.
UPDATE waybill.webhook SET disabled_at = %(at)s, disabled_because = %(because)s WHERE id = %(id)s;

-- name: enable_webhook
-- Sent to again, what waited too.
UPDATE waybill.webhook SET disabled_at = NULL, disabled_because = NULL WHERE id = %(id)s;

-- name: delete_webhook_deliveries
-- What was sent to an endpoint that is to be deleted.
DELETE FROM waybill.webhook_delivery WHERE webhook_id = %(id)s;

-- name: delete_webhook
-- The endpoint itself.
DELETE FROM waybill.webhook WHERE id = %(id)s;

-- name: lock_webhooks_to_tell
-- Endpoints and the place in the feed up to which they were told; whoever else tells waits.
SELECT w.id, w.premises_id, w.types, w.test, w.told_by::text, w.told_id FROM waybill.webhook w
ORDER BY w.id FOR UPDATE;

-- name: put_webhook_delivery
-- One event on its way to one endpoint.
INSERT INTO waybill.webhook_delivery (id, webhook_id, event_id, type, body, created_at, next_at)
VALUES (%(id)s, %(webhook_id)s, %(event_id)s, %(type)s, %(body)s, %(created_at)s, %(created_at)s);

-- name: webhook_told
-- The place in the feed up to which an endpoint was told.
UPDATE waybill.webhook SET told_by = %(told_by)s::xid8, told_id = %(told_id)s WHERE id = %(id)s;

-- name: take_due_delivery
-- The delivery that waits the longest, locked; its endpoint's oldest first, so that order is kept while all goes well.
SELECT d.id, d.webhook_id, d.event_id, d.body, d.attempts, w.url, w.secret,
    CASE WHEN w.old_secret_until > %(now)s THEN w.old_secret END
FROM waybill.webhook_delivery d JOIN waybill.webhook w ON w.id = d.webhook_id
WHERE d.next_at <= %(now)s AND w.disabled_at IS NULL AND d.webhook_id <> ALL (%(busy)s::uuid[])
ORDER BY d.next_at, d.id
LIMIT 1
FOR UPDATE OF d SKIP LOCKED;

-- name: claim_delivery
-- Nobody else sends it until then.
UPDATE waybill.webhook_delivery SET next_at = %(next_at)s WHERE id = %(id)s;

-- name: put_webhook_attempt
-- What became of one try.
INSERT INTO waybill.webhook_attempt (delivery_id, at, status, said, took_s)
VALUES (%(delivery_id)s, %(at)s, %(status)s, %(said)s, %(took_s)s);

-- name: finish_delivery
-- Delivered, to be tried again, or given up.
UPDATE waybill.webhook_delivery SET attempts = attempts + 1, delivered_at = %(delivered_at)s, next_at = %(next_at)s
WHERE id = %(id)s;

-- name: webhook_deliveries
-- What was sent to one endpoint, newest first, with its tries.
SELECT d.id, d.event_id, d.type, d.body, d.created_at, d.next_at, d.attempts, d.delivered_at,
    coalesce((SELECT jsonb_agg(jsonb_build_object('at', a.at, 'status', a.status, 'said', a.said, 'took_s', a.took_s)
        ORDER BY a.at) FROM waybill.webhook_attempt a WHERE a.delivery_id = d.id), '[]')
FROM waybill.webhook_delivery d
WHERE d.webhook_id = %(webhook_id)s
    AND (NOT %(failed)s OR (d.delivered_at IS NULL AND d.attempts > 0))
    AND (%(after_at)s::timestamptz IS NULL OR (d.created_at, d.id) < (%(after_at)s, %(after_id)s::uuid))
ORDER BY d.created_at DESC, d.id DESC
LIMIT %(most)s;

-- name: replay_deliveries
-- Sends again from now on: one delivery, or all that were not delivered since a time.
UPDATE waybill.webhook_delivery SET next_at = %(now)s, attempts = 0
WHERE webhook_id = %(webhook_id)s AND ((id = %(id)s AND %(since)s::timestamptz IS NULL)
    OR (created_at >= %(since)s AND delivered_at IS NULL AND next_at IS NULL));

-- name: forget_webhook_deliveries
-- What was delivered or given up long ago.
DELETE FROM waybill.webhook_delivery WHERE created_at < %(before)s AND next_at IS NULL;
