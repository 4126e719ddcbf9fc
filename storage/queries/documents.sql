-- name: put_document
-- A paper of a vehicle, a driver, a licensee or the premises.
INSERT INTO waybill.document (id, premises_id, licensee_id, vehicle_id, driver_id, kind, title, number, issued_on,
    expires_on, created_at)
VALUES (%(id)s, %(premises_id)s, %(licensee_id)s, %(vehicle_id)s, %(driver_id)s, %(kind)s, %(title)s, %(number)s,
    %(issued_on)s, %(expires_on)s, %(created_at)s);

-- name: change_document
-- What is known of a paper; whose it is and its kind stay.
UPDATE waybill.document SET number = %(number)s, issued_on = %(issued_on)s, expires_on = %(expires_on)s,
    withdrawn_at = %(withdrawn_at)s
WHERE id = %(id)s;

-- name: documents
-- Papers of some premises (NULL: all) and of their licensees; `newest` of a kind and owner: the others were renewed.
SELECT id, premises_id, premises_code, licensee_id, vehicle_id, driver_id, of_kind, of_name, kind, title, number,
    issued_on, expires_on, created_at, withdrawn_at, newest, owner_retired
FROM (
    SELECT d.id, d.premises_id, p.code AS premises_code, d.licensee_id, d.vehicle_id, d.driver_id,
        CASE WHEN d.vehicle_id IS NOT NULL THEN 'vehicle' WHEN d.driver_id IS NOT NULL THEN 'driver'
            WHEN d.licensee_id IS NOT NULL THEN 'licensee' ELSE 'premises' END AS of_kind,
        coalesce(v.name, r.employee_no, l.name, p.code) AS of_name,
        d.kind, d.title, d.number, d.issued_on, d.expires_on, d.created_at, d.withdrawn_at,
        d.withdrawn_at IS NULL AND row_number() OVER (
            PARTITION BY d.premises_id, d.licensee_id, d.vehicle_id, d.driver_id, d.kind, d.title
            ORDER BY d.withdrawn_at IS NULL DESC, d.expires_on DESC NULLS FIRST, d.created_at DESC, d.id DESC
        ) = 1 AS newest,
        coalesce(v.retired_at, r.retired_at, l.retired_at, p.retired_at) IS NOT NULL AS owner_retired
    FROM waybill.document d
    LEFT JOIN waybill.premises p ON p.id = d.premises_id
    LEFT JOIN waybill.vehicle v ON v.id = d.vehicle_id
    LEFT JOIN waybill.driver r ON r.id = d.driver_id
    LEFT JOIN waybill.licensee l ON l.id = d.licensee_id
    WHERE (%(premises_ids)s::uuid[] IS NULL OR d.premises_id = ANY(%(premises_ids)s)
            OR d.licensee_id IN (SELECT licensee_id FROM waybill.premises WHERE id = ANY(%(premises_ids)s)))
        AND (%(owner_ids)s::uuid[] IS NULL
            OR coalesce(d.vehicle_id, d.driver_id, d.licensee_id, d.premises_id) = ANY(%(owner_ids)s))
) AS found
WHERE (%(id)s::uuid IS NULL OR id = %(id)s)
    AND (%(of_kind)s::text IS NULL OR of_kind = %(of_kind)s)
    AND (%(of_name)s::text IS NULL OR of_name = %(of_name)s)
    AND (%(replaced)s OR (newest AND NOT owner_retired))
    AND (%(expires_by)s::date IS NULL OR expires_on <= %(expires_by)s)
    AND (%(after_id)s::uuid IS NULL OR (coalesce(expires_on, 'infinity'), id) > (%(after_on)s::date, %(after_id)s))
ORDER BY coalesce(expires_on, 'infinity'), id
LIMIT %(most)s;
