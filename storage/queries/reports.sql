-- name: report_whose
-- Whose records a report shows: premises, the licensee that they work under, and the profile that is in force there.
SELECT p.id, p.code, p.name, p.address, p.licence_no, p.licence_type, p.tz, coalesce(p.profile, 'plain'),
    (SELECT max(n.version) FROM waybill.profile_version n WHERE n.name = coalesce(p.profile, 'plain')),
    l.legal_name, l.licence_no
FROM waybill.premises p LEFT JOIN waybill.licensee l ON l.id = p.licensee_id
WHERE p.id = %(premises_id)s;

-- name: report_vehicle
-- The vehicle of this name at the premises.
SELECT v.id, v.name, v.plate FROM waybill.vehicle v WHERE v.premises_id = %(premises_id)s AND v.name = %(vehicle)s;

-- name: report_vehicle_names
-- Every vehicle of the premises, to name them when one is asked for that is not there.
SELECT v.name FROM waybill.vehicle v WHERE v.premises_id = %(premises_id)s ORDER BY v.name;

-- name: report_trip
-- The trip of this number or id at the premises.
SELECT t.id, t.trip_no FROM waybill.trip t
WHERE t.premises_id = %(premises_id)s AND (t.trip_no = %(trip)s OR t.id::text = lower(%(trip)s));

-- name: report_order
-- The order of this number or id at the premises; test orders reach no report.
SELECT o.id, o.order_no FROM waybill.orders o
WHERE o.premises_id = %(premises_id)s AND NOT o.test AND (o.order_no = %(order)s OR o.id::text = lower(%(order)s));

-- name: report_newest_trips
-- The newest trips of the premises, to name them when one is asked for that is not there.
SELECT t.trip_no FROM waybill.trip t WHERE t.premises_id = %(premises_id)s
ORDER BY t.planned_departure_at DESC, t.trip_no LIMIT 10;

-- name: report_fixes
-- Every fix of the vehicle's dedicated unit from-to (to excluded) in order of time, refused ones with their rule.
SELECT f.fixed_at, f.lat_e7, f.lon_e7, f.accuracy_m, f.speed_mps, f.course_deg, f.ignition,
    coalesce(i.serial_no, e.serial_no, e.name), f.source, f.refused_by
FROM waybill.install i
JOIN waybill.device e ON e.id = i.device_id
JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
WHERE i.vehicle_id = %(vehicle_id)s AND i.premises_id = %(premises_id)s AND i.dedicated AND f.source = 'dedicated'
    AND f.fixed_at >= %(from_at)s AND f.fixed_at < %(to_at)s
ORDER BY f.fixed_at, e.name, f.seq;

-- name: report_trips_of_vehicle
-- The vehicle's trips that share time with from-to, with who drove.
SELECT t.trip_no, t.departed_at, t.ended_at,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || ')', ', '
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id)
FROM waybill.trip t
WHERE t.vehicle_id = %(vehicle_id)s AND t.premises_id = %(premises_id)s AND t.departed_at < %(to_at)s
    AND coalesce(t.ended_at, %(to_at)s) > %(from_at)s
ORDER BY t.departed_at;

-- name: report_gaps_of_vehicle
-- Gaps on the vehicle's trips that end within from-to, by the versions that count.
SELECT g.began_at, g.ended_at, g.cause
FROM waybill.gap g JOIN waybill.derivation d ON d.id = g.derivation_id
WHERE d.vehicle_id = %(vehicle_id)s AND d.premises_id = %(premises_id)s AND d.superseded_at IS NULL
    AND g.ended_at >= %(from_at)s AND g.ended_at < %(to_at)s
ORDER BY g.ended_at;

