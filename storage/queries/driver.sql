-- name: lock_driver
-- One link at a time is issued to a driver.
SELECT id FROM waybill.driver WHERE id = %(driver_id)s FOR NO KEY UPDATE;

-- name: put_shift_link
-- A link for a driver's shift, not opened yet.
INSERT INTO waybill.shift_link (id, premises_id, driver_id, token_digest, issued_at, issued_by, ends_at)
VALUES (%(id)s, %(premises_id)s, %(driver_id)s, %(token_digest)s, %(issued_at)s, %(issued_by)s, %(ends_at)s);

-- name: shift_link_of_token
-- The link of a token, if it is good still, with whose it is.
SELECT s.id, s.premises_id, s.driver_id, r.employee_no, r.name, p.tz, s.issued_at, s.issued_by, s.ends_at, s.opened_at,
    s.browser, s.seen_at, s.ended_at, s.ended_by, s.end_reason
FROM waybill.shift_link s
JOIN waybill.driver r ON r.id = s.driver_id
JOIN waybill.premises p ON p.id = s.premises_id
WHERE s.token_digest = %(digest)s AND s.ended_at IS NULL AND s.ends_at > %(now)s;

-- name: shift_link_of_phone
-- The link that a phone opened, if it is good still, with whose it is.
SELECT s.id, s.premises_id, s.driver_id, r.employee_no, r.name, p.tz, s.issued_at, s.issued_by, s.ends_at, s.opened_at,
    s.browser, s.seen_at, s.ended_at, s.ended_by, s.end_reason
FROM waybill.shift_link s
JOIN waybill.driver r ON r.id = s.driver_id
JOIN waybill.premises p ON p.id = s.premises_id
WHERE s.phone_digest = %(digest)s AND s.ended_at IS NULL AND s.ends_at > %(now)s;

-- name: shift_links_of_driver
-- A driver's links, newest first.
SELECT s.id, s.premises_id, s.driver_id, r.employee_no, r.name, p.tz, s.issued_at, s.issued_by, s.ends_at, s.opened_at,
    s.browser, s.seen_at, s.ended_at, s.ended_by, s.end_reason
FROM waybill.shift_link s
JOIN waybill.driver r ON r.id = s.driver_id
JOIN waybill.premises p ON p.id = s.premises_id
WHERE s.driver_id = %(driver_id)s
ORDER BY s.issued_at DESC, s.id DESC
LIMIT %(most)s;

-- name: bind_shift_link
-- The first phone that opens a link has it from then on.
UPDATE waybill.shift_link SET opened_at = %(at)s, phone_digest = %(phone_digest)s, browser = %(browser)s, seen_at = %(at)s
WHERE id = %(id)s AND phone_digest IS NULL AND ended_at IS NULL;

-- name: touch_shift_link
-- The phone was heard of.
UPDATE waybill.shift_link SET seen_at = %(at)s WHERE id = %(id)s;

-- name: end_shift_links
-- Ends a driver's links that are good still (one of them, or NULL: all); their ids.
UPDATE waybill.shift_link SET ended_at = %(at)s, ended_by = %(by)s, end_reason = %(reason)s
WHERE driver_id = %(driver_id)s AND ended_at IS NULL AND ends_at > %(at)s AND (%(id)s::uuid IS NULL OR id = %(id)s)
RETURNING id;

-- name: trips_of_driver
-- A driver's trips of these hours and those under way, which come first; none that was called off.
SELECT t.id
FROM waybill.trip t JOIN waybill.trip_crew c ON c.trip_id = t.id
WHERE c.driver_id = %(driver_id)s AND NOT t.cancelled
    AND (t.planned_departure_at BETWEEN %(from_at)s AND %(to_at)s
        OR t.departed_at IS NOT NULL AND t.ended_at IS NULL)
ORDER BY t.departed_at IS NOT NULL AND t.ended_at IS NULL DESC, t.ended_at IS NULL DESC, t.planned_departure_at, t.id
LIMIT %(most)s;

-- name: customers_of_trip
-- What whoever goes to the doors of a trip has to know of each order's customer.
SELECT d.order_id, o.customer_name, o.customer_phone, o.customer_type, o.customer_language, o.note, o.customer_note,
    o.payment, (SELECT count(*) FROM waybill.order_line l WHERE l.order_id = o.id) AS lines
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = %(trip_id)s;

-- name: phone_of_premises
-- Name and number of whoever dispatches.
SELECT name, phone FROM waybill.premises WHERE id = %(premises_id)s;

-- name: stops_to_explain
-- Stops of a trip for which an exception is open that they are not explained.
SELECT s.id, s.began_at, s.ended_at
FROM waybill.stop s JOIN waybill.derivation d ON d.id = s.derivation_id
WHERE d.trip_id = %(trip_id)s AND d.superseded_at IS NULL AND s.reason = 'UNEXPLAINED' AND EXISTS (
    SELECT FROM waybill.exception e
    WHERE e.trip_id = d.trip_id AND e.kind = 'unexplained_stop' AND e.closed_at IS NULL AND NOT e.withdrawn
        AND e.during && tstzrange(s.began_at, s.ended_at, '[]'))
ORDER BY s.began_at;

-- name: cash_of_trip
-- What was paid in cash at the doors of a trip, by currency.
SELECT o.currency, sum(h.paid_minor)::bigint
FROM waybill.handoff h JOIN waybill.orders o ON o.id = h.order_id
WHERE h.trip_id = %(trip_id)s AND h.paid_by = 'cash' AND h.outcome <> 'failed' AND h.paid_minor > 0
GROUP BY o.currency
ORDER BY o.currency;

-- name: put_trip_return
-- Who received what came back, and what was counted; nothing when it is on record already.
INSERT INTO waybill.trip_return (trip_id, premises_id, driver_id, at, received_by, goods, cash, note, recorded_by,
    recorded_at)
VALUES (%(trip_id)s, %(premises_id)s, %(driver_id)s, %(at)s, %(received_by)s, %(goods)s, %(cash)s, %(note)s,
    %(recorded_by)s, %(recorded_at)s)
ON CONFLICT (trip_id) DO NOTHING;

-- name: trip_return
-- What came back from a trip.
SELECT b.at, r.employee_no, b.received_by, b.goods, b.cash, b.note, b.recorded_by, b.recorded_at
FROM waybill.trip_return b JOIN waybill.driver r ON r.id = b.driver_id
WHERE b.trip_id = %(trip_id)s;
