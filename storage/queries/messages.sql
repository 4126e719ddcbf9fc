-- name: put_message
-- Something that somebody is to be told; said once, however often it is put.
INSERT INTO waybill.message (id, premises_id, audience, kind, once, order_id, trip_id, alert_id, contact_id, duty_id,
    channel, recipient, sender, language, correction, subject, body, facts, at, created_at, next_at, give_up_at, outcome,
    because, ended_at)
VALUES (%(id)s, %(premises_id)s, %(audience)s, %(kind)s, %(once)s, %(order_id)s, %(trip_id)s, %(alert_id)s,
    %(contact_id)s, %(duty_id)s, %(channel)s, %(recipient)s, %(sender)s, %(language)s, %(correction)s, %(subject)s,
    %(body)s, %(facts)s, %(at)s, %(created_at)s, %(next_at)s, %(give_up_at)s, %(outcome)s, %(because)s, %(ended_at)s)
ON CONFLICT (once) DO NOTHING;

-- name: messages_put
-- Which of these were put already.
SELECT m.once FROM waybill.message m WHERE m.once = ANY (%(once)s);

-- name: take_due_message
-- The message of these channels that waits the longest, locked, with all that decides whether it is still to be said.
SELECT m.id, m.audience, m.kind, m.channel, m.recipient, m.sender, m.language, m.subject, m.body, m.at, m.created_at,
    m.give_up_at, m.attempts, m.order_id, m.alert_id, o.milestone, coalesce(o.test, false),
    c.opted_out_at IS NOT NULL, c.token, p.tz, pt.quiet_hours, d.secret, d.hours, d.tz, d.ended_at IS NOT NULL
FROM waybill.message m
LEFT JOIN waybill.orders o ON o.id = m.order_id
LEFT JOIN waybill.contact c ON c.id = m.contact_id
LEFT JOIN waybill.premises p ON p.id = m.premises_id
LEFT JOIN waybill.premises_telling pt ON pt.premises_id = m.premises_id
LEFT JOIN waybill.duty d ON d.id = m.duty_id
WHERE m.next_at <= %(now)s AND m.channel = ANY (%(channels)s)
ORDER BY m.next_at, m.id
LIMIT 1
FOR UPDATE OF m SKIP LOCKED;

-- name: claim_message
-- Nobody else sends it until then; a try begins.
UPDATE waybill.message SET next_at = %(until)s, attempts = attempts + 1 WHERE id = %(id)s;

-- name: put_message_attempt
-- What became of one try.
INSERT INTO waybill.message_attempt (message_id, at, status, said, took_s)
VALUES (%(message_id)s, %(at)s, %(status)s, %(said)s, %(took_s)s);

-- name: finish_message
-- Told, dropped, given up, or to be tried again.
UPDATE waybill.message SET outcome = %(outcome)s, because = %(because)s, next_at = %(next_at)s, ended_at = %(ended_at)s
WHERE id = %(id)s AND outcome IS NULL;

-- name: drop_untried_messages
-- What was not tried yet and has become meaningless: of an order's kind, or of an alert.
UPDATE waybill.message SET outcome = 'dropped', because = %(because)s, next_at = NULL, ended_at = %(now)s
WHERE next_at IS NOT NULL AND attempts = 0 AND once <> ALL (%(but)s)
    AND ((order_id = %(order_id)s AND kind = ANY (%(kinds)s)) OR alert_id = %(alert_id)s)
RETURNING once;

-- name: drop_messages_of_contact
-- What waits for somebody who does not want it any more.
UPDATE waybill.message SET outcome = 'dropped', because = %(because)s, next_at = NULL, ended_at = %(now)s
WHERE next_at IS NOT NULL AND contact_id = %(contact_id)s;

-- name: message_list
-- Messages of some premises (NULL: of all, and of the installation), newest first, those after a place in the list.
SELECT m.id, m.kind, m.channel, m.recipient, m.language, m.correction, m.subject, m.body, m.at, m.created_at, m.next_at,
    m.attempts, m.outcome, m.because, m.ended_at, p.code, o.order_no, m.audience,
    coalesce((SELECT jsonb_agg(jsonb_build_object('at', a.at, 'status', a.status, 'said', a.said, 'took_s', a.took_s)
        ORDER BY a.at) FROM waybill.message_attempt a WHERE a.message_id = m.id), '[]')