-- name: report_stops
-- The stops of trips in the version that counts, numbered on their trip, with the reason that counts and the one found.
SELECT s.trip_no, s.vehicle,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || ')', ', '
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = s.trip_id),
    s.seq, s.began_at, s.ended_at,
    extract(epoch FROM s.ended_at - s.began_at)::double precision,
    coalesce(o.address, k.name, CASE WHEN s.found IN ('DEPART_PREMISES', 'RETURN_PREMISES') THEN p.address END),
    s.lat_e7, s.lon_e7, coalesce(g.code, s.found), g.note, coalesce(g.permitted, s.found <> 'UNEXPLAINED'), there.orders,
    said.at, extract(epoch FROM said.at - s.began_at)::double precision, s.found, g.replaces, g.given_by, g.given_at,
    s.after_gap OR s.before_gap
FROM (
    SELECT s.*, s.reason AS found, d.trip_id, t.trip_no, v.name AS vehicle,
        row_number() OVER (PARTITION BY d.trip_id ORDER BY s.began_at) AS seq
    FROM waybill.stop s
    JOIN waybill.derivation d ON d.id = s.derivation_id AND d.superseded_at IS NULL
    JOIN waybill.trip t ON t.id = d.trip_id
    JOIN waybill.vehicle v ON v.id = t.vehicle_id
    WHERE t.premises_id = %(premises_id)s AND (%(trip_id)s::uuid IS NULL OR t.id = %(trip_id)s)
        AND (%(vehicle_id)s::uuid IS NULL OR t.vehicle_id = %(vehicle_id)s)
) s
JOIN waybill.premises p ON p.id = s.premises_id
LEFT JOIN waybill.orders o ON o.id = s.order_id
LEFT JOIN waybill.place k ON k.id = s.place_id
LEFT JOIN LATERAL (
    SELECT r.code, r.note, r.permitted, r.given_by, r.given_at, r.replaces
    FROM waybill.stop_reason r
    WHERE r.trip_id = s.trip_id AND r.during && tstzrange(s.began_at, s.ended_at, '[]')
    ORDER BY r.given_at DESC, r.id DESC LIMIT 1
) g ON true
LEFT JOIN LATERAL (
    SELECT array_agg(x.id) AS ids, string_agg(x.order_no, ' ' ORDER BY x.order_no) AS orders
    FROM waybill.orders x
    WHERE NOT x.test AND (x.id = s.order_id OR x.id IN (
        SELECT w.order_id FROM waybill.drop_visit w WHERE w.derivation_id = s.derivation_id
            AND w.arrived_at IS NOT NULL
            AND tstzrange(w.arrived_at, w.left_at, '[]') && tstzrange(s.began_at, s.ended_at, '[]')))
) there ON true
LEFT JOIN LATERAL (
    SELECT min(m.at) AS at FROM waybill.milestone m
    WHERE m.order_id = ANY (there.ids) AND m.trip_id = s.trip_id AND m.known = 'declared'
        AND m.milestone IN ('arrived', 'delivered', 'failed')
) said ON true
WHERE (%(from_at)s::timestamptz IS NULL OR s.began_at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR s.began_at < %(to_at)s)
ORDER BY s.began_at, s.trip_no, s.seq;

-- name: report_attempts
-- Attempts that gave nothing or not all over, with where the vehicle was, what became of the goods and who says so.
SELECT o.order_no, coalesce(h.attempt_no, (SELECT count(*) FROM waybill.milestone e
        WHERE e.order_id = m.order_id AND e.known = 'declared' AND e.milestone IN ('delivered', 'failed')
            AND (e.at, e.recorded_at, e.id) <= (m.at, m.recorded_at, m.id))),
    m.at, CASE WHEN m.milestone = 'failed' THEN 'failed' ELSE 'partial' END, t.trip_no, v.name,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || ')', ', '
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id),
    o.address, o.lat_e7,
    o.lon_e7, seen.lat_e7, seen.lon_e7, m.reason_code, m.note, h.proofs -> 'affirmation', h.proofs -> 'id_check',
    told.messages, t.id = next.trip_id, next.at, coalesce(CASE WHEN back.declared_by IS NOT NULL
        THEN back.at END, gone.returned_at, back.at), coalesce(back.declared_by, gone.returned_by,
        CASE WHEN back.at IS NOT NULL THEN 'detected: the vehicle came back' END), gone.returned, gone.lost,
    gone.unit, gone.aboard, m.declared_by, m.recorded_at, h.offline,
    h.conflict, h.disposition
