-- What the reader sees: rows of the premises named in the setting waybill.premises (ids, comma between); empty = none.
CREATE FUNCTION reading.visible_premises() RETURNS uuid[] STABLE LANGUAGE sql AS $$
    SELECT coalesce(string_to_array(nullif(current_setting('waybill.premises', true), ''), ',')::uuid[], '{}')
$$;

-- What there is to name in waybill.premises: for a process that shows every premises, such as the demo's dashboard.
CREATE FUNCTION reading.all_premises() RETURNS SETOF uuid STABLE SECURITY DEFINER
SET search_path = pg_catalog LANGUAGE sql AS $$
    SELECT id FROM waybill.premises ORDER BY id
$$;
REVOKE ALL ON FUNCTION reading.all_premises() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reading.all_premises() TO waybill_reader;

-- By how much an order missed its window, or misses it at `now`; NULL: not late. The vehicle at the door ends the wait.
CREATE FUNCTION reading.late_by(window_to timestamptz, milestone text, milestone_at timestamptz, arrived_at timestamptz,
    now timestamptz) RETURNS interval IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN milestone <> 'cancelled' AND there_at > window_to THEN there_at - window_to END
    FROM (SELECT coalesce(arrived_at,
        CASE WHEN milestone IN ('delivered', 'failed', 'returned') THEN milestone_at ELSE now END)) AS t (there_at)
$$;

CREATE VIEW reading.premises WITH (security_barrier) AS
SELECT p.id, p.code, p.name, p.licence_no, p.address, p.lat_e7, p.lon_e7, p.tz, p.hours
FROM waybill.premises p
WHERE p.id = ANY (reading.visible_premises());

CREATE VIEW reading.vehicle WITH (security_barrier) AS
SELECT v.id, v.premises_id, v.name, v.plate, v.make, v.model, v.colour, v.retired_at
FROM waybill.vehicle v
WHERE v.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.install WITH (security_barrier) AS
SELECT i.id, i.premises_id, i.device_id, d.name AS device_name, i.vehicle_id, v.name AS vehicle_name, i.dedicated,
    lower(i.during) AS from_at, upper(i.during) AS to_at
FROM waybill.install i
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.vehicle v ON v.id = i.vehicle_id
WHERE i.premises_id = ANY (reading.visible_premises());

-- Every stored fix of a vehicle's dedicated unit, copies under a hold too, refused ones with the rule that refused them.
-- A phone's are none.
CREATE VIEW reading.vehicle_fix WITH (security_barrier) AS
SELECT i.premises_id, i.vehicle_id, v.name AS vehicle_name, d.name AS device_name, f.fixed_at, f.received_at, f.seq,
    s.name AS spool, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.satellites,
    f.ignition, f.quality, f.source, f.replayed, f.boot_id, f.refused_by
FROM waybill.install i
JOIN waybill.vehicle v ON v.id = i.vehicle_id
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
JOIN waybill.spool s ON s.id = f.spool_id
WHERE i.dedicated AND f.source = 'dedicated' AND i.premises_id = ANY (reading.visible_premises());

-- Fixes of phones that are said to be in a vehicle: to be looked at, never the vehicle's own record.
CREATE VIEW reading.phone_fix WITH (security_barrier) AS
SELECT i.premises_id, i.vehicle_id, v.name AS vehicle_name, d.name AS device_name, f.fixed_at, f.received_at, f.seq,
    s.name AS spool, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.satellites,
    f.ignition, f.quality, f.source, f.replayed, f.boot_id, f.refused_by
FROM waybill.install i
JOIN waybill.vehicle v ON v.id = i.vehicle_id
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
JOIN waybill.spool s ON s.id = f.spool_id
WHERE NOT (i.dedicated AND f.source = 'dedicated') AND i.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.orders WITH (security_barrier) AS
SELECT o.id, o.premises_id, o.order_no, o.source, o.source_ref, o.customer_name, o.customer_phone, o.address,
    o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.placed_at, o.note, o.currency, o.total_minor, o.milestone,
    o.milestone_at, d.trip_id, t.trip_no, v.name AS vehicle_name, d.seq AS drop_seq, d.planned_arrival_at,
    d.arrived_at, d.left_at, t.planned_departure_at, t.departed_at, t.ended_at, o.customer_note
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT td.trip_id, td.seq, td.planned_arrival_at, td.arrived_at, td.left_at
    FROM waybill.trip_drop td JOIN waybill.trip tt ON tt.id = td.trip_id
    WHERE td.order_id = o.id ORDER BY tt.planned_departure_at DESC LIMIT 1
) d ON true
LEFT JOIN waybill.trip t ON t.id = d.trip_id
LEFT JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE o.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE VIEW reading.order_line WITH (security_barrier) AS
SELECT l.order_id, l.premises_id, l.line_no, l.item, l.category, l.tag, l.quantity, l.unit, l.unit_price_minor
FROM waybill.order_line l
JOIN waybill.orders o ON o.id = l.order_id
WHERE l.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE VIEW reading.milestone WITH (security_barrier) AS
SELECT m.id, m.premises_id, m.order_id, m.trip_id, m.milestone, m.at, m.known, m.declared_by, m.reason_code, m.note,
    m.evidence, m.recorded_at
