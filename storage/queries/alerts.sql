-- name: open_alerts
-- Alerts that have not ended.
SELECT a.id, a.premises_id, a.kind, a.subject, a.says, a.order_id, a.trip_id, a.vehicle_id, a.began_at
FROM waybill.alert a WHERE a.ended_at IS NULL FOR UPDATE;

-- name: recent_alert_ends
-- When an alert about a subject ended last, for those that ended lately.
SELECT a.kind, a.subject, max(a.ended_at) FROM waybill.alert a WHERE a.ended_at >= %(since)s GROUP BY a.kind, a.subject;

-- name: put_alert
-- Staff are warned of something; one episode of a subject at a time.
INSERT INTO waybill.alert (id, premises_id, kind, subject, says, order_id, trip_id, vehicle_id, began_at, raised_at)
VALUES (%(id)s, %(premises_id)s, %(kind)s, %(subject)s, %(says)s, %(order_id)s, %(trip_id)s, %(vehicle_id)s,
    %(began_at)s, %(raised_at)s)
ON CONFLICT DO NOTHING;

-- name: end_alert
-- What staff were warned of is over.
UPDATE waybill.alert SET ended_at = %(at)s, ended_how = %(how)s WHERE id = %(id)s AND ended_at IS NULL;

-- name: acknowledge_alert
-- Somebody has seen it; the first one stays.
UPDATE waybill.alert SET acknowledged_at = %(at)s, acknowledged_by = %(by)s, note = %(note)s
WHERE id = %(id)s AND acknowledged_at IS NULL;

-- name: told_of_alert
-- Who was told, or is being told, that it began.
SELECT m.duty_id FROM waybill.message m
WHERE m.alert_id = %(alert_id)s AND m.facts ->> 'end' IS NULL AND (m.outcome IS NULL OR m.outcome <> 'dropped');

-- name: alert_list
-- Alerts of some premises (NULL: of all, and of the installation), newest first, those after a place in the list.
SELECT a.id, p.code, a.premises_id, a.kind, a.subject, a.says, o.order_no, t.trip_no, v.name, a.began_at, a.raised_at,
    a.ended_at, a.ended_how, a.acknowledged_at, a.acknowledged_by, a.note
FROM waybill.alert a
LEFT JOIN waybill.premises p ON p.id = a.premises_id
LEFT JOIN waybill.orders o ON o.id = a.order_id
LEFT JOIN waybill.trip t ON t.id = a.trip_id
LEFT JOIN waybill.vehicle v ON v.id = a.vehicle_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR a.premises_id = ANY (%(premises_ids)s))
    AND (%(id)s::uuid IS NULL OR a.id = %(id)s)
    AND (%(beginning)s::text IS NULL OR a.id::text LIKE %(beginning)s)
    AND (NOT %(open)s OR a.ended_at IS NULL)
    AND (%(kind)s::text IS NULL OR a.kind = %(kind)s)
    AND (%(pattern)s::text IS NULL OR a.says ILIKE %(pattern)s)
    AND (%(after_at)s::timestamptz IS NULL OR (a.raised_at, a.id) < (%(after_at)s, %(after_id)s::uuid))
ORDER BY a.raised_at DESC, a.id DESC
LIMIT %(most)s;

-- name: alert_rules
-- Where rules are others than those that come with Waybill.
SELECT r.premises_id, r.kind, r.off, r.threshold, r.quiet_s FROM waybill.alert_rule r;

-- name: put_alert_rule
-- From now on this rule.
INSERT INTO waybill.alert_rule (premises_id, kind, off, threshold, quiet_s)
VALUES (%(premises_id)s, %(kind)s, %(off)s, %(threshold)s, %(quiet_s)s)
ON CONFLICT (premises_id, kind) DO UPDATE SET off = excluded.off, threshold = excluded.threshold,
    quiet_s = excluded.quiet_s;

-- name: duties
-- Who is on the roster, by premises and name.
SELECT d.id, d.premises_id, p.code, d.name, d.channel, d.address, d.kinds, d.hours, d.tz, d.created_at, d.created_by
FROM waybill.duty d LEFT JOIN waybill.premises p ON p.id = d.premises_id
WHERE d.ended_at IS NULL ORDER BY p.code NULLS FIRST, d.name, d.id;