FROM waybill.milestone m
JOIN waybill.orders o ON o.id = m.order_id
LEFT JOIN waybill.trip t ON t.id = m.trip_id
LEFT JOIN waybill.vehicle v ON v.id = t.vehicle_id
LEFT JOIN LATERAL (
    SELECT n.attempt_no, n.proofs, n.offline, n.conflict, n.disposition FROM waybill.handoff n
    WHERE n.order_id = m.order_id AND n.at = m.at AND (n.outcome = 'failed') = (m.milestone = 'failed')
    ORDER BY n.attempt_no LIMIT 1
) h ON true
LEFT JOIN LATERAL (
    SELECT f.lat_e7, f.lon_e7
    FROM waybill.install i JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
        AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
    WHERE i.vehicle_id = t.vehicle_id AND i.dedicated AND f.source = 'dedicated' AND f.refused_by IS NULL
        AND f.fixed_at >= m.at - INTERVAL '2 minutes' AND f.fixed_at <= m.at + INTERVAL '2 minutes'
    ORDER BY abs(extract(epoch FROM f.fixed_at - m.at)), f.fixed_at LIMIT 1
) seen ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(g.channel, g.kind, g.at, g.outcome) ORDER BY g.at, g.id) AS messages
    FROM waybill.message g WHERE g.order_id = m.order_id AND g.audience = 'customer' AND g.at <= m.at
) told ON true
LEFT JOIN LATERAL (
    SELECT n.at, n.trip_id FROM waybill.milestone n
    WHERE n.order_id = m.order_id AND n.known = 'declared' AND n.milestone IN ('delivered', 'failed')
        AND (n.at, n.recorded_at, n.id) > (m.at, m.recorded_at, m.id)
    ORDER BY n.at, n.recorded_at, n.id LIMIT 1
) next ON true
LEFT JOIN LATERAL (
    SELECT n.at, n.declared_by FROM waybill.milestone n
    WHERE n.order_id = m.order_id AND n.milestone = 'returned' AND n.at >= m.at AND (next.at IS NULL OR n.at < next.at)
    ORDER BY n.known, n.at LIMIT 1
) back ON true
LEFT JOIN LATERAL (
    SELECT min(g.at) FILTER (WHERE g.kind = 'return') AS returned_at,
        min(g.actor_kind || ' ' || g.actor) FILTER (WHERE g.kind = 'return') AS returned_by,
        -sum(g.quantity) FILTER (WHERE g.kind = 'return') AS returned,
        -sum(g.quantity) FILTER (WHERE g.kind = 'loss') AS lost,
        CASE WHEN min(g.unit) = max(g.unit) THEN min(g.unit) END AS unit,
        (SELECT sum(a.quantity) FROM waybill.ledger_movement a WHERE a.order_id = m.order_id) AS aboard
    FROM waybill.ledger_movement g
    WHERE g.order_id = m.order_id AND g.kind IN ('return', 'loss') AND g.at >= m.at
        AND (next.at IS NULL OR g.at < next.at)
) gone ON true
WHERE m.premises_id = %(premises_id)s AND NOT o.test AND m.known = 'declared'
    AND (m.milestone = 'failed' OR (m.milestone = 'delivered' AND m.partial))
    AND (%(trip_id)s::uuid IS NULL OR m.trip_id = %(trip_id)s)
    AND (%(order_id)s::uuid IS NULL OR m.order_id = %(order_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR m.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR m.at < %(to_at)s)
ORDER BY m.at, o.order_no, m.recorded_at, m.id;

-- name: report_id_checks
-- Attempts at which an ID was looked at, something was affirmed, or an ID was the reason to refuse: verdicts only.
SELECT o.order_no, h.attempt_no, h.at, t.trip_no, h.actor_kind || ' ' || h.actor,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || ')', ', '
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id),
    h.proofs -> 'id_check', h.proofs -> 'affirmation', h.outcome, h.reason_code, h.profile, h.profile_version,
    h.age_threshold, h.offline, h.recorded_at
