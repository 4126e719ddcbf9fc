-- A phone in a vehicle is not its unit: its fixes leave the vehicle's record for a view of their own.
-- Every stored fix of a vehicle's dedicated unit, refused ones with the rule that refused them. A phone's are none.
CREATE OR REPLACE VIEW reading.vehicle_fix WITH (security_barrier) AS
SELECT i.premises_id, i.vehicle_id, v.name AS vehicle_name, d.name AS device_name, f.fixed_at, f.received_at, f.seq,
    s.name AS spool, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.satellites,
    f.ignition, f.quality, f.source, f.replayed, f.boot_id, f.refused_by
FROM waybill.install i
JOIN waybill.vehicle v ON v.id = i.vehicle_id
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
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
JOIN waybill.fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
JOIN waybill.spool s ON s.id = f.spool_id
WHERE NOT (i.dedicated AND f.source = 'dedicated') AND i.premises_id = ANY (reading.visible_premises());

GRANT SELECT ON reading.phone_fix TO waybill_reader, waybill_gateway;
