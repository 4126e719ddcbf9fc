-- name: installs
-- Installs of some premises (NULL: of all), ended ones too when asked for, in the order of device and time.
SELECT i.id, i.premises_id, p.code, d.name, d.kind, i.vehicle_id, v.name, i.dedicated, lower(i.during), upper(i.during),
    i.serial_no, i.affixed, i.consent_by, i.consent_on, i.consent_document
FROM waybill.install i
JOIN waybill.premises p ON p.id = i.premises_id
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.vehicle v ON v.id = i.vehicle_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR i.premises_id = ANY(%(premises_ids)s))
    AND (%(key)s::text IS NULL OR d.name = %(key)s OR i.id::text = %(key)s)
    AND (%(retired)s OR upper_inf(i.during))
    AND (%(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', d.name, v.name, i.serial_no, i.consent_by)), lower(%(text)s)) > 0)
    AND (%(after_id)s::uuid IS NULL OR (p.code, length(d.name), d.name, i.id)
        > (%(after_code)s::text, length(%(after_name)s::text), %(after_name)s::text, %(after_id)s))
ORDER BY p.code, length(d.name), d.name, i.id
LIMIT %(most)s;

-- name: change_install
-- How a device is fitted and who agreed to it; device, vehicle and time stay.
UPDATE waybill.install SET affixed = %(affixed)s, consent_by = %(consent_by)s, consent_on = %(consent_on)s,
    consent_document = %(consent_document)s
WHERE id = %(id)s;