FROM waybill.handoff h
JOIN waybill.orders o ON o.id = h.order_id
LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE h.premises_id = %(premises_id)s AND NOT o.test
    AND (h.proofs ? 'id_check' OR h.proofs ? 'affirmation' OR h.reason_code = ANY (%(id_reasons)s))
    AND (%(trip_id)s::uuid IS NULL OR h.trip_id = %(trip_id)s)
    AND (%(order_id)s::uuid IS NULL OR h.order_id = %(order_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR h.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR h.at < %(to_at)s)
ORDER BY h.at, o.order_no, h.attempt_no;

-- name: report_ledger
-- Every movement of goods into the vehicles of trips and out of them, in the order in which it happened.
SELECT t.id, t.trip_no, t.ledger_no, v.name, v.plate,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || ')', ', '
            ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id),
    t.departed_at, m.at, m.kind, m.order_id, o.order_no,
    m.line_no, l.category, m.item, m.tag, m.quantity, m.unit, m.unit_price_minor, m.currency,
    (SELECT min(c.at) FROM waybill.milestone c WHERE c.order_id = m.order_id AND c.milestone = 'cancelled'),
    m.actor_kind || ' ' || m.actor, m.note, m.recorded_at
FROM waybill.ledger_movement m
JOIN waybill.trip t ON t.id = m.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
JOIN waybill.orders o ON o.id = m.order_id
LEFT JOIN waybill.order_line l ON l.order_id = m.order_id AND l.line_no = m.line_no
WHERE m.premises_id = %(premises_id)s AND NOT o.test
    AND (%(trip_id)s::uuid IS NULL OR t.id = %(trip_id)s)
    AND (%(vehicle_id)s::uuid IS NULL OR t.vehicle_id = %(vehicle_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR coalesce(t.departed_at, t.planned_departure_at) >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR coalesce(t.departed_at, t.planned_departure_at) < %(to_at)s)
ORDER BY coalesce(t.departed_at, t.planned_departure_at), t.trip_no, m.at, m.recorded_at, m.id;

-- name: report_receipts
-- Receipts as they were made when goods changed hands.
SELECT r.body, r.sha256, h.attempt_no, t.trip_no, r.recorded_at
FROM waybill.receipt r
JOIN waybill.handoff h ON h.id = r.handoff_id
JOIN waybill.orders o ON o.id = r.order_id
LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE r.premises_id = %(premises_id)s AND NOT o.test
    AND (%(trip_id)s::uuid IS NULL OR h.trip_id = %(trip_id)s)
    AND (%(order_id)s::uuid IS NULL OR r.order_id = %(order_id)s)
    AND (%(from_at)s::timestamptz IS NULL OR r.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR r.at < %(to_at)s)
ORDER BY r.at, o.order_no, h.attempt_no;

-- name: report_manifest
-- What a trip carries to whom, line by line in the planned order; of one order only when it is named.
SELECT o.id, t.trip_no, t.ledger_no, t.plan_version,
    (SELECT string_agg(coalesce(r.legal_name, r.name) || ' (' || r.employee_no || coalesce(', permit ' || r.permit_no, '')
            || ')', ', ' ORDER BY c.role, r.employee_no)
        FROM waybill.trip_crew c JOIN waybill.driver r ON r.id = c.driver_id WHERE c.trip_id = t.id),
    v.name, v.make, v.model, v.year, v.colour, v.plate, v.vin, t.planned_departure_at, t.departed_at, t.ended_at, d.seq,
    o.order_no, o.customer_name, o.address, d.planned_arrival_at, o.window_from, o.window_to, l.line_no, l.category,
    l.item, l.tag, l.quantity, l.unit, l.unit_price_minor, o.currency, o.milestone
FROM waybill.trip t
JOIN waybill.vehicle v ON v.id = t.vehicle_id
JOIN waybill.trip_drop d ON d.trip_id = t.id
JOIN waybill.orders o ON o.id = d.order_id
LEFT JOIN waybill.order_line l ON l.order_id = o.id
WHERE t.id = %(trip_id)s AND t.premises_id = %(premises_id)s AND NOT o.test
    AND (%(order_id)s::uuid IS NULL OR o.id = %(order_id)s)
ORDER BY d.seq, l.line_no;

-- name: report_corrections
-- What records said before and say now, field by field: changes by people and programs, and milestones that later data
-- corrected. Progress is none: how far an order came, and the first time a trip is known to have left or ended.
SELECT c.at, c.recorded_at, c.said_by, c.object_kind, c.object, c.field, c.old, c.new, c.reason, c.action
FROM (
    SELECT a.at, a.recorded_at, a.actor_kind || ' ' || a.actor AS said_by, a.object_kind, CASE a.object_kind
            WHEN 'order' THEN (SELECT o.order_no FROM waybill.orders o WHERE o.id = a.object_id::uuid)
            WHEN 'trip' THEN (SELECT t.trip_no FROM waybill.trip t WHERE t.id = a.object_id::uuid)
            WHEN 'stop' THEN (SELECT t.trip_no FROM waybill.stop s JOIN waybill.derivation d ON d.id = s.derivation_id
                JOIN waybill.trip t ON t.id = d.trip_id WHERE s.id = a.object_id::uuid)
            WHEN 'exception' THEN (SELECT t.trip_no FROM waybill.exception e JOIN waybill.trip t ON t.id = e.trip_id
                WHERE e.id = a.object_id::uuid)
            ELSE coalesce(a.after ->> 'name', a.before ->> 'name', a.object_id) END AS object,
        k.field, a.before -> k.field AS old, a.after -> k.field AS new, a.reason, a.action,
        CASE a.object_kind WHEN 'order' THEN a.object_id::uuid END AS order_id,
        CASE a.object_kind
            WHEN 'trip' THEN a.object_id::uuid
            WHEN 'stop' THEN (SELECT d.trip_id FROM waybill.stop s JOIN waybill.derivation d ON d.id = s.derivation_id
                WHERE s.id = a.object_id::uuid)
            WHEN 'exception' THEN (SELECT e.trip_id FROM waybill.exception e WHERE e.id = a.object_id::uuid) END AS trip_id,
        a.id
    FROM waybill.audit_event a
    CROSS JOIN LATERAL jsonb_object_keys(a.before) AS k (field)
    WHERE a.premises_id = %(premises_id)s AND a.object_kind = ANY (%(object_kinds)s)
        AND a.action NOT IN ('order.declared', 'order.confirmed')
        AND (%(from_at)s::timestamptz IS NULL OR a.at >= %(from_at)s)
        AND (%(to_at)s::timestamptz IS NULL OR a.at < %(to_at)s)
        AND (a.before -> k.field) IS DISTINCT FROM (a.after -> k.field)
        AND NOT (a.action = 'trip.derived' AND a.before -> k.field = 'null')
        AND NOT (a.action = 'trip.declared' AND a.after -> k.field = 'null') -- nothing was said of it
    UNION ALL
    SELECT c.recorded_at, c.recorded_at, 'system gateway', 'milestone', o.order_no, m.milestone, to_jsonb(m.at),
        CASE WHEN c.withdrawn THEN to_jsonb('it did not happen'::text) ELSE to_jsonb(c.at) END, c.note,
        'milestone.corrected', m.order_id, m.trip_id, c.id
    FROM waybill.milestone_correction c
    JOIN waybill.milestone m ON m.id = c.milestone_id
    JOIN waybill.orders o ON o.id = m.order_id
    WHERE c.premises_id = %(premises_id)s
        AND (%(from_at)s::timestamptz IS NULL OR c.recorded_at >= %(from_at)s)
        AND (%(to_at)s::timestamptz IS NULL OR c.recorded_at < %(to_at)s)
) c
WHERE (%(order_id)s::uuid IS NULL OR c.order_id = %(order_id)s)
    AND (%(trip_id)s::uuid IS NULL OR c.trip_id = %(trip_id)s)
    AND NOT EXISTS (SELECT FROM waybill.orders o WHERE o.id = c.order_id AND o.test)
ORDER BY c.at, c.recorded_at, c.id, c.field;
