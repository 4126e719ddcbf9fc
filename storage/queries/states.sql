-- name: fleet_states
-- Vehicles in service with their newest fix that counts and the trip that they are on or go on next.
SELECT p.code, v.name, f.fixed_at, f.lat_e7, f.lon_e7, f.speed_mps, f.course_deg, t.trip_no, t.departed_at IS NOT NULL,
    counts.drops, counts.open
FROM waybill.vehicle v
JOIN waybill.premises p ON p.id = v.premises_id
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
LEFT JOIN LATERAL (
    SELECT tt.id, tt.trip_no, tt.departed_at FROM waybill.trip tt
    WHERE tt.vehicle_id = v.id AND tt.ended_at IS NULL
    ORDER BY tt.departed_at IS NULL, tt.planned_departure_at LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS drops, count(*) FILTER (
        WHERE o.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled')) AS open
    FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id WHERE d.trip_id = t.id
) counts ON true
WHERE v.retired_at IS NULL
ORDER BY p.code, v.name;

-- name: open_order_states
-- Orders that have not ended and whose window lies not far back.
SELECT p.code, o.order_no, o.milestone, o.milestone_at
FROM waybill.orders o JOIN waybill.premises p ON p.id = o.premises_id
WHERE NOT o.test AND o.window_to > %(since)s AND o.milestone NOT IN ('delivered', 'returned', 'cancelled')
ORDER BY p.code, o.order_no;

-- name: order_states_of
-- These orders, by premises and number.
SELECT p.code, o.order_no, o.milestone, o.milestone_at
FROM unnest(%(codes)s::text[], %(order_nos)s::text[]) AS w (code, order_no)
JOIN waybill.premises p ON p.code = w.code
JOIN waybill.orders o ON o.premises_id = p.id AND o.order_no = w.order_no;

-- name: published_topics
-- Topics that hold a message of ours.
SELECT topic FROM waybill.published_topic;

-- name: note_published
-- These topics hold a message of ours from now on.
INSERT INTO waybill.published_topic (topic, published_at) SELECT w.topic, %(at)s FROM unnest(%(topics)s::text[]) AS w (topic)
ON CONFLICT (topic) DO NOTHING;

-- name: note_cleared
-- These topics hold nothing any more.
DELETE FROM waybill.published_topic WHERE topic = ANY (%(topics)s);
