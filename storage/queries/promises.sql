-- name: read_promises
-- What was promised for from-to (by the window's end, to excluded) and what came of it; cancelled orders had no promise
-- left to keep. The reader's.
SELECT o.order_no, o.premises_id, o.window_from, o.window_to, o.milestone, o.vehicle_name, t.crew,
    (SELECT max(m.at) FROM reading.milestone m WHERE m.order_id = o.id AND m.milestone = 'ready'),
    o.planned_departure_at, o.departed_at, o.planned_arrival_at, o.arrived_at, o.left_at,
    extract(epoch FROM reading.late_by(o.window_to, o.milestone, o.milestone_at, o.arrived_at, %(now)s))::double precision,
    (SELECT m.reason_code FROM reading.milestone m WHERE m.order_id = o.id AND m.milestone = 'failed'
        ORDER BY m.at DESC LIMIT 1)
FROM reading.orders o
LEFT JOIN reading.trip t ON t.id = o.trip_id
WHERE o.window_to >= %(from_at)s AND o.window_to < least(%(to_at)s, %(now)s) AND o.milestone <> 'cancelled'
ORDER BY o.window_to, o.order_no;
