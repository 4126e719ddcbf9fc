-- name: put_movements
-- What comes into a vehicle or leaves it, line by line.
INSERT INTO waybill.ledger_movement (id, premises_id, trip_id, order_id, line_no, kind, item, tag, quantity, unit,
    unit_price_minor, currency, at, recorded_at, actor_kind, actor, note)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(order_id)s, %(line_no)s, %(kind)s, %(item)s, %(tag)s, %(quantity)s,
    %(unit)s, %(unit_price_minor)s, %(currency)s, %(at)s, %(recorded_at)s, %(actor_kind)s, %(actor)s, %(note)s);

-- name: aboard
-- What is aboard of trips, or of orders wherever they are (NULL: not asked by), by order and line.
SELECT m.trip_id, m.order_id, o.order_no, m.line_no, m.item, m.tag, sum(m.quantity), m.unit, m.unit_price_minor,
    m.currency
FROM waybill.ledger_movement m JOIN waybill.orders o ON o.id = m.order_id
WHERE (%(trip_ids)s::uuid[] IS NULL OR m.trip_id = ANY (%(trip_ids)s))
    AND (%(order_ids)s::uuid[] IS NULL OR m.order_id = ANY (%(order_ids)s))
GROUP BY m.trip_id, m.order_id, o.order_no, m.line_no, m.item, m.tag, m.unit, m.unit_price_minor, m.currency
HAVING sum(m.quantity) > 0
ORDER BY o.order_no, m.line_no;

-- name: goods_of_orders
-- The goods that orders are made of; an order that lists none counts as one piece.
SELECT o.id, o.order_no, l.line_no, coalesce(l.item, 'order ' || o.order_no), l.tag, coalesce(l.quantity, 1),
    coalesce(l.unit, 'order'), CASE WHEN l.line_no IS NULL THEN o.total_minor ELSE l.unit_price_minor END, o.currency
FROM waybill.orders o LEFT JOIN waybill.order_line l ON l.order_id = o.id
WHERE o.id = ANY (%(order_ids)s)
ORDER BY o.order_no, l.line_no;

-- name: orders_with_tag
-- Orders of a premises that are not over and hold goods with this tag, those of the trip first.
SELECT o.id, l.line_no, open.trip_id IS NOT DISTINCT FROM %(trip_id)s
FROM waybill.order_line l JOIN waybill.orders o ON o.id = l.order_id
LEFT JOIN LATERAL (
    SELECT d.trip_id FROM waybill.trip_drop d JOIN waybill.trip t ON t.id = d.trip_id
    WHERE d.order_id = o.id AND t.ended_at IS NULL
    ORDER BY t.id = %(trip_id)s DESC, t.planned_departure_at DESC LIMIT 1
) open ON true
WHERE l.tag = %(tag)s AND o.premises_id = %(premises_id)s AND NOT o.test
    AND o.milestone NOT IN ('delivered', 'returned', 'cancelled')
ORDER BY open.trip_id IS NOT DISTINCT FROM %(trip_id)s DESC, o.window_from, o.id, l.line_no;

-- name: ledger_of_trip
-- Every movement of a trip with the balance of its line and the value aboard after it.
SELECT l.at, l.recorded_at, l.kind, o.order_no, l.line_no, l.item, l.tag, l.quantity, l.unit, l.unit_price_minor,
    l.currency, l.balance, l.value_aboard_minor, l.actor_kind, l.actor, l.note
FROM waybill.ledger l JOIN waybill.orders o ON o.id = l.order_id
WHERE l.trip_id = %(trip_id)s
ORDER BY l.at, l.recorded_at, l.id;

-- name: put_wrong_bag
-- A bag that was scanned into a vehicle where it does not belong.
INSERT INTO waybill.wrong_bag (id, premises_id, trip_id, order_id, at)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(order_id)s, %(at)s)
ON CONFLICT (trip_id, order_id) WHERE cleared_at IS NULL DO NOTHING;

-- name: clear_wrong_bag
-- The bag is out again, of this vehicle or (NULL) of whichever it was in.
UPDATE waybill.wrong_bag SET cleared_at = %(at)s
WHERE order_id = %(order_id)s AND (%(trip_id)s::uuid IS NULL OR trip_id = %(trip_id)s) AND cleared_at IS NULL;

-- name: wrong_bags_of_trip
-- Bags in a trip's vehicle that do not belong there, with the open trip that they belong to.
SELECT w.order_id, o.order_no, open.trip_no, open.name, w.was_loaded
FROM (
    SELECT order_id, bool_or(was_loaded) AS was_loaded FROM (
        SELECT order_id, false AS was_loaded FROM waybill.wrong_bag WHERE trip_id = %(trip_id)s AND cleared_at IS NULL
        UNION
        SELECT order_id, true FROM waybill.ledger_movement WHERE trip_id = %(trip_id)s
            AND order_id NOT IN (SELECT order_id FROM waybill.trip_drop WHERE trip_id = %(trip_id)s)
        GROUP BY order_id, line_no HAVING sum(quantity) > 0
    ) found GROUP BY order_id
) w
JOIN waybill.orders o ON o.id = w.order_id
LEFT JOIN LATERAL (
    SELECT t.trip_no, v.name FROM waybill.trip_drop d JOIN waybill.trip t ON t.id = d.trip_id
    JOIN waybill.vehicle v ON v.id = t.vehicle_id
    WHERE d.order_id = o.id AND t.ended_at IS NULL AND t.id <> %(trip_id)s
    ORDER BY t.planned_departure_at DESC LIMIT 1
) open ON true
ORDER BY o.order_no;

-- name: expired_documents
-- Papers of a vehicle and of people that are not good any more on a day, unless a newer one of the kind is.
SELECT coalesce(v.name, r.employee_no), d.kind, d.title, d.expires_on
FROM waybill.document d
LEFT JOIN waybill.vehicle v ON v.id = d.vehicle_id
LEFT JOIN waybill.driver r ON r.id = d.driver_id
WHERE (d.vehicle_id = %(vehicle_id)s OR d.driver_id = ANY (%(driver_ids)s)) AND d.withdrawn_at IS NULL
    AND d.expires_on < %(on_day)s AND NOT EXISTS (
        SELECT FROM waybill.document n
        WHERE n.kind = d.kind AND n.title IS NOT DISTINCT FROM d.title AND n.withdrawn_at IS NULL
            AND n.vehicle_id IS NOT DISTINCT FROM d.vehicle_id AND n.driver_id IS NOT DISTINCT FROM d.driver_id
            AND (n.expires_on IS NULL OR n.expires_on >= %(on_day)s))
ORDER BY 1, 2, 4;

-- name: set_trip_papers
-- The ledger number and what was ticked; NULL leaves what is there.
UPDATE waybill.trip SET ledger_no = coalesce(%(ledger_no)s, ledger_no),
    checklist = coalesce(%(checklist)s, checklist)
WHERE id = %(trip_id)s;
