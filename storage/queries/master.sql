-- name: put_premises
-- A place that vehicles leave from.
INSERT INTO waybill.premises (id, code, name, licence_no, address, lat_e7, lon_e7, tz, hours, created_at)
VALUES (%(id)s, %(code)s, %(name)s, %(licence_no)s, %(address)s, %(lat_e7)s, %(lon_e7)s, %(tz)s, %(hours)s,
    %(created_at)s);

-- name: move_premises
-- Where premises are; departures and returns are judged by it from now on.
UPDATE waybill.premises SET lat_e7 = %(lat_e7)s, lon_e7 = %(lon_e7)s WHERE id = %(id)s;

-- name: all_premises
-- Every premises by code.
SELECT id, code, name, licence_no, address, lat_e7, lon_e7, tz, hours, created_at FROM waybill.premises ORDER BY code;

-- name: put_vehicle
-- A vehicle of one premises.
INSERT INTO waybill.vehicle (id, premises_id, name, plate, make, model, colour, created_at)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(plate)s, %(make)s, %(model)s, %(colour)s, %(created_at)s);

-- name: vehicles
-- Vehicles of a premises (NULL: of all) with the device that is fitted now.
SELECT v.id, v.premises_id, p.code, v.name, v.plate, v.make, v.model, v.colour, v.created_at, v.retired_at, d.name
FROM waybill.vehicle v
JOIN waybill.premises p ON p.id = v.premises_id
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.device d ON d.id = i.device_id
WHERE %(premises_id)s::uuid IS NULL OR v.premises_id = %(premises_id)s
ORDER BY p.code, length(v.name), v.name;

-- name: retire_vehicle
-- Takes a vehicle out of service; its history stays.
UPDATE waybill.vehicle SET retired_at = %(at)s WHERE id = %(id)s AND retired_at IS NULL;

-- name: put_driver
-- A driver of one premises.
INSERT INTO waybill.driver (id, premises_id, employee_no, name, employed_from, employed_to, created_at)
VALUES (%(id)s, %(premises_id)s, %(employee_no)s, %(name)s, %(employed_from)s, %(employed_to)s, %(created_at)s);

-- name: drivers
-- Drivers of a premises (NULL: of all).
SELECT r.id, r.premises_id, p.code, r.employee_no, r.name, r.employed_from, r.employed_to, r.created_at
FROM waybill.driver r JOIN waybill.premises p ON p.id = r.premises_id
WHERE %(premises_id)s::uuid IS NULL OR r.premises_id = %(premises_id)s
ORDER BY p.code, r.employee_no;

-- name: put_device
-- A GPS unit; its credential is the broker's.
INSERT INTO waybill.device (name, kind, serial_no, created_at, credential_kind)
VALUES (%(name)s, %(kind)s, %(serial_no)s, %(created_at)s, %(credential_kind)s)
RETURNING id;

-- name: issue_credential
-- The devices have a credential from now on.
UPDATE waybill.device SET credential_issued_at = %(at)s, credential_revoked_at = NULL WHERE name = ANY(%(names)s);

-- name: issue_certificate
-- The device has a certificate from now on; its number, one more than that of the one before.
UPDATE waybill.device SET credential_issued_at = %(at)s, credential_revoked_at = NULL,
    certificate_no = certificate_no + 1
WHERE name = %(name)s
RETURNING certificate_no;

-- name: note_certificate
-- Until when the device's newest certificate is good.
UPDATE waybill.device SET certificate_expires_at = %(expires_at)s WHERE name = %(name)s;

-- name: revoke_credential
-- The device has no credential from now on; one row when it had one.
UPDATE waybill.device SET credential_revoked_at = %(at)s
WHERE id = %(device_id)s AND credential_issued_at IS NOT NULL AND credential_revoked_at IS NULL;

-- name: devices
-- Every device with the vehicle that it is fitted in now, its credential and its newest fix that counts.
SELECT d.id, d.name, d.kind, d.serial_no, d.created_at, v.name, p.code, lower(i.during), i.affixed, i.consent_by,
    i.consent_on, i.consent_document, d.credential_issued_at, d.credential_revoked_at, l.fixed_at, d.credential_kind,
    d.certificate_no, d.certificate_expires_at
FROM waybill.device d
LEFT JOIN waybill.last_fix l ON l.device_id = d.id
LEFT JOIN waybill.install i ON i.device_id = d.id AND upper_inf(i.during)
LEFT JOIN waybill.vehicle v ON v.id = i.vehicle_id
LEFT JOIN waybill.premises p ON p.id = v.premises_id
ORDER BY length(d.name), d.name;

-- name: put_install
-- A device in a vehicle from an instant on.
INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, dedicated, during, serial_no, affixed, consent_by,
    consent_on, consent_document)
VALUES (%(id)s, %(premises_id)s, %(device_id)s, %(vehicle_id)s, %(dedicated)s, tstzrange(%(from_at)s, NULL, '[)'),
    %(serial_no)s, %(affixed)s, %(consent_by)s, %(consent_on)s, %(consent_document)s);

-- name: end_install
-- The device leaves the vehicle that it is fitted in; one row when it was fitted.
UPDATE waybill.install i SET during = tstzrange(lower(i.during), %(to_at)s, '[)')
FROM waybill.vehicle v
WHERE v.id = i.vehicle_id AND i.device_id = %(device_id)s AND upper_inf(i.during) AND lower(i.during) < %(to_at)s
RETURNING i.id, i.premises_id, v.name, lower(i.during);
