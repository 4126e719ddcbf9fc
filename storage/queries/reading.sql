-- name: see_premises
-- Names the premises whose rows this transaction may see; the setting ends with the transaction.
SELECT set_config('waybill.premises', %(premises)s, true);

-- name: all_premises_ids
-- Every premises there is, for a process that shows them all.
SELECT id FROM reading.all_premises() AS p (id);

-- name: read_premises
-- The premises themselves.
SELECT id, code, name, address, lat_e7, lon_e7, tz, hours FROM reading.premises ORDER BY name, code;

-- name: read_fleet
-- One row per vehicle in service, always in the same order: a map moves its signs by place in the list.
SELECT v.premises_id, v.vehicle_id, v.vehicle_name, plate, device_name, v.fixed_at, lat_e7, lon_e7, speed_mps,
    course_deg, satellites, quality, replayed, device_state, report_interval_s, heartbeat_s, backlog, v.trip_id,
    v.trip_no, planned_departure_at, departed_at, crew, drops, drops_done, next_order_id, next_order_no, next_address,
    next_milestone, next_window_from, next_window_to, next_planned_arrival_at, next_arrived_at, next_seq, next_lat_e7,
    next_lon_e7, f.p50_at, f.p90_at, f.late_risk,
    EXISTS (SELECT FROM reading.risk_episode r
        WHERE r.order_id = next_order_id AND r.kind = 'at_risk' AND r.ended_at IS NULL),
    (SELECT count(DISTINCT r.order_id) FROM reading.risk_episode r WHERE r.trip_id = v.trip_id AND r.ended_at IS NULL
        AND r.order_id <> next_order_id)
FROM reading.fleet v
LEFT JOIN reading.forecast f ON f.order_id = v.next_order_id AND f.trip_id = v.trip_id
ORDER BY substring(v.vehicle_name FROM '^\D*'), substring(v.vehicle_name FROM '\d+')::numeric, v.vehicle_name,
    v.vehicle_id;

-- name: read_newest_fix
-- When the newest fix of the whole fleet was taken.
SELECT max(fixed_at) FROM reading.fleet;

-- name: read_trip
-- One trip with its planned route.
SELECT id, premises_id, trip_no, vehicle_name, planned_departure_at, departed_at, ended_at, plan_version,
    planned_route, crew
FROM reading.trip WHERE id = %(trip_id)s;

-- name: read_drops
-- The drops of a trip in the planned order.
SELECT d.order_id, d.order_no, d.seq, d.address, d.customer_name, d.lat_e7, d.lon_e7, d.window_from, d.window_to,
    d.planned_arrival_at, d.arrived_at, d.left_at, d.milestone, d.milestone_at, f.p50_at, f.p90_at, f.late_risk
FROM reading.trip_drop d
LEFT JOIN reading.forecast f ON f.order_id = d.order_id AND f.trip_id = d.trip_id
WHERE d.trip_id = %(trip_id)s ORDER BY d.seq;

-- name: read_trail
-- Where a vehicle went, the first fix of every bucket; fixes that do not count are left out.
SELECT DISTINCT ON (time_bucket(make_interval(secs => %(step_s)s), fixed_at)) fixed_at, lat_e7, lon_e7, speed_mps
FROM reading.vehicle_fix
WHERE vehicle_id = %(vehicle_id)s AND fixed_at >= %(from_at)s AND fixed_at < %(to_at)s AND refused_by IS NULL
ORDER BY time_bucket(make_interval(secs => %(step_s)s), fixed_at), fixed_at;

-- name: read_orders
-- One page of the orders that match; a filter that is NULL lets everything through.
SELECT id, premises_id, order_no, customer_name, address, window_from, window_to, placed_at, milestone, milestone_at,
    trip_no, vehicle_name, drop_seq, planned_arrival_at, arrived_at,
    extract(epoch FROM reading.late_by(window_to, milestone, milestone_at, arrived_at, %(now)s))::double precision
FROM reading.orders
WHERE (%(milestones)s::text[] IS NULL OR milestone = ANY (%(milestones)s))
    AND (%(from_at)s::timestamptz IS NULL OR window_from >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR window_from < %(to_at)s)
    AND (NOT %(late_only)s OR reading.late_by(window_to, milestone, milestone_at, arrived_at, %(now)s) IS NOT NULL)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', order_no, customer_name, address, vehicle_name, trip_no,
        source_ref, customer_phone) ILIKE %(pattern)s)
