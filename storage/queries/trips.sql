-- name: find_trips
-- Trips by id or number for whoever may see their premises (NULL: all), or for somebody who is on their crew.
SELECT t.id FROM waybill.trip t JOIN waybill.premises p ON p.id = t.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR t.premises_id = ANY (%(premises_ids)s))
    AND (t.id = %(id)s OR t.trip_no = %(trip_no)s)
    AND (%(driver_id)s::uuid IS NULL OR EXISTS (
        SELECT FROM waybill.trip_crew c WHERE c.trip_id = t.id AND c.driver_id = %(driver_id)s))
ORDER BY p.code
LIMIT 2;

-- name: lock_trips
-- These trips, locked until the transaction ends, in an order that lets no two wait for one another.
SELECT id FROM waybill.trip WHERE id = ANY (%(trip_ids)s) ORDER BY id FOR UPDATE;

-- name: trip_heads
-- Trips with their vehicle and its newest fix that counts, and where their premises are.
SELECT t.id, t.premises_id, p.code, t.trip_no, t.vehicle_id, v.name, v.plate, t.planned_departure_at, t.departed_at,
    t.ended_at, t.declared_departed_at, t.declared_ended_at, t.end_reason, t.cancelled, t.plan_version,
    t.planned_route IS NOT NULL, t.profile, t.profile_version, t.ledger_no, t.checklist, t.created_at, p.lat_e7, p.lon_e7, p.tz, p.hours, i.device_id IS NOT NULL, f.fixed_at,
    f.lat_e7, f.lon_e7
FROM waybill.trip t
JOIN waybill.premises p ON p.id = t.premises_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
LEFT JOIN waybill.install i ON i.vehicle_id = t.vehicle_id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
WHERE t.id = ANY (%(trip_ids)s)
ORDER BY t.planned_departure_at, t.id;

-- name: drops_of_trips
-- The drops of trips in sequence, each with its order.
SELECT d.trip_id, d.id, d.order_id, o.order_no, o.address, o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.milestone,
    d.seq, d.planned_arrival_at, d.arrived_at, d.left_at, o.currency, o.total_minor, o.due_minor, to_jsonb(f)
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
LEFT JOIN waybill.forecast f ON f.order_id = d.order_id AND f.trip_id = d.trip_id
WHERE d.trip_id = ANY (%(trip_ids)s)
ORDER BY d.trip_id, d.seq;

-- name: crews_of_trips
-- Who is on trips.
SELECT c.trip_id, c.driver_id, r.employee_no, r.name, c.role
FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id
WHERE c.trip_id = ANY (%(trip_ids)s)
ORDER BY c.trip_id, c.role, r.employee_no;

-- name: route_of_trip
-- The planned way of a trip.
SELECT planned_route FROM waybill.trip WHERE id = %(trip_id)s;

-- name: trip_list
-- Trips by planned departure, those after a place in the list; every filter is off when it is NULL.
SELECT t.id
FROM waybill.trip t JOIN waybill.premises p ON p.id = t.premises_id JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR t.premises_id = ANY (%(premises_ids)s))
    AND (%(premises)s::text IS NULL OR p.code = %(premises)s)
    AND (%(vehicle)s::text IS NULL OR v.name = %(vehicle)s)
    AND (%(state)s::text IS NULL OR %(state)s = CASE WHEN t.cancelled THEN 'cancelled'
        WHEN t.ended_at IS NOT NULL THEN 'ended' WHEN t.departed_at IS NOT NULL THEN 'under_way' ELSE 'planned' END)
    AND (%(from_at)s::timestamptz IS NULL OR t.planned_departure_at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR t.planned_departure_at < %(to_at)s)
    AND (%(after_at)s::timestamptz IS NULL OR (t.planned_departure_at, t.id) > (%(after_at)s, %(after_id)s::uuid))
ORDER BY t.planned_departure_at, t.id
LIMIT %(most)s;

-- name: open_trips_of
-- Trips that have not ended, of a vehicle or with one of these people.
SELECT DISTINCT t.id FROM waybill.trip t LEFT JOIN waybill.trip_crew c ON c.trip_id = t.id
WHERE t.ended_at IS NULL AND (t.vehicle_id = %(vehicle_id)s OR c.driver_id = ANY (%(driver_ids)s));

-- name: open_trips_of_premises
-- Trips of a premises that have not ended.
SELECT t.id FROM waybill.trip t WHERE t.ended_at IS NULL AND t.premises_id = %(premises_id)s
ORDER BY t.planned_departure_at, t.id;