FROM waybill.message m
LEFT JOIN waybill.premises p ON p.id = m.premises_id
LEFT JOIN waybill.orders o ON o.id = m.order_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR m.premises_id = ANY (%(premises_ids)s))
    AND (%(id)s::uuid IS NULL OR m.id = %(id)s)
    AND (%(order_id)s::uuid IS NULL OR m.order_id = %(order_id)s)
    AND (%(audience)s::text IS NULL OR m.audience = %(audience)s)
    AND (%(state)s::text IS NULL OR coalesce(m.outcome, 'waiting') = %(state)s)
    AND (%(pattern)s::text IS NULL OR m.recipient ILIKE %(pattern)s OR o.order_no ILIKE %(pattern)s
        OR m.kind ILIKE %(pattern)s)
    AND (%(after_at)s::timestamptz IS NULL OR (m.created_at, m.id) < (%(after_at)s, %(after_id)s::uuid))
ORDER BY m.created_at DESC, m.id DESC
LIMIT %(most)s;

-- name: resend_message
-- Puts a message that ended on its way once more.
UPDATE waybill.message SET outcome = NULL, because = NULL, ended_at = NULL, next_at = %(now)s, attempts = 0,
    give_up_at = %(give_up_at)s
WHERE id = %(id)s AND outcome IS NOT NULL;

-- name: told_messages
-- Which kinds an order's customer was told of, or is being told of, and what they named.
SELECT m.kind, m.trip_id, m.facts, m.at FROM waybill.message m
WHERE m.order_id = %(order_id)s AND m.audience = 'customer' AND (m.outcome IS NULL OR m.outcome <> 'dropped')
ORDER BY m.created_at, m.id;

-- name: forget_staff_messages
-- What staff were told long ago; what customers were told stays with their orders.
DELETE FROM waybill.message WHERE audience = 'staff' AND created_at < %(before)s AND next_at IS NULL;

-- name: outbox_figures
-- What waits on each channel, since when the oldest that is due, and what was given up lately; webhooks of order systems
-- too.
SELECT w.channel, sum(w.waiting)::bigint, min(w.oldest_at), sum(w.given_up)::bigint
FROM (
    SELECT m.channel, count(*) AS waiting, min(m.created_at) FILTER (WHERE m.next_at <= %(now)s) AS oldest_at,
        0 AS given_up
    FROM waybill.message m WHERE m.next_at IS NOT NULL GROUP BY m.channel
    UNION ALL
    SELECT m.channel, 0, NULL, count(*) FROM waybill.message m
    WHERE m.outcome = 'given_up' AND m.ended_at >= %(since)s GROUP BY m.channel
    UNION ALL
    SELECT 'order_system', count(*), min(d.created_at), 0 FROM waybill.webhook_delivery d WHERE d.next_at IS NOT NULL
    UNION ALL
    SELECT 'order_system', 0, NULL, count(*) FROM waybill.webhook_delivery d
    WHERE d.next_at IS NULL AND d.delivered_at IS NULL AND d.created_at >= %(since)s
) w
GROUP BY w.channel ORDER BY w.channel;

-- name: take_contact
-- The contact of this address, made when it is new.
INSERT INTO waybill.contact AS c (id, channel, address, created_at)
VALUES (%(id)s, %(channel)s, %(address)s, %(created_at)s)
ON CONFLICT (channel, address) DO UPDATE SET channel = c.channel
RETURNING c.id, c.channel, c.address, c.token, c.opted_out_at, c.opted_out_by;

-- name: contact_by_token
-- Whose link it is.
SELECT c.id, c.channel, c.address, c.token, c.opted_out_at, c.opted_out_by FROM waybill.contact c
WHERE c.token = %(token)s FOR UPDATE;

-- name: turn_contact
-- Whether somebody wants to be told; NULL: they do.
UPDATE waybill.contact SET opted_out_at = %(at)s, opted_out_by = %(by)s WHERE id = %(id)s;

-- name: contact_language
-- The language in which a contact was spoken to last.
SELECT m.language FROM waybill.message m WHERE m.contact_id = %(id)s ORDER BY m.created_at DESC LIMIT 1;

-- name: feed_reader_place
-- How far a part of ours has read, locked until the transaction ends.
SELECT r.told_by::text, r.told_id FROM waybill.feed_reader r WHERE r.name = %(name)s FOR UPDATE;

