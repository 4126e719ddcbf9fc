-- name: words_of_devices
-- What each device said of itself last.
SELECT device_id, body FROM waybill.device_status WHERE device_id = ANY (%(device_ids)s);

-- name: put_device_log
-- A change in what a device says about itself.
INSERT INTO waybill.device_log (device_id, at, received_at, kind, facts)
VALUES (%(device_id)s, %(at)s, %(received_at)s, %(kind)s, %(facts)s);

-- name: device_log
-- What a device said from-to, in order of time.
SELECT device_id, at, received_at, kind, facts FROM waybill.device_log
WHERE device_id = %(device_id)s AND at >= %(from_at)s AND at <= %(to_at)s ORDER BY at, id;

-- name: spool_that_spoke
-- Whose spool it is that is named again, when it was named since a time.
SELECT d.name, i.premises_id, i.vehicle_id, f.lat_e7, f.lon_e7
FROM waybill.device d
LEFT JOIN waybill.install i ON i.device_id = d.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.last_fix f ON f.device_id = d.id
WHERE d.id = %(device_id)s AND EXISTS (
    SELECT FROM waybill.device_log l WHERE l.device_id = d.id AND l.kind = 'boot' AND l.facts ->> 'spool' = %(spool)s
        AND l.received_at > %(since)s);

-- name: given_up_numbers
-- Numbers that the device ever said its spool had to give up.
SELECT facts -> 'ranges' FROM waybill.device_log
WHERE device_id = %(device_id)s AND kind = 'given_up' AND facts ->> 'spool' = %(spool)s;

-- name: trim_device_log
-- Entries that are too old, or of a device that says more than anybody will read.
DELETE FROM waybill.device_log l
WHERE l.received_at < %(before)s OR l.id < (
    SELECT a.id FROM waybill.device_log a WHERE a.device_id = l.device_id ORDER BY a.id DESC OFFSET %(most)s LIMIT 1);
