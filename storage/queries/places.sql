-- name: set_order_place
-- Where an order is to be handed over, and how that is known.
UPDATE waybill.orders SET lat_e7 = %(place_lat_e7)s, lon_e7 = %(place_lon_e7)s, place_source = %(place_source)s,
    place_quality = %(place_quality)s, place_problem = %(place_problem)s, place_note = %(place_note)s,
    place_ask_at = %(place_ask_at)s, place_tries = %(place_tries)s
WHERE id = %(order_id)s;

-- name: lock_order_address
-- An order's address with what is known of its place, locked until the transaction ends.
SELECT o.id, o.premises_id, o.order_no, o.source, o.source_ref, o.address, o.given_lat_e7, o.given_lon_e7, o.lat_e7,
    o.lon_e7, o.place_source, o.place_quality, o.place_problem, o.place_note, o.place_ask_at, o.place_tries,
    o.milestone, o.test, p.lat_e7, p.lon_e7
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE o.id = %(order_id)s FOR UPDATE OF o;

-- name: doors
-- What is known of the doors with one of these addresses.
SELECT d.address_key, d.known, d.address, d.lat_e7, d.lon_e7, d.quality, d.n, d.spread_m, d.said_by, d.note,
    d.learned_at
FROM waybill.door d
WHERE d.premises_id = %(premises_id)s AND d.address_key = %(address_key)s;

-- name: put_door
-- What is known of a door from now on.
INSERT INTO waybill.door (premises_id, address_key, known, address, lat_e7, lon_e7, quality, n, spread_m, said_by,
    note, learned_at)
VALUES (%(premises_id)s, %(address_key)s, %(known)s, %(address)s, %(lat_e7)s, %(lon_e7)s, %(quality)s, %(n)s,
    %(spread_m)s, %(said_by)s, %(note)s, %(learned_at)s)
ON CONFLICT (premises_id, address_key, known) DO UPDATE SET address = excluded.address, lat_e7 = excluded.lat_e7,
    lon_e7 = excluded.lon_e7, quality = excluded.quality, n = excluded.n, spread_m = excluded.spread_m,
    said_by = excluded.said_by, note = excluded.note, learned_at = excluded.learned_at;

-- name: door_used
-- When a door was last given to an order. One that another transaction has just used is passed over: a day's import holds
-- its doors until it ends, and whoever waited for one while the import waits for the next order number would wait for ever.
UPDATE waybill.door SET used_at = %(at)s
WHERE (premises_id, address_key, known) IN (
    SELECT d.premises_id, d.address_key, d.known FROM waybill.door d
    WHERE d.premises_id = %(premises_id)s AND d.address_key = %(address_key)s AND d.known = %(known)s
    FOR UPDATE SKIP LOCKED);

-- name: forget_door
-- What handoffs taught does not hold any more.
DELETE FROM waybill.door WHERE premises_id = %(premises_id)s AND address_key = %(address_key)s AND known = 'handoffs';

-- name: waiting_addresses
-- Open orders without a place, and those with something against theirs, by window.
SELECT o.id, p.code, o.order_no, o.source, o.source_ref, o.customer_name, o.address, o.window_from, o.window_to,
    o.milestone, o.lat_e7, o.lon_e7, o.given_lat_e7, o.given_lon_e7, o.place_source, o.place_quality,
    o.place_problem, o.place_note, o.place_ask_at
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE (o.lat_e7 IS NULL OR o.place_problem IS NOT NULL) AND o.test = %(test)s
    AND o.milestone NOT IN ('delivered', 'returned', 'cancelled')
    AND (%(premises_ids)s::uuid[] IS NULL OR o.premises_id = ANY (%(premises_ids)s))
    AND (NOT %(unresolved)s OR o.lat_e7 IS NULL)
    AND (%(after_at)s::timestamptz IS NULL OR (o.window_from, o.id) > (%(after_at)s, %(after_id)s::uuid))
ORDER BY o.window_from, o.id
LIMIT %(most)s;

-- name: unresolved_orders
-- Open orders without a place, in order of their ids, those of one premises or all.
SELECT o.id, o.address FROM waybill.orders o
WHERE o.lat_e7 IS NULL AND o.milestone NOT IN ('delivered', 'returned', 'cancelled')
    AND (%(premises_id)s::uuid IS NULL OR o.premises_id = %(premises_id)s)
    AND (%(after)s::uuid IS NULL OR o.id > %(after)s)
ORDER BY o.id
LIMIT %(most)s;

-- name: claim_address_to_ask
-- The order whose address is to be asked for next; nobody else asks before then.
UPDATE waybill.orders SET place_ask_at = %(until)s
WHERE id = (
    SELECT o.id FROM waybill.orders o
    WHERE o.place_ask_at <= %(now)s AND o.lat_e7 IS NULL
        AND o.milestone NOT IN ('delivered', 'returned', 'cancelled')
    ORDER BY o.place_ask_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, address;

-- name: new_door_visits
-- Orders that were delivered where their arrival was seen, of which it is not noted yet where the vehicle stood.
SELECT o.id, o.premises_id, o.address, d.arrived_at, (
    SELECT json_agg(json_build_array(f.lat_e7, f.lon_e7)) FROM (
        SELECT x.lat_e7, x.lon_e7 FROM waybill.install i
        JOIN waybill.fix x ON x.device_id = i.device_id
            AND x.fixed_at BETWEEN d.arrived_at AND d.left_at AND x.fixed_at <@ i.during
        WHERE i.vehicle_id = t.vehicle_id AND i.dedicated AND x.source = 'dedicated' AND x.refused_by IS NULL
        ORDER BY x.fixed_at LIMIT 500) f)
FROM waybill.orders o
JOIN waybill.trip_drop d ON d.order_id = o.id
JOIN waybill.trip t ON t.id = d.trip_id
WHERE o.window_from >= %(since)s AND o.milestone = 'delivered' AND NOT o.test
    AND d.arrived_at IS NOT NULL AND d.left_at IS NOT NULL
    AND EXISTS (SELECT FROM waybill.milestone m WHERE m.order_id = o.id AND m.trip_id = d.trip_id
        AND m.milestone = 'delivered' AND m.known = 'declared')
    AND EXISTS (SELECT FROM waybill.milestone m WHERE m.order_id = o.id AND m.trip_id = d.trip_id
        AND m.milestone = 'arrived' AND m.known = 'detected')
    AND NOT EXISTS (SELECT FROM waybill.door_visit v WHERE v.order_id = o.id)
ORDER BY o.window_from, o.id
LIMIT %(most)s;

-- name: put_door_visit
-- Where the vehicle stood.
INSERT INTO waybill.door_visit (order_id, premises_id, address_key, at, lat_e7, lon_e7, fixes)
VALUES (%(order_id)s, %(premises_id)s, %(address_key)s, %(at)s, %(lat_e7)s, %(lon_e7)s, %(fixes)s)
ON CONFLICT (order_id) DO NOTHING;

-- name: door_visits
-- The newest visits to a door since its place was pinned.
SELECT v.lat_e7, v.lon_e7, v.at FROM waybill.door_visit v
WHERE v.premises_id = %(premises_id)s AND v.address_key = %(address_key)s
    AND v.at > coalesce((SELECT d.learned_at FROM waybill.door d WHERE d.premises_id = v.premises_id
        AND d.address_key = v.address_key AND d.known = 'pin'), '-infinity')
ORDER BY v.at DESC
LIMIT %(most)s;
