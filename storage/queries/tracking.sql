-- name: installs_of_devices
-- Which vehicle each device was fitted in, from-to, and where that vehicle's premises are.
SELECT i.device_id, lower(i.during), upper(i.during), i.vehicle_id::text, i.premises_id::text, p.lat_e7, p.lon_e7,
    (s.body ->> 'report_interval_s')::double precision, (s.body ->> 'heartbeat_s')::double precision
FROM waybill.install i JOIN waybill.premises p ON p.id = i.premises_id
LEFT JOIN waybill.device_status s ON s.device_id = i.device_id
WHERE i.device_id = ANY (%(device_ids)s) AND i.dedicated
ORDER BY i.device_id, lower(i.during);

-- name: open_trips_of_vehicles
-- Trips that have not ended, with their drops in order.
SELECT t.vehicle_id::text, t.id::text, t.planned_departure_at, t.departed_at,
    d.id::text, d.order_id::text, d.seq, o.lat_e7, o.lon_e7, d.arrived_at, d.left_at,
    o.milestone IN ('delivered', 'failed', 'returned', 'cancelled'), t.plan_version, t.planned_route IS NOT NULL
FROM waybill.trip t
LEFT JOIN waybill.trip_drop d ON d.trip_id = t.id
LEFT JOIN waybill.orders o ON o.id = d.order_id
WHERE t.vehicle_id = ANY (%(vehicle_ids)s::uuid[]) AND t.ended_at IS NULL
ORDER BY t.vehicle_id, t.planned_departure_at, t.id, d.seq;

-- name: routes_of_trips
-- The planned ways of these trips.
SELECT id::text, planned_route FROM waybill.trip WHERE id = ANY (%(trip_ids)s::uuid[]) AND planned_route IS NOT NULL;

-- name: listen_for_plan_changes
-- Has the database tell this session when installs or plans have changed.
LISTEN waybill_plan;

-- name: tracking_states
-- What the engine remembers of each device.
SELECT device_id, state::text FROM waybill.tracking_state WHERE device_id = ANY (%(device_ids)s);

-- name: trips_departed
-- Trips that left; a time that is known already stays.
UPDATE waybill.trip t SET departed_at = w.at
FROM unnest(%(trip_ids)s::uuid[], %(at)s::timestamptz[]) AS w (trip_id, at)
WHERE t.id = w.trip_id AND t.departed_at IS NULL
RETURNING t.id::text, t.premises_id, t.trip_no, t.departed_at;

-- name: open_legs
-- A leg for every order on the trips that left; one that was cancelled in the yard stayed there.
INSERT INTO waybill.leg (id, premises_id, trip_id, order_id, during)
SELECT w.id, t.premises_id, t.id, w.order_id, tstzrange(t.departed_at, NULL)
FROM unnest(%(ids)s::uuid[], %(trip_ids)s::uuid[], %(order_ids)s::uuid[]) AS w (id, trip_id, order_id)
JOIN waybill.trip t ON t.id = w.trip_id
WHERE NOT EXISTS (SELECT FROM waybill.milestone m
    WHERE m.order_id = w.order_id AND m.trip_id = t.id AND m.milestone = 'cancelled' AND m.at <= t.departed_at)
ON CONFLICT (trip_id, order_id) DO NOTHING;

-- name: orders_of_trips
-- The orders on these trips.
SELECT d.trip_id::text, d.order_id::text, o.milestone
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = ANY (%(trip_ids)s::uuid[])
ORDER BY d.trip_id, d.seq;

-- name: orders_on_the_road
-- The orders that are on these trips and left with them, or joined them under way.
SELECT d.trip_id::text, d.order_id::text, o.milestone
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = ANY (%(trip_ids)s::uuid[])
    AND EXISTS (SELECT FROM waybill.leg l WHERE l.trip_id = d.trip_id AND l.order_id = d.order_id)
ORDER BY d.trip_id, d.seq;

-- name: trips_ended
-- Trips whose vehicle is back.
UPDATE waybill.trip t SET ended_at = w.at
FROM unnest(%(trip_ids)s::uuid[], %(at)s::timestamptz[]) AS w (trip_id, at)
WHERE t.id = w.trip_id AND t.ended_at IS NULL AND t.departed_at <= w.at
RETURNING t.id::text, t.premises_id, t.trip_no, t.ended_at;

-- name: trips_unseen
-- Trips that must have left while nobody saw it, and are over.
UPDATE waybill.trip t SET ended_at = w.at, end_reason = %(reason)s
FROM unnest(%(trip_ids)s::uuid[], %(at)s::timestamptz[]) AS w (trip_id, at)
WHERE t.id = w.trip_id AND t.ended_at IS NULL AND t.departed_at IS NULL
RETURNING t.id::text, t.premises_id, t.trip_no, t.ended_at;

-- name: close_legs
-- The legs that were still open on trips that ended.
UPDATE waybill.leg l SET during = tstzrange(lower(l.during), greatest(t.ended_at, lower(l.during)), '[]')
FROM waybill.trip t
WHERE t.id = l.trip_id AND l.trip_id = ANY (%(trip_ids)s::uuid[]) AND upper_inf(l.during);

-- name: drops_arrived
-- When the vehicle came to the doors; where it came again, the last time counts and it has not left yet.
UPDATE waybill.trip_drop d SET arrived_at = w.at, left_at = NULL
FROM unnest(%(drop_ids)s::uuid[], %(at)s::timestamptz[]) AS w (drop_id, at)
WHERE d.id = w.drop_id AND (d.arrived_at IS NULL OR d.arrived_at < w.at);

-- name: drops_left
-- When the vehicle left the doors.
UPDATE waybill.trip_drop d SET left_at = w.at
FROM unnest(%(drop_ids)s::uuid[], %(at)s::timestamptz[]) AS w (drop_id, at)
WHERE d.id = w.drop_id AND d.left_at IS NULL AND (d.arrived_at IS NULL OR d.arrived_at <= w.at);

-- name: put_detected_milestones
-- Milestones that fixes showed; one told before is not told again.
INSERT INTO waybill.milestone (id, premises_id, order_id, trip_id, milestone, at, known, evidence, recorded_at)
SELECT w.id, o.premises_id, w.order_id, w.trip_id, w.milestone, w.at, 'detected', w.evidence, %(recorded_at)s
FROM unnest(%(ids)s::uuid[], %(order_ids)s::uuid[], %(trip_ids)s::uuid[], %(milestones)s::text[],
    %(at)s::timestamptz[], %(evidence)s::jsonb[]) AS w (id, order_id, trip_id, milestone, at, evidence)
JOIN waybill.orders o ON o.id = w.order_id
ON CONFLICT DO NOTHING;

-- name: advance_orders
-- Orders whose newest milestone this is now; an order that is past it already stays.
UPDATE waybill.orders o SET milestone = %(milestone)s, milestone_at = w.at
FROM unnest(%(order_ids)s::uuid[], %(at)s::timestamptz[]) AS w (order_id, at)
WHERE o.id = w.order_id AND o.milestone = ANY (%(predecessors)s);