-- name: order_for_trip
-- Orders by id or number at a premises as a trip needs them, with the open trip that they are on.
SELECT o.id, o.premises_id, o.order_no, o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.milestone, o.test, o.address,
    open.id, open.trip_no, open.name
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT t.id, t.trip_no, v.name FROM waybill.trip_drop d JOIN waybill.trip t ON t.id = d.trip_id
    JOIN waybill.vehicle v ON v.id = t.vehicle_id
    WHERE d.order_id = o.id AND t.ended_at IS NULL
    ORDER BY t.planned_departure_at DESC LIMIT 1
) open ON true
WHERE (o.id = %(id)s OR o.order_no = %(order_no)s) AND (%(premises_ids)s::uuid[] IS NULL
    OR o.premises_id = ANY (%(premises_ids)s))
ORDER BY o.premises_id = %(premises_id)s DESC, o.test
LIMIT 1;

-- name: change_trip
-- What the trip is to be from now on.
UPDATE waybill.trip SET vehicle_id = %(vehicle_id)s, planned_departure_at = %(planned_departure_at)s,
    planned_route = CASE WHEN %(keep_route)s THEN planned_route ELSE %(planned_route)s END,
    plan_version = plan_version + 1
WHERE id = %(trip_id)s
RETURNING plan_version;

-- name: clear_trip_crew
-- Makes room for another crew.
DELETE FROM waybill.trip_crew WHERE trip_id = %(trip_id)s;

-- name: remove_trip_drops
-- Takes orders off a trip; what they were on it stays in trip_change, the way that they went in leg.
DELETE FROM waybill.trip_drop WHERE trip_id = %(trip_id)s AND NOT order_id = ANY (%(order_ids)s);

-- name: put_trip_drops
-- The drops of a trip in sequence; what happened at a door that stays on the trip is kept.
INSERT INTO waybill.trip_drop AS d (id, premises_id, trip_id, order_id, seq, planned_arrival_at)
SELECT w.id, t.premises_id, t.id, w.order_id, w.seq, w.planned_arrival_at
FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[], %(seqs)s::smallint[], %(planned)s::timestamptz[])
    AS w (id, order_id, seq, planned_arrival_at)
JOIN waybill.trip t ON t.id = %(trip_id)s
ON CONFLICT (trip_id, order_id) DO UPDATE SET seq = excluded.seq, planned_arrival_at = excluded.planned_arrival_at;

-- name: put_trip_change
-- What the trip was to be before and after a change.
INSERT INTO waybill.trip_change (id, premises_id, trip_id, plan_version, kinds, at, actor_kind, actor, reason, before,
    after)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(plan_version)s, %(kinds)s, %(at)s, %(actor_kind)s, %(actor)s,
    %(reason)s, %(before)s, %(after)s);

-- name: trip_changes
-- Every change of a trip's plan.
SELECT plan_version, kinds, at, actor_kind, actor, reason, before, after
FROM waybill.trip_change WHERE trip_id = %(trip_id)s ORDER BY plan_version;

-- name: declare_departure
-- What somebody says of the departure; it counts when none was detected.
UPDATE waybill.trip SET declared_departed_at = %(at)s, departed_at = coalesce(departed_at, %(at)s)
WHERE id = %(trip_id)s
RETURNING departed_at;

-- name: declare_end
-- What somebody says of the end, and why; it counts when none was detected.
UPDATE waybill.trip SET declared_ended_at = %(at)s, ended_at = coalesce(ended_at, %(at)s), end_reason = %(reason)s,
    cancelled = %(cancelled)s
WHERE id = %(trip_id)s
RETURNING ended_at;

-- name: join_leg
-- Orders that go on a trip under way from now on.
INSERT INTO waybill.leg (id, premises_id, trip_id, order_id, during, joined_at)
SELECT w.id, t.premises_id, t.id, w.order_id, tstzrange(%(at)s, NULL), %(at)s
FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[]) AS w (id, order_id) JOIN waybill.trip t ON t.id = %(trip_id)s
ON CONFLICT (trip_id, order_id) DO UPDATE SET during = excluded.during, joined_at = excluded.joined_at;

-- name: part_leg
-- Orders that leave a trip under way.
UPDATE waybill.leg SET during = tstzrange(lower(during), greatest(%(at)s, lower(during)), '[]'), parted_at = %(at)s
WHERE trip_id = %(trip_id)s AND order_id = ANY (%(order_ids)s) AND upper_inf(during);

-- name: left_the_trip
-- Which of these orders were on the trip already and left it under way.
SELECT order_id FROM waybill.leg
WHERE trip_id = %(trip_id)s AND order_id = ANY (%(order_ids)s) AND parted_at IS NOT NULL;

-- name: lock_plans
-- Whoever plans at these premises; the lock lets two plans of one vehicle wait for one another.
SELECT 1 FROM waybill.premises WHERE id = %(premises_id)s FOR NO KEY UPDATE;