-- name: put_duty
-- Somebody comes on the roster.
INSERT INTO waybill.duty (id, premises_id, name, channel, address, secret, kinds, hours, tz, created_at, created_by)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(channel)s, %(address)s, %(secret)s, %(kinds)s, %(hours)s, %(tz)s,
    %(created_at)s, %(created_by)s);

-- name: end_duty
-- Off the roster; what waits for them is dropped when its turn comes.
UPDATE waybill.duty SET ended_at = %(at)s WHERE id = %(id)s AND ended_at IS NULL;

-- name: exceptions_to_warn_of
-- Open exceptions of lately, and those that staff are warned of already.
SELECT e.id::text, e.premises_id, e.kind, e.trip_id, v.id, t.trip_no, v.name, z.name, lower(e.during), upper(e.during),
    e.rule, p.tz
FROM waybill.exception e
JOIN waybill.premises p ON p.id = e.premises_id
LEFT JOIN waybill.trip t ON t.id = e.trip_id
JOIN waybill.vehicle v ON v.id = coalesce(t.vehicle_id, e.vehicle_id)
LEFT JOIN waybill.zone z ON z.id = e.zone_id
WHERE e.closed_at IS NULL AND (e.opened_at >= %(since)s
    OR EXISTS (SELECT FROM waybill.alert a WHERE a.kind = e.kind AND a.subject = e.id::text AND a.ended_at IS NULL));

-- name: silent_trips
-- Trips under way whose vehicle's own unit has not been heard since a time (true time), or never.
SELECT t.id, t.premises_id, t.trip_no, v.id, v.name, f.fixed_at, f.received_at, t.departed_at
FROM waybill.trip t
JOIN waybill.vehicle v ON v.id = t.vehicle_id
LEFT JOIN waybill.install i ON i.vehicle_id = t.vehicle_id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
WHERE t.departed_at >= %(departed_since)s AND t.ended_at IS NULL
    AND (f.received_at IS NULL OR f.received_at < %(heard_before)s);

-- name: emergencies
-- Calls of crews for help that nobody has acknowledged.
SELECT c.id::text, c.premises_id, c.trip_id, t.trip_no, v.id, v.name, c.at, c.note
FROM waybill.check_in c
JOIN waybill.trip t ON t.id = c.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE c.kind = 'emergency' AND c.acknowledged_at IS NULL AND c.at >= %(since)s;

-- name: failed_orders
-- Orders whose handoff failed lately and that have not gone on since.
SELECT o.id, o.premises_id, o.order_no, o.customer_name, o.milestone_at, m.reason_code, m.trip_id, v.id, v.name
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT mm.reason_code, mm.trip_id FROM waybill.milestone mm
    WHERE mm.order_id = o.id AND mm.milestone = 'failed' ORDER BY mm.at DESC, mm.id DESC LIMIT 1
) m ON true
LEFT JOIN waybill.trip t ON t.id = m.trip_id
LEFT JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE o.milestone = 'failed' AND NOT o.test AND o.milestone_at >= %(since)s;

-- name: orders_to_call_about
-- What went wrong for customers of a premises since a time and is not made good: failed, still out after the window,
-- or not told because no way reached them.
SELECT o.order_no, o.customer_name, o.customer_phone, o.window_to, o.milestone, o.milestone_at, m.reason_code,
    EXISTS (SELECT FROM waybill.message x
        WHERE x.order_id = o.id AND x.outcome = 'given_up' AND x.ended_at >= %(true_since)s)
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT mm.reason_code FROM waybill.milestone mm
    WHERE mm.order_id = o.id AND mm.milestone = 'failed' ORDER BY mm.at DESC, mm.id DESC LIMIT 1
) m ON true
WHERE o.premises_id = %(premises_id)s AND NOT o.test
    AND ((o.milestone IN ('failed', 'returned') AND o.milestone_at >= %(since)s)
        OR (o.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled')
            AND o.window_to >= %(since)s AND o.window_to < %(now)s)
        OR o.id IN (SELECT x.order_id FROM waybill.message x
            WHERE x.outcome = 'given_up' AND x.ended_at >= %(true_since)s))
ORDER BY o.window_to, o.order_no;
