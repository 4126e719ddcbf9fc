-- name: put_licensee
-- Who holds a licence.
INSERT INTO waybill.licensee (id, name, legal_name, licence_no, licence_type, created_at)
VALUES (%(id)s, %(name)s, %(legal_name)s, %(licence_no)s, %(licence_type)s, %(created_at)s);

-- name: change_licensee
-- What is known of a licensee; the name stays.
UPDATE waybill.licensee SET legal_name = %(legal_name)s, licence_no = %(licence_no)s, licence_type = %(licence_type)s,
    retired_at = %(retired_at)s
WHERE id = %(id)s;

-- name: licensees
-- Licensees (of some premises; NULL: all) by name.
SELECT l.id, l.name, l.legal_name, l.licence_no, l.licence_type, l.created_at, l.retired_at
FROM waybill.licensee l
WHERE (%(premises_ids)s::uuid[] IS NULL
        OR l.id IN (SELECT licensee_id FROM waybill.premises WHERE id = ANY(%(premises_ids)s)))
    AND (%(key)s::text IS NULL OR l.name = %(key)s OR l.id::text = %(key)s)
    AND (%(retired)s OR l.retired_at IS NULL)
    AND (%(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', l.name, l.legal_name, l.licence_no)), lower(%(text)s)) > 0)
    AND (%(after_id)s::uuid IS NULL OR l.name > %(after_name)s::text)
ORDER BY l.name
LIMIT %(most)s;
