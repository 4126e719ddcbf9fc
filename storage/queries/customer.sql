-- name: customer_order
-- The order that a customer's link shows, with its shop and the trip it was planned on last; a link that has expired
-- shows none, nor does one of a test order.
SELECT o.id, o.premises_id, o.order_no, o.customer_name, o.customer_no, o.customer_language, o.customer_type, o.address,
    o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.placed_at, o.currency, o.total_minor, o.taxes_minor, o.fees_minor,
    o.discount_minor, o.due_minor, o.payment, o.prepared_by, o.milestone, o.milestone_at, o.customer_note,
    p.name AS shop, p.phone AS shop_phone, p.tz, coalesce(l.legal_name, p.name) AS licensee,
    coalesce(p.licence_no, l.licence_no) AS licence_no, p.profile AS shop_profile, t.id AS trip_id, t.vehicle_id,
    t.departed_at, t.ended_at, t.profile, t.profile_version, d.seq, f.p50_at, f.p90_at, f.computed_at,
    (SELECT count(*) FROM waybill.order_line i WHERE i.order_id = o.id) AS lines,
    (SELECT concat_ws(', ', coalesce(dr.first_name, split_part(dr.name, ' ', 1)), dr.employee_no)
     FROM waybill.trip_crew c JOIN waybill.driver dr ON dr.id = c.driver_id
     WHERE c.trip_id = t.id AND c.role = 'driver' ORDER BY dr.employee_no LIMIT 1) AS courier
FROM waybill.orders o
JOIN waybill.premises p ON p.id = o.premises_id
LEFT JOIN waybill.licensee l ON l.id = p.licensee_id
LEFT JOIN LATERAL (
    SELECT td.trip_id, td.seq FROM waybill.trip_drop td JOIN waybill.trip tt ON tt.id = td.trip_id
    WHERE td.order_id = o.id AND NOT tt.cancelled ORDER BY tt.planned_departure_at DESC LIMIT 1
) d ON true
LEFT JOIN waybill.trip t ON t.id = d.trip_id
LEFT JOIN waybill.forecast f ON f.order_id = o.id AND f.trip_id = d.trip_id
WHERE o.tracking_token = %(token)s AND NOT o.test
    AND CASE WHEN o.milestone IN ('delivered', 'returned', 'cancelled') THEN o.milestone_at
        ELSE greatest(o.milestone_at, o.window_to) END + make_interval(days => %(link_days)s) > %(now)s;

-- name: customer_milestones
-- What an order came through, each milestone at the time that counts now; what did not happen after all is left out.
SELECT m.milestone, coalesce(c.at, m.at) AS at, m.reason_code, m.partial
FROM waybill.milestone m
LEFT JOIN LATERAL (
    SELECT mc.at, mc.withdrawn FROM waybill.milestone_correction mc
    WHERE mc.milestone_id = m.id ORDER BY mc.recorded_at DESC LIMIT 1
) c ON true
WHERE m.order_id = %(order_id)s AND NOT coalesce(c.withdrawn, false)
ORDER BY coalesce(c.at, m.at), m.recorded_at, m.id;

-- name: other_doors
-- The doors of a trip's other orders: for counting those that come first, and for not showing the van at any of them.
SELECT o.lat_e7, o.lon_e7, d.seq < %(seq)s AND o.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled')
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = %(trip_id)s AND d.order_id <> %(order_id)s;

-- name: newest_fix_of_vehicle
-- Where the vehicle's own unit was last.
SELECT f.lat_e7, f.lon_e7, f.fixed_at
FROM waybill.install i JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
WHERE i.vehicle_id = %(vehicle_id)s AND i.dedicated AND upper_inf(i.during);

-- name: put_customer_note
-- What the customer wrote for the driver; NULL takes it back.
UPDATE waybill.orders SET customer_note = %(note)s, customer_note_at = %(at)s WHERE id = %(order_id)s;

-- name: renew_tracking_token
-- Another link for the order; the one before leads nowhere from now on.
UPDATE waybill.orders SET tracking_token = DEFAULT WHERE id = %(order_id)s RETURNING tracking_token;
