-- name: record_premises
-- Whose order it is: the premises and the licensee that they work under.
SELECT p.code, p.name, p.address, p.licence_no, p.licence_type, p.tz, l.legal_name AS licensee,
    l.licence_no AS licensee_licence_no
FROM waybill.premises p LEFT JOIN waybill.licensee l ON l.id = p.licensee_id
WHERE p.id = %(premises_id)s;

-- name: record_trips
-- The trips that an order is on, or left under way (then without a drop), with its drop and its leg, in the order in
-- which it went with them.
SELECT t.trip_no, v.name AS vehicle, v.plate, t.profile, t.profile_version, t.ledger_no, d.seq, t.planned_departure_at,
    t.departed_at, t.declared_departed_at, t.ended_at, t.end_reason, d.planned_arrival_at, d.arrived_at, d.left_at,
    lower(l.during) AS leg_from, upper(l.during) AS leg_to,
    coalesce((SELECT jsonb_agg(jsonb_build_object('employee_no', r.employee_no, 'name', r.name, 'role', c.role)
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id), '[]') AS crew,
    (SELECT array_agg(DISTINCT e.name ORDER BY e.name)
        FROM waybill.install i JOIN waybill.device e ON e.id = i.device_id
        WHERE i.vehicle_id = t.vehicle_id AND i.dedicated
            AND i.during && tstzrange(coalesce(t.departed_at, t.planned_departure_at), t.ended_at, '[]')) AS devices
FROM (
    SELECT trip_id FROM waybill.trip_drop WHERE order_id = %(order_id)s
    UNION SELECT trip_id FROM waybill.leg WHERE order_id = %(order_id)s
) w
JOIN waybill.trip t ON t.id = w.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
LEFT JOIN waybill.trip_drop d ON d.trip_id = t.id AND d.order_id = %(order_id)s
LEFT JOIN waybill.leg l ON l.trip_id = t.id AND l.order_id = %(order_id)s
ORDER BY coalesce(lower(l.during), t.planned_departure_at), t.planned_departure_at, t.id;

-- name: record_detections
-- What fixes showed of an order, with copies of those fixes: as it was told first, and every correction of it.
SELECT m.milestone, m.at, t.trip_no, m.recorded_at, m.evidence,
    coalesce((SELECT jsonb_agg(jsonb_build_object('at', c.at, 'withdrawn', c.withdrawn, 'note', c.note,
            'recorded_at', c.recorded_at, 'evidence', c.evidence) ORDER BY c.recorded_at, c.id)
        FROM waybill.milestone_correction c WHERE c.milestone_id = m.id), '[]') AS corrections
FROM waybill.milestone m LEFT JOIN waybill.trip t ON t.id = m.trip_id
WHERE m.order_id = %(order_id)s AND m.known = 'detected'
ORDER BY m.at, m.recorded_at, m.id;

-- name: record_goods
-- Every movement of an order's goods into a vehicle and out of it.
SELECT m.at, m.recorded_at, m.kind, t.trip_no, v.name AS vehicle, m.line_no, m.item, m.tag, m.quantity, m.unit,
    m.actor_kind, m.actor, m.note
FROM waybill.ledger_movement m JOIN waybill.trip t ON t.id = m.trip_id JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE m.order_id = %(order_id)s
ORDER BY m.at, m.recorded_at, m.id;

-- name: record_transfers
-- How an order's goods changed hands between vans, and whose word that is.
SELECT f.trip_no AS from_trip_no, fv.name AS from_vehicle, t.trip_no AS to_trip_no, tv.name AS to_vehicle, r.asked_at,
    r.actor AS asked_by, r.reason, m.withdrawn_at, r.given_at, r.given_by, r.given_reason, r.taken_at, r.taken_by,
    r.taken_reason
FROM waybill.transfer_order m JOIN waybill.transfer r ON r.id = m.transfer_id
JOIN waybill.trip f ON f.id = r.from_trip_id JOIN waybill.vehicle fv ON fv.id = f.vehicle_id
JOIN waybill.trip t ON t.id = r.to_trip_id JOIN waybill.vehicle tv ON tv.id = t.vehicle_id
WHERE m.order_id = %(order_id)s
ORDER BY r.asked_at, r.id;

-- name: record_plan_changes
-- Every plan that an order stood in, or was taken out of, in the order in which they were made.
SELECT c.at, t.trip_no, c.plan_version, c.kinds, c.actor_kind, c.actor, c.reason
FROM waybill.trip_change c JOIN waybill.trip t ON t.id = c.trip_id
WHERE c.trip_id IN (
        SELECT trip_id FROM waybill.trip_drop WHERE order_id = %(order_id)s
        UNION SELECT trip_id FROM waybill.leg WHERE order_id = %(order_id)s
        UNION SELECT trip_id FROM waybill.milestone WHERE order_id = %(order_id)s AND trip_id IS NOT NULL)
    AND (c.after -> 'drops' @> jsonb_build_array(jsonb_build_object('order_id', %(order_id)s::text))
        OR c.before -> 'drops' @> jsonb_build_array(jsonb_build_object('order_id', %(order_id)s::text)))
ORDER BY c.at, c.plan_version, t.trip_no;

-- name: record_audit
-- Who did what to an order.
SELECT a.at, a.recorded_at, a.actor_kind, a.actor, a.action, a.before, a.after, a.reason
FROM waybill.audit_event a
WHERE a.object_kind = 'order' AND a.object_id = %(order_id)s::text
ORDER BY a.recorded_at, a.id;