ORDER BY window_from, window_to, order_no, id
LIMIT %(limit)s OFFSET %(offset)s;

-- name: count_orders
-- How many orders match, by the same filters.
SELECT count(*)
FROM reading.orders
WHERE (%(milestones)s::text[] IS NULL OR milestone = ANY (%(milestones)s))
    AND (%(from_at)s::timestamptz IS NULL OR window_from >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR window_from < %(to_at)s)
    AND (NOT %(late_only)s OR reading.late_by(window_to, milestone, milestone_at, arrived_at, %(now)s) IS NOT NULL)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', order_no, customer_name, address, vehicle_name, trip_no,
        source_ref, customer_phone) ILIKE %(pattern)s);

-- name: read_order
-- One order by its number, or by its id.
SELECT id, premises_id, order_no, source, source_ref, customer_name, customer_phone, address, lat_e7, lon_e7,
    window_from, window_to, placed_at, note, currency, total_minor, milestone, milestone_at, trip_id, trip_no,
    vehicle_name, drop_seq, planned_arrival_at, arrived_at, left_at, planned_departure_at, departed_at, ended_at,
    extract(epoch FROM reading.late_by(window_to, milestone, milestone_at, arrived_at, %(now)s))::double precision,
    customer_note
FROM reading.orders
WHERE order_no = %(order)s OR id::text = lower(%(order)s)
ORDER BY window_from DESC, id LIMIT 1;

-- name: read_milestones
-- What happened to an order, in order of time.
SELECT id, trip_id, milestone, at, known, declared_by, reason_code, note, evidence, recorded_at
FROM reading.milestone WHERE order_id = %(order_id)s ORDER BY at, recorded_at, id;

-- name: read_forecast
-- What is said now of when the van is at an order's door, and why it was said anew.
SELECT f.p50_at, f.p90_at, f.late_risk, f.source, f.fixed_at, f.drops_before, f.published_at,
    (SELECT p.cause FROM reading.published_forecast p
        WHERE p.order_id = f.order_id AND p.trip_id = f.trip_id AND p.published_at = f.published_at
        ORDER BY p.id DESC LIMIT 1)
FROM reading.forecast f WHERE f.order_id = %(order_id)s;

-- name: read_messages
-- What an order's customer was told, in order of time.
SELECT kind, channel, recipient, correction, subject, body, at, attempts, outcome, because
FROM reading.message WHERE order_id = %(order_id)s AND audience = 'customer' ORDER BY created_at, id;

-- name: read_lines
-- What was ordered.
SELECT line_no, item, category, tag, quantity, unit, unit_price_minor
FROM reading.order_line WHERE order_id = %(order_id)s ORDER BY line_no;

-- name: read_legs
-- The order's way: on which trips, from-to (to NULL = still).
SELECT l.id, l.trip_id, t.trip_no, l.vehicle_id, t.vehicle_name, t.crew, l.from_at, l.to_at
FROM reading.leg l JOIN reading.trip t ON t.id = l.trip_id
WHERE l.order_id = %(order_id)s ORDER BY l.from_at, l.id;

-- name: read_vehicle_names
-- Every vehicle there is, to name them when one is asked for that is not there.
SELECT name FROM reading.vehicle ORDER BY name;

-- name: read_history
-- Every fix of a vehicle from-to (to excluded) in order of time, the refused ones only when asked for.
SELECT fixed_at, received_at, lat_e7, lon_e7, altitude_m, speed_mps, course_deg, hdop, accuracy_m, satellites,
    ignition, quality, source, device_name, spool, seq, replayed, refused_by
FROM reading.vehicle_fix
WHERE vehicle_name = %(vehicle)s AND fixed_at >= %(from_at)s AND fixed_at < %(to_at)s
    AND (%(refused)s OR refused_by IS NULL)
ORDER BY fixed_at, device_name, seq;

-- name: read_phone_history
-- The same of phones that are said to be in the vehicle.
SELECT fixed_at, received_at, lat_e7, lon_e7, altitude_m, speed_mps, course_deg, hdop, accuracy_m, satellites,
    ignition, quality, source, device_name, spool, seq, replayed, refused_by
FROM reading.phone_fix
WHERE vehicle_name = %(vehicle)s AND fixed_at >= %(from_at)s AND fixed_at < %(to_at)s
    AND (%(refused)s OR refused_by IS NULL)
ORDER BY fixed_at, device_name, seq;
