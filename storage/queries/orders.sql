-- name: take_order_no
-- The next order number of the premises; the row's lock makes two that place at once wait for one another.
UPDATE waybill.premises SET next_order_no = next_order_no + 1 WHERE id = %(premises_id)s RETURNING next_order_no - 1;

-- name: take_test_no
-- The next number for a test order of the premises.
UPDATE waybill.premises SET next_test_no = next_test_no + 1 WHERE id = %(premises_id)s RETURNING next_test_no - 1;

-- name: take_trip_no
-- The next trip number of the premises.
UPDATE waybill.premises SET next_trip_no = next_trip_no + 1 WHERE id = %(premises_id)s RETURNING next_trip_no - 1;

-- name: put_order
-- A new order with its first milestone as the newest; nothing when its number there is on record already.
INSERT INTO waybill.orders (
    id, premises_id, order_no, source, source_ref, customer_name, customer_phone, address, lat_e7, lon_e7,
    window_from, window_to, placed_at, note, currency, total_minor, milestone, milestone_at, created_at, customer_no,
    customer_email, customer_language, customer_type, channel, prepared_by, taxes_minor, fees_minor, discount_minor,
    due_minor, payment, test, given_lat_e7, given_lon_e7, place_source, place_quality, place_problem, place_note,
    place_ask_at)
VALUES (
    %(id)s, %(premises_id)s, %(order_no)s, %(source)s, %(source_ref)s, %(customer_name)s, %(customer_phone)s,
    %(address)s, %(place_lat_e7)s, %(place_lon_e7)s, %(window_from)s, %(window_to)s, %(placed_at)s, %(note)s, %(currency)s,
    %(total_minor)s, %(milestone)s, %(placed_at)s, %(created_at)s, %(customer_no)s, %(customer_email)s,
    %(customer_language)s, %(customer_type)s, %(channel)s, %(prepared_by)s, %(taxes_minor)s, %(fees_minor)s,
    %(discount_minor)s, %(due_minor)s, %(payment)s, %(test)s, %(lat_e7)s, %(lon_e7)s, %(place_source)s,
    %(place_quality)s, %(place_problem)s, %(place_note)s, %(place_ask_at)s)
ON CONFLICT (premises_id, source, source_ref, test) DO NOTHING;

-- name: change_order
-- What the order is now; where its door is, is set by set_order_place.
UPDATE waybill.orders SET
    customer_name = %(customer_name)s, customer_phone = %(customer_phone)s, address = %(address)s, given_lat_e7 =
    %(lat_e7)s, given_lon_e7 = %(lon_e7)s, window_from = %(window_from)s, window_to = %(window_to)s, note = %(note)s,
    currency = %(currency)s, total_minor = %(total_minor)s, customer_no = %(customer_no)s, customer_email =
    %(customer_email)s, customer_language = %(customer_language)s, customer_type = %(customer_type)s, channel =
    %(channel)s, prepared_by = %(prepared_by)s, taxes_minor = %(taxes_minor)s, fees_minor = %(fees_minor)s,
    discount_minor = %(discount_minor)s, due_minor = %(due_minor)s, payment = %(payment)s
WHERE id = %(id)s;

-- name: clear_order_lines
-- Makes room for other lines.
DELETE FROM waybill.order_line WHERE order_id = %(order_id)s;

-- name: accept_order_line
-- What of a line the customer took.
UPDATE waybill.order_line SET accepted_quantity = %(quantity)s WHERE order_id = %(order_id)s AND line_no = %(line_no)s;

-- name: accepted_lines
-- What of each line the customer took, where somebody said.
SELECT line_no, accepted_quantity FROM waybill.order_line
WHERE order_id = %(order_id)s AND accepted_quantity IS NOT NULL;

-- name: put_order_line
-- One line of an order.
INSERT INTO waybill.order_line (order_id, premises_id, line_no, item, category, tag, quantity, unit, unit_price_minor)
VALUES (%(order_id)s, %(premises_id)s, %(line_no)s, %(item)s, %(category)s, %(tag)s, %(quantity)s, %(unit)s,
    %(unit_price_minor)s);

