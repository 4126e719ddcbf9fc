-- name: find_orders
-- Orders by id or number for whoever may see their premises (NULL: all).
SELECT o.id FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR o.premises_id = ANY (%(premises_ids)s)) AND o.test = %(test)s
    AND (o.id = %(id)s OR o.order_no = %(order_no)s)
ORDER BY p.code
LIMIT 2;

-- name: order_document
-- One order for whoever may see its premises (NULL: all): by id, or by its number for people.
SELECT o.id, p.code AS premises, o.premises_id, o.order_no, o.source, o.source_ref, o.test, o.customer_no,
    o.customer_name, o.customer_phone, o.customer_email, o.customer_language, o.customer_type, o.address, o.lat_e7,
    o.lon_e7, o.window_from, o.window_to, o.placed_at, o.channel, o.note, o.prepared_by, o.currency, o.taxes_minor,
    o.fees_minor, o.discount_minor, o.total_minor, o.due_minor, o.payment, o.milestone, o.milestone_at,
    o.tracking_token, o.given_lat_e7, o.given_lon_e7, o.place_source, o.place_quality, o.place_problem, o.place_note,
    o.customer_note, o.customer_note_at,
    coalesce((SELECT jsonb_agg(jsonb_build_object('line_no', l.line_no, 'item', l.item, 'category', l.category,
            'tag', l.tag, 'quantity', l.quantity::text, 'unit', l.unit, 'unit_price_minor', l.unit_price_minor,
            'accepted_quantity', l.accepted_quantity::text) ORDER BY l.line_no)
        FROM waybill.order_line l WHERE l.order_id = o.id), '[]') AS lines,
    coalesce((SELECT jsonb_agg(jsonb_build_object('milestone', m.milestone, 'at', m.at, 'known', m.known,
            'declared_by', m.declared_by, 'reason_code', m.reason_code, 'note', m.note, 'partial', m.partial,
            'trip_no', t.trip_no, 'recorded_at', m.recorded_at,
            'corrections', coalesce((SELECT jsonb_agg(jsonb_build_object('at', c.at, 'withdrawn', c.withdrawn,
                    'note', c.note, 'recorded_at', c.recorded_at) ORDER BY c.recorded_at, c.id)
                FROM waybill.milestone_correction c WHERE c.milestone_id = m.id), '[]'))
            ORDER BY m.at, m.recorded_at, m.id)
        FROM waybill.milestone m LEFT JOIN waybill.trip t ON t.id = m.trip_id WHERE m.order_id = o.id), '[]')
        AS milestones,
    (SELECT to_jsonb(f) FROM waybill.forecast f WHERE f.order_id = o.id) AS eta
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR o.premises_id = ANY (%(premises_ids)s)) AND o.test = %(test)s
    AND (o.id = %(id)s OR o.order_no = %(order_no)s OR (o.source = %(source)s AND o.source_ref = %(source_ref)s))
ORDER BY p.code
LIMIT 2;

-- name: order_list
-- Orders by window, those after a place in the list; every filter is off when it is NULL.
SELECT o.id, p.code, o.order_no, o.source, o.source_ref, o.customer_name, o.address, o.window_from, o.window_to,
    o.milestone, o.milestone_at, o.currency, o.total_minor, o.tracking_token
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE o.test = %(test)s
    AND (%(premises_ids)s::uuid[] IS NULL OR o.premises_id = ANY (%(premises_ids)s))
    AND (%(premises)s::text IS NULL OR p.code = %(premises)s)
    AND (%(milestones)s::text[] IS NULL OR o.milestone = ANY (%(milestones)s))
    AND (%(source)s::text IS NULL OR o.source = %(source)s)
    AND (%(window_from)s::timestamptz IS NULL OR o.window_to >= %(window_from)s)
    AND (%(window_to)s::timestamptz IS NULL OR o.window_from <= %(window_to)s)
    AND (%(pattern)s::text IS NULL OR o.search LIKE %(pattern)s)
    AND (%(after_at)s::timestamptz IS NULL OR (o.window_from, o.id) > (%(after_at)s, %(after_id)s::uuid))
ORDER BY o.window_from, o.id
LIMIT %(most)s;
