-- Fixes that were copied under a hold before their day was dropped can be read like any others.
-- Every fix that is still kept, in its day or as a copy. One that came in again after its day had gone is there twice
-- until the next run; it counts once. The plain UNION ALL lets a query reach the indexes of both.
CREATE VIEW waybill.kept_fix AS
SELECT k.fixed_at, k.received_at, k.seq, k.device_id, k.spool_id, k.lat_e7, k.lon_e7, k.altitude_m, k.speed_mps,
    k.course_deg, k.hdop, k.accuracy_m, k.boot_id, k.satellites, k.ignition, k.replayed, k.quality, k.source,
    k.refused_by, k.held
FROM (
    SELECT f.*, false AS held FROM waybill.fix f
    UNION ALL
    SELECT h.*, true FROM waybill.held_fix h
) k
WHERE NOT (k.held AND EXISTS (
    SELECT FROM waybill.fix f WHERE f.device_id = k.device_id AND f.fixed_at = k.fixed_at AND f.seq = k.seq));

-- Every stored fix of a vehicle's dedicated unit, copies under a hold too, refused ones with the rule that refused them.
-- A phone's are none.
CREATE OR REPLACE VIEW reading.vehicle_fix WITH (security_barrier) AS
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
CREATE OR REPLACE VIEW reading.phone_fix WITH (security_barrier) AS
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

GRANT SELECT ON waybill.kept_fix TO waybill_gateway;
