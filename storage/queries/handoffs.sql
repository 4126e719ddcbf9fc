-- name: put_handoff
-- An attempt to hand an order over, counted from its first one; those from before attempts were kept count too.
INSERT INTO waybill.handoff (id, premises_id, order_id, trip_id, attempt_no, outcome, at, reason_code, note, proofs,
    profile, profile_version, age_threshold, offline, conflict, actor_kind, actor, recorded_at, told_id, phone_at,
    contact_at, identified_by, disposition, paid_minor, paid_by)
SELECT %(id)s, %(premises_id)s, %(order_id)s, %(trip_id)s, count(*) + 1, %(outcome)s, %(at)s, %(reason_code)s, %(note)s,
    %(proofs)s, %(profile)s, %(profile_version)s, %(age_threshold)s, %(offline)s, %(conflict)s, %(actor_kind)s,
    %(actor)s, %(recorded_at)s, %(told_id)s, %(phone_at)s, %(contact_at)s, %(identified_by)s, %(disposition)s,
    %(paid_minor)s, %(paid_by)s
FROM waybill.milestone m
WHERE m.order_id = %(order_id)s AND m.known = 'declared' AND m.milestone IN ('delivered', 'failed');

-- name: handoffs_of_order
-- Every attempt to hand an order over.
SELECT h.id, t.trip_no, h.attempt_no, h.outcome, h.at, h.reason_code, h.note, h.proofs, h.profile, h.profile_version,
    h.age_threshold, h.offline, h.conflict, h.actor_kind, h.actor, h.recorded_at, h.told_id, h.phone_at, h.contact_at,
    h.identified_by, h.disposition, h.paid_minor, h.paid_by
FROM waybill.handoff h LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE h.order_id = %(order_id)s
ORDER BY h.attempt_no;

-- name: handoff_of_told_id
-- The attempt that a phone told under this id of its own making, with its order.
SELECT h.order_id, o.order_no, h.attempt_no, h.outcome, h.at, h.conflict
FROM waybill.handoff h JOIN waybill.orders o ON o.id = h.order_id
WHERE h.told_id = %(told_id)s;

-- name: put_handoff_file
-- What an attempt was proved with: the text that was shown, the signature, a photo.
INSERT INTO waybill.handoff_file (handoff_id, premises_id, kind, media_type, sha256, body, recorded_at)
VALUES (%(handoff_id)s, %(premises_id)s, %(kind)s, %(media_type)s, %(sha256)s, %(body)s, %(recorded_at)s);

-- name: handoff_file
-- One file of an order's attempt.
SELECT f.media_type, f.sha256, f.body
FROM waybill.handoff h JOIN waybill.handoff_file f ON f.handoff_id = h.id
WHERE h.order_id = %(order_id)s AND h.attempt_no = %(attempt_no)s AND f.kind = %(kind)s;

-- name: is_order_of_crew
-- Whether an order is on a trip that somebody is on the crew of, or was while the trip was under way.
SELECT EXISTS (SELECT FROM waybill.trip_crew c WHERE c.trip_id = %(trip_id)s AND c.driver_id = %(driver_id)s)
    AND (EXISTS (SELECT FROM waybill.trip_drop d WHERE d.trip_id = %(trip_id)s AND d.order_id = %(order_id)s)
        OR EXISTS (SELECT FROM waybill.leg l WHERE l.trip_id = %(trip_id)s AND l.order_id = %(order_id)s));

-- name: receipt_facts
-- What an order's receipt says (4 CCR 15420) of whoever sells, delivers, packed and ordered.
SELECT o.id, o.order_no, o.source_ref, coalesce(l.legal_name, p.name) AS seller,
    coalesce(p.licence_no, l.licence_no) AS licence_no, p.tz,
    coalesce(r.first_name, r.name) AS courier, r.employee_no AS courier_no,
    coalesce(b.first_name, b.name) AS preparer, o.prepared_by AS preparer_no, o.customer_name, o.customer_no,
    o.placed_at, o.address, o.currency, o.total_minor, o.taxes_minor, o.fees_minor, o.discount_minor, o.due_minor,
    o.customer_language,
    coalesce((SELECT jsonb_agg(jsonb_build_object('line_no', n.line_no, 'item', n.item, 'tag', n.tag,
            'quantity', n.quantity::text, 'unit', n.unit, 'unit_price_minor', n.unit_price_minor) ORDER BY n.line_no)
        FROM waybill.order_line n WHERE n.order_id = o.id), '[]') AS lines
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
LEFT JOIN waybill.licensee l ON l.id = p.licensee_id
LEFT JOIN waybill.driver r ON r.id = coalesce(%(driver_id)s, (
    SELECT c.driver_id FROM waybill.trip_crew c WHERE c.trip_id = %(trip_id)s AND c.role = 'driver'
    ORDER BY c.driver_id LIMIT 1))
LEFT JOIN waybill.driver b ON b.premises_id = o.premises_id AND b.employee_no = o.prepared_by
WHERE o.id = %(order_id)s;
