-- Staff read what customers wrote for the driver.
CREATE OR REPLACE VIEW reading.orders WITH (security_barrier) AS
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