-- name: begin_feed_reader
-- A part of ours that reads for the first time: from now on.
INSERT INTO waybill.feed_reader (name, told_by, told_id)
VALUES (%(name)s, waybill.feed_place(pg_current_xact_id()), %(id)s) ON CONFLICT DO NOTHING;

-- name: feed_reader_read
-- How far it has read now.
UPDATE waybill.feed_reader SET told_by = %(told_by)s::xid8, told_id = %(told_id)s WHERE name = %(name)s;

-- name: order_to_tell
-- What a customer is told of their order, and how they are reached.
SELECT o.id, o.premises_id, o.order_no, o.customer_name, o.customer_phone, o.customer_email, o.customer_language,
    o.window_from, o.window_to, o.milestone, o.tracking_token, o.test, p.name, p.tz, pt.language,
    coalesce(p.profile, ''), (
        SELECT d.trip_id FROM waybill.trip_drop d JOIN waybill.trip t ON t.id = d.trip_id
        WHERE d.order_id = o.id AND NOT t.cancelled ORDER BY t.planned_departure_at DESC LIMIT 1)
FROM waybill.orders o
JOIN waybill.premises p ON p.id = o.premises_id
LEFT JOIN waybill.premises_telling pt ON pt.premises_id = o.premises_id
WHERE o.id = %(order_id)s;

-- name: premises_telling
-- How premises speak to customers and staff.
SELECT p.id, p.code, p.name, p.tz, t.language, t.quiet_hours, t.digest_at
FROM waybill.premises p LEFT JOIN waybill.premises_telling t ON t.premises_id = p.id
WHERE p.retired_at IS NULL ORDER BY p.code;

-- name: put_premises_telling
-- How premises speak from now on.
INSERT INTO waybill.premises_telling (premises_id, language, quiet_hours, digest_at)
VALUES (%(premises_id)s, %(language)s, %(quiet_hours)s, %(digest_at)s)
ON CONFLICT (premises_id) DO UPDATE SET language = excluded.language, quiet_hours = excluded.quiet_hours,
    digest_at = excluded.digest_at;

-- name: forecasts_to_tell
-- Drops on the way that are next and near, or expected at another time than their customer was told last (else than the
-- promised window), by forecasts that are fresh, where a way leads to the customer.
SELECT w.order_id, w.trip_id, w.p50_at, w.soon
FROM (
    SELECT f.order_id, f.trip_id, f.p50_at, f.drops_before = 0 AND f.p50_at <= %(soon_before)s AND NOT EXISTS (
            SELECT FROM waybill.message m
            WHERE m.order_id = f.order_id AND m.trip_id = f.trip_id AND m.kind = 'arriving_soon') AS soon,
        extract(epoch FROM CASE
            WHEN told.eta_at IS NOT NULL THEN f.p50_at - told.eta_at
            WHEN f.p50_at > o.window_to THEN f.p50_at - o.window_to
            WHEN f.p50_at < o.window_from THEN f.p50_at - o.window_from
            ELSE INTERVAL '0' END)::double precision AS off_s
    FROM waybill.forecast f
    JOIN waybill.orders o ON o.id = f.order_id
    LEFT JOIN LATERAL (
        SELECT (m.facts ->> 'eta_at')::timestamptz AS eta_at FROM waybill.message m
        WHERE m.order_id = f.order_id AND m.trip_id = f.trip_id AND m.facts ->> 'eta_at' IS NOT NULL
        ORDER BY m.created_at DESC, m.id DESC LIMIT 1
    ) told ON true
    WHERE o.milestone IN ('out_for_delivery', 'arriving_soon') AND NOT o.test AND f.computed_at >= %(fresh_since)s
        AND ((%(by_email)s AND o.customer_email IS NOT NULL) OR (%(by_sms)s AND o.customer_phone IS NOT NULL))
) w
WHERE w.soon OR abs(w.off_s) >= %(threshold_s)s;

-- name: is_far_yet
-- Whether a fresh forecast says that the van has other doors to come to first, or is not near.
SELECT EXISTS (
    SELECT FROM waybill.forecast f
    WHERE f.order_id = %(order_id)s AND f.computed_at >= %(fresh_since)s
        AND (f.drops_before > 0 OR f.p50_at > %(soon_before)s));