FROM waybill.milestone m
JOIN waybill.orders o ON o.id = m.order_id
WHERE m.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

CREATE VIEW reading.trip WITH (security_barrier) AS
SELECT t.id, t.premises_id, t.trip_no, t.vehicle_id, v.name AS vehicle_name, t.planned_departure_at, t.departed_at,
    t.ended_at, t.plan_version, t.planned_route,
    (SELECT string_agg(dr.name, ', ' ORDER BY c.role, dr.name)
     FROM waybill.trip_crew c JOIN waybill.driver dr ON dr.id = c.driver_id WHERE c.trip_id = t.id) AS crew
FROM waybill.trip t
JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE t.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.trip_drop WITH (security_barrier) AS
SELECT d.id, d.premises_id, d.trip_id, d.order_id, d.seq, d.planned_arrival_at, d.arrived_at, d.left_at, o.order_no,
    o.address, o.customer_name, o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.milestone, o.milestone_at
FROM waybill.trip_drop d
JOIN waybill.orders o ON o.id = d.order_id
WHERE d.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.leg WITH (security_barrier) AS
SELECT l.id, l.premises_id, l.trip_id, l.order_id, t.vehicle_id, lower(l.during) AS from_at, upper(l.during) AS to_at
FROM waybill.leg l
JOIN waybill.trip t ON t.id = l.trip_id
WHERE l.premises_id = ANY (reading.visible_premises());

-- One row per vehicle in service: what a live map shows.
CREATE VIEW reading.fleet WITH (security_barrier) AS
SELECT v.premises_id, v.id AS vehicle_id, v.name AS vehicle_name, v.plate, de.name AS device_name,
    f.fixed_at, f.received_at, f.lat_e7, f.lon_e7, f.speed_mps, f.course_deg, f.satellites, f.quality, f.replayed,
    st.state AS device_state, st.received_at AS status_at,
    (st.body ->> 'report_interval_s')::double precision AS report_interval_s,
    (st.body ->> 'heartbeat_s')::double precision AS heartbeat_s, (st.body ->> 'backlog')::bigint AS backlog,
    t.id AS trip_id, t.trip_no, t.planned_departure_at, t.departed_at,
    (SELECT string_agg(dr.name, ', ' ORDER BY c.role, dr.name)
     FROM waybill.trip_crew c JOIN waybill.driver dr ON dr.id = c.driver_id WHERE c.trip_id = t.id) AS crew,
    counts.drops, counts.drops_done,
    n.order_id AS next_order_id, n.order_no AS next_order_no, n.address AS next_address, n.milestone AS next_milestone,
    n.window_from AS next_window_from, n.window_to AS next_window_to, n.planned_arrival_at AS next_planned_arrival_at,
    n.arrived_at AS next_arrived_at, n.seq AS next_seq, n.lat_e7 AS next_lat_e7, n.lon_e7 AS next_lon_e7
FROM waybill.vehicle v
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.device de ON de.id = i.device_id
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
LEFT JOIN waybill.device_status st ON st.device_id = i.device_id
LEFT JOIN LATERAL (
    SELECT tt.id, tt.trip_no, tt.planned_departure_at, tt.departed_at
    FROM waybill.trip tt WHERE tt.vehicle_id = v.id AND tt.ended_at IS NULL
    ORDER BY tt.planned_departure_at LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS drops, count(*) FILTER (WHERE o.milestone IN ('delivered', 'failed', 'returned', 'cancelled'))
        AS drops_done
    FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id WHERE d.trip_id = t.id
) counts ON true
LEFT JOIN LATERAL (
    SELECT o.id AS order_id, o.order_no, o.address, o.milestone, o.window_from, o.window_to, o.lat_e7, o.lon_e7,
        d.planned_arrival_at, d.arrived_at, d.seq
    FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
    WHERE d.trip_id = t.id AND o.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled')
    ORDER BY d.seq LIMIT 1
) n ON true
WHERE v.retired_at IS NULL AND v.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.audit_event WITH (security_barrier) AS
SELECT a.id, a.premises_id, a.at, a.recorded_at, a.actor_kind, a.actor, a.action, a.object_kind, a.object_id,
    a.before, a.after, a.reason
FROM waybill.audit_event a
WHERE a.premises_id = ANY (reading.visible_premises());
