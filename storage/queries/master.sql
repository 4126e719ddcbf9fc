-- name: put_premises
-- A place that vehicles leave from.
INSERT INTO waybill.premises (id, code, name, licence_no, address, lat_e7, lon_e7, tz, hours, created_at, licensee_id,
    licence_type, phone)
VALUES (%(id)s, %(code)s, %(name)s, %(licence_no)s, %(address)s, %(lat_e7)s, %(lon_e7)s, %(tz)s, %(hours)s,
    %(created_at)s, %(licensee_id)s, %(licence_type)s, %(phone)s);

-- name: change_premises
-- What is known of premises; their code stays and their position is set by move_premises.
UPDATE waybill.premises SET name = %(name)s, licence_no = %(licence_no)s, address = %(address)s, tz = %(tz)s,
    hours = %(hours)s, licensee_id = %(licensee_id)s, licence_type = %(licence_type)s, retired_at = %(retired_at)s,
    phone = %(phone)s
WHERE id = %(id)s;

-- name: move_premises
-- Where premises are; departures and returns are judged by it from now on.
UPDATE waybill.premises SET lat_e7 = %(lat_e7)s, lon_e7 = %(lon_e7)s WHERE id = %(id)s;

-- name: all_premises
-- Every premises by code.
SELECT p.id, p.code, p.name, p.licence_no, p.address, p.lat_e7, p.lon_e7, p.tz, p.hours, p.created_at, p.licensee_id,
    l.name, p.licence_type, p.retired_at, p.phone
FROM waybill.premises p LEFT JOIN waybill.licensee l ON l.id = p.licensee_id
ORDER BY p.code;

-- name: put_vehicle
-- A vehicle of one premises.
INSERT INTO waybill.vehicle (id, premises_id, name, plate, make, model, colour, created_at, kind, year, vin,
    registered_owner, enclosed, unmarked, compartment, alarm)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(plate)s, %(make)s, %(model)s, %(colour)s, %(created_at)s, %(kind)s,
    %(year)s, %(vin)s, %(registered_owner)s, %(enclosed)s, %(unmarked)s, %(compartment)s, %(alarm)s);

-- name: change_vehicle
-- What is known of a vehicle; its name and premises stay.
UPDATE waybill.vehicle SET plate = %(plate)s, make = %(make)s, model = %(model)s, colour = %(colour)s, kind = %(kind)s,
    year = %(year)s, vin = %(vin)s, registered_owner = %(registered_owner)s, enclosed = %(enclosed)s,
    unmarked = %(unmarked)s, compartment = %(compartment)s, alarm = %(alarm)s
WHERE id = %(id)s;

-- name: vehicles
-- Vehicles of some premises (NULL: of all) by premises and name, each with the device that is fitted now.
SELECT v.id, v.premises_id, p.code, v.name, v.plate, v.make, v.model, v.colour, v.created_at, v.retired_at, d.name,
    v.kind, v.year, v.vin, v.registered_owner, v.enclosed, v.unmarked, v.compartment, v.alarm
FROM waybill.vehicle v
JOIN waybill.premises p ON p.id = v.premises_id
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.device d ON d.id = i.device_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR v.premises_id = ANY(%(premises_ids)s))
    AND (%(key)s::text IS NULL OR v.name = %(key)s OR v.id::text = %(key)s)
    AND (%(retired)s OR v.retired_at IS NULL)
    AND (%(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', v.name, v.plate, v.make, v.model, v.vin)), lower(%(text)s)) > 0)
    AND (%(after_id)s::uuid IS NULL OR (p.code, length(v.name), v.name, v.id)
        > (%(after_code)s::text, length(%(after_name)s::text), %(after_name)s::text, %(after_id)s))
ORDER BY p.code, length(v.name), v.name, v.id
LIMIT %(most)s;

-- name: retire_vehicle
-- Takes a vehicle out of service; its history stays.
UPDATE waybill.vehicle SET retired_at = %(at)s WHERE id = %(id)s AND retired_at IS NULL;

-- name: put_driver
-- A driver of one premises.
INSERT INTO waybill.driver (id, premises_id, employee_no, name, employed_from, employed_to, created_at, legal_name,
    first_name, over_21, permit_no)
VALUES (%(id)s, %(premises_id)s, %(employee_no)s, %(name)s, %(employed_from)s, %(employed_to)s, %(created_at)s,
    %(legal_name)s, %(first_name)s, %(over_21)s, %(permit_no)s);

-- name: change_driver
-- What is known of a driver; employee number and premises stay.
UPDATE waybill.driver SET name = %(name)s, employed_from = %(employed_from)s, employed_to = %(employed_to)s,
    legal_name = %(legal_name)s, first_name = %(first_name)s, over_21 = %(over_21)s, permit_no = %(permit_no)s,
    retired_at = %(retired_at)s
WHERE id = %(id)s;

-- name: drivers
-- Drivers of some premises (NULL: of all) by premises and employee number.
SELECT r.id, r.premises_id, p.code, r.employee_no, r.name, r.employed_from, r.employed_to, r.created_at, r.legal_name,
    r.first_name, r.over_21, r.permit_no, r.retired_at
FROM waybill.driver r JOIN waybill.premises p ON p.id = r.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR r.premises_id = ANY(%(premises_ids)s))
    AND (%(key)s::text IS NULL OR r.employee_no = %(key)s OR r.id::text = %(key)s)
    AND (%(retired)s OR r.retired_at IS NULL)
    AND (%(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', r.employee_no, r.name, r.legal_name, r.permit_no)), lower(%(text)s)) > 0)
    AND (%(after_id)s::uuid IS NULL
        OR (p.code, r.employee_no, r.id) > (%(after_code)s::text, %(after_name)s::text, %(after_id)s))
ORDER BY p.code, r.employee_no, r.id
LIMIT %(most)s;

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