-- name: lock_order
-- One order, locked until the transaction ends, with the trip it was planned on last.
SELECT o.id, o.premises_id, o.order_no, o.source_ref, o.milestone, o.milestone_at, (
    SELECT d.trip_id FROM waybill.trip_drop d WHERE d.order_id = o.id ORDER BY d.id DESC LIMIT 1), o.test, o.lat_e7 IS NOT NULL, o.placed_at
FROM waybill.orders o WHERE o.id = %(order_id)s FOR UPDATE OF o;

-- name: lock_orders
-- These orders, locked until the transaction ends, in an order that lets no two wait for one another.
SELECT id FROM waybill.orders WHERE id = ANY (%(order_ids)s) ORDER BY id FOR UPDATE;

-- name: orders_by_refs
-- Orders of one source by their numbers there.
SELECT o.id, o.premises_id, o.order_no, o.source_ref, o.milestone, o.milestone_at, (
    SELECT d.trip_id FROM waybill.trip_drop d WHERE d.order_id = o.id ORDER BY d.id DESC LIMIT 1), o.test, o.lat_e7 IS NOT NULL, o.placed_at
FROM waybill.orders o
WHERE o.premises_id = %(premises_id)s AND o.source = %(source)s AND o.source_ref = ANY (%(refs)s)
    AND o.test = %(test)s;

-- name: is_declared
-- Whether somebody said this milestone of the order (on this trip, when there is one) already.
SELECT EXISTS (
    SELECT FROM waybill.milestone m
    WHERE m.order_id = %(order_id)s AND m.milestone = %(milestone)s AND m.known = 'declared'
        AND m.trip_id IS NOT DISTINCT FROM %(trip_id)s);

-- name: put_declared_milestone
-- A milestone that somebody said.
INSERT INTO waybill.milestone (id, premises_id, order_id, trip_id, milestone, at, known, declared_by, reason_code, note,
    recorded_at, partial)
VALUES (%(id)s, %(premises_id)s, %(order_id)s, %(trip_id)s, %(milestone)s, %(at)s, 'declared', %(declared_by)s,
    %(reason_code)s, %(note)s, %(recorded_at)s, %(partial)s);

-- name: set_order_milestone
-- The order's newest milestone.
UPDATE waybill.orders SET milestone = %(milestone)s, milestone_at = %(at)s WHERE id = %(order_id)s;

-- name: vehicle_of_premises
-- The vehicle's name when it is in service at these premises.
SELECT v.name FROM waybill.vehicle v
WHERE v.id = %(vehicle_id)s AND v.premises_id = %(premises_id)s AND v.retired_at IS NULL;

-- name: drivers_of_premises
-- Which of these drivers belong to the premises.
SELECT d.id FROM waybill.driver d WHERE d.id = ANY (%(driver_ids)s) AND d.premises_id = %(premises_id)s;

-- name: put_trip
-- A planned trip.
INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, planned_route, created_at)
VALUES (%(id)s, %(premises_id)s, %(trip_no)s, %(vehicle_id)s, %(planned_departure_at)s, %(planned_route)s,
    %(created_at)s);

-- name: put_trip_crew
-- One person on a trip.
INSERT INTO waybill.trip_crew (trip_id, driver_id, premises_id, role)
VALUES (%(trip_id)s, %(driver_id)s, %(premises_id)s, %(role)s);

-- name: put_trip_drop
-- One planned delivery of a trip.
INSERT INTO waybill.trip_drop (id, premises_id, trip_id, order_id, seq, planned_arrival_at)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(order_id)s, %(seq)s, %(planned_arrival_at)s);

-- name: milestone_counts
-- How many orders of the premises are where.
SELECT o.milestone, count(*) FROM waybill.orders o WHERE o.premises_id = %(premises_id)s GROUP BY o.milestone;
