-- name: put_transfer
-- Goods that are to change hands.
INSERT INTO waybill.transfer (id, premises_id, from_trip_id, to_trip_id, asked_at, actor_kind, actor, reason, ends_trip)
VALUES (%(id)s, %(premises_id)s, %(from_trip_id)s, %(to_trip_id)s, %(asked_at)s, %(actor_kind)s, %(actor)s, %(reason)s,
    %(ends_trip)s);

-- name: put_transfer_order
-- One order of a transfer.
INSERT INTO waybill.transfer_order (transfer_id, order_id, premises_id)
VALUES (%(transfer_id)s, %(order_id)s, %(premises_id)s);

-- name: find_transfer
-- A transfer of whoever may see its premises (NULL: all), locked until the transaction ends.
SELECT id FROM waybill.transfer
WHERE id = %(id)s AND (%(premises_ids)s::uuid[] IS NULL OR premises_id = ANY (%(premises_ids)s))
FOR UPDATE;

-- name: transfers
-- Transfers by id, by trip, or those that wait still (what is NULL is not asked by), for whoever may see their premises
-- (NULL: all) or is in one of the two crews.
SELECT r.id, r.premises_id, p.code, r.from_trip_id, f.trip_no, fv.name, r.to_trip_id, t.trip_no, tv.name, r.asked_at,
    r.actor, r.reason, r.ends_trip, r.given_at, r.given_by, r.taken_at, r.taken_by,
    r.given_recorded_by, r.given_reason, r.taken_recorded_by, r.taken_reason,
    coalesce((SELECT array_agg(o.order_no ORDER BY o.order_no) FROM waybill.transfer_order m
        JOIN waybill.orders o ON o.id = m.order_id WHERE m.transfer_id = r.id AND m.withdrawn_at IS NULL), '{}'),
    coalesce((SELECT array_agg(m.order_id ORDER BY m.order_id) FROM waybill.transfer_order m
        WHERE m.transfer_id = r.id AND m.withdrawn_at IS NULL), '{}')
FROM waybill.transfer r
JOIN waybill.premises p ON p.id = r.premises_id
JOIN waybill.trip f ON f.id = r.from_trip_id JOIN waybill.vehicle fv ON fv.id = f.vehicle_id
JOIN waybill.trip t ON t.id = r.to_trip_id JOIN waybill.vehicle tv ON tv.id = t.vehicle_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR r.premises_id = ANY (%(premises_ids)s)
        OR (%(driver_id)s::uuid IS NOT NULL AND EXISTS (SELECT FROM waybill.trip_crew c
            WHERE c.driver_id = %(driver_id)s AND c.trip_id IN (r.from_trip_id, r.to_trip_id))))
    AND (%(id)s::uuid IS NULL OR r.id = %(id)s)
    AND (%(trip_id)s::uuid IS NULL OR r.from_trip_id = %(trip_id)s OR r.to_trip_id = %(trip_id)s)
    AND (NOT %(pending)s OR ((r.given_at IS NULL OR r.taken_at IS NULL) AND EXISTS (
        SELECT FROM waybill.transfer_order m WHERE m.transfer_id = r.id AND m.withdrawn_at IS NULL)))
ORDER BY r.asked_at, r.id
LIMIT 200;

-- name: pending_transfers_of_orders
-- For each of these orders whose goods are to change hands still: the transfer, and the trip that has them.
SELECT m.order_id, r.id, r.from_trip_id
FROM waybill.transfer_order m JOIN waybill.transfer r ON r.id = m.transfer_id
WHERE m.order_id = ANY (%(order_ids)s) AND m.withdrawn_at IS NULL AND (r.given_at IS NULL OR r.taken_at IS NULL);

-- name: withdraw_transfer_order
-- The order is planned otherwise.
UPDATE waybill.transfer_order SET withdrawn_at = %(at)s WHERE transfer_id = %(transfer_id)s AND order_id = %(order_id)s;

-- name: confirm_transfer
-- What a crew says; the first word of each side stays.
UPDATE waybill.transfer SET
    given_at = CASE WHEN %(gives)s THEN coalesce(given_at, %(at)s) ELSE given_at END,
    given_by = CASE WHEN %(gives)s THEN coalesce(given_by, %(by)s) ELSE given_by END,
    given_recorded_by = CASE WHEN %(gives)s THEN coalesce(given_recorded_by, %(recorded_by)s) ELSE given_recorded_by END,
    given_reason = CASE WHEN %(gives)s AND given_at IS NULL THEN %(reason)s ELSE given_reason END,
    taken_at = CASE WHEN %(takes)s THEN coalesce(taken_at, %(at)s) ELSE taken_at END,
    taken_by = CASE WHEN %(takes)s THEN coalesce(taken_by, %(by)s) ELSE taken_by END,
    taken_recorded_by = CASE WHEN %(takes)s THEN coalesce(taken_recorded_by, %(recorded_by)s) ELSE taken_recorded_by END,
    taken_reason = CASE WHEN %(takes)s AND taken_at IS NULL THEN %(reason)s ELSE taken_reason END
WHERE id = %(id)s;

-- name: standing_by
-- Vehicles in service at a premises without a trip that has not ended, each with its newest fix that counts.
SELECT v.name, f.fixed_at, f.lat_e7, f.lon_e7
FROM waybill.vehicle v
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
WHERE v.premises_id = %(premises_id)s AND v.retired_at IS NULL
    AND NOT EXISTS (SELECT FROM waybill.trip t WHERE t.vehicle_id = v.id AND t.ended_at IS NULL)
ORDER BY v.name;
