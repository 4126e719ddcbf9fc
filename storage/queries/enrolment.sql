-- name: cancel_enrolments
-- The device's open codes are worth nothing from now on.
UPDATE waybill.enrolment SET cancelled_at = %(at)s
WHERE device_id = %(device_id)s AND used_at IS NULL AND cancelled_at IS NULL;

-- name: put_enrolment
-- A code for a device, until an instant.
INSERT INTO waybill.enrolment (id, device_id, code_hash, created_at, expires_at)
VALUES (%(id)s, %(device_id)s, %(code_hash)s, %(created_at)s, %(expires_at)s);

-- name: try_enrolment
-- Counts a try of this code and keeps others from it until the end of the transaction; no row: no such code.
UPDATE waybill.enrolment e SET tries = e.tries + 1
FROM waybill.device d
WHERE d.id = e.device_id AND e.code_hash = %(code_hash)s
RETURNING e.id, d.name, e.expires_at, e.cancelled_at, e.used_at, d.credential_kind;

-- name: use_enrolment
-- The code was exchanged.
UPDATE waybill.enrolment SET used_at = %(at)s WHERE id = %(id)s;
