-- name: put_zone
-- A zone of one premises from a time on.
INSERT INTO waybill.zone (id, premises_id, name, kind, geometry, radius_m, during, source, created_at)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(kind)s, %(geometry)s, %(radius_m)s, tstzrange(%(from_at)s, %(to_at)s),
    %(source)s, %(created_at)s);

-- name: zones_of_premises
-- Zones of a premises (NULL: of all) that are valid at a time (NULL: at any).
SELECT z.id, z.premises_id, p.code, z.name, z.kind, z.geometry, z.radius_m, lower(z.during), upper(z.during), z.source,
    z.created_at
FROM waybill.zone z JOIN waybill.premises p ON p.id = z.premises_id
WHERE (%(premises_id)s::uuid IS NULL OR z.premises_id = %(premises_id)s)
    AND (%(at)s::timestamptz IS NULL OR z.during @> %(at)s::timestamptz)
ORDER BY p.code, z.name, lower(z.during);

-- name: end_zone
-- From this time on the zone means nothing any more.
UPDATE waybill.zone SET during = tstzrange(lower(during), %(at)s)
WHERE id = %(id)s AND lower(during) < %(at)s AND (upper_inf(during) OR upper(during) > %(at)s);

-- name: put_place
-- A known place of one premises from a time on.
INSERT INTO waybill.place (id, premises_id, name, kind, lat_e7, lon_e7, radius_m, during, created_at)
VALUES (%(id)s, %(premises_id)s, %(name)s, %(kind)s, %(lat_e7)s, %(lon_e7)s, %(radius_m)s,
    tstzrange(%(from_at)s, %(to_at)s), %(created_at)s);

-- name: places_of_premises
-- Known places of a premises (NULL: of all) that are valid at a time (NULL: at any).
SELECT k.id, k.premises_id, p.code, k.name, k.kind, k.lat_e7, k.lon_e7, k.radius_m, lower(k.during), upper(k.during),
    k.created_at
FROM waybill.place k JOIN waybill.premises p ON p.id = k.premises_id
WHERE (%(premises_id)s::uuid IS NULL OR k.premises_id = %(premises_id)s)
    AND (%(at)s::timestamptz IS NULL OR k.during @> %(at)s::timestamptz)
ORDER BY p.code, k.name, lower(k.during);

-- name: select_places
-- Known places of some premises (NULL: of all) that are valid at a time, ended ones too when asked for, by name.
SELECT k.id, k.premises_id, p.code, k.name, k.kind, k.lat_e7, k.lon_e7, k.radius_m, lower(k.during), upper(k.during),
    k.created_at
FROM waybill.place k JOIN waybill.premises p ON p.id = k.premises_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR k.premises_id = ANY(%(premises_ids)s))
    AND (%(key)s::text IS NULL OR k.name = %(key)s OR k.id::text = %(key)s)
    AND (%(retired)s OR k.during @> %(at)s::timestamptz)
    AND (%(text)s::text IS NULL OR strpos(lower(k.name || ' ' || k.kind), lower(%(text)s)) > 0)
    AND (%(after_id)s::uuid IS NULL OR (p.code, k.name, k.id)
        > (%(after_code)s::text, %(after_name)s::text, %(after_id)s))
ORDER BY p.code, k.name, k.id
LIMIT %(most)s;

-- name: end_place
-- From this time on the place explains no stop any more.
UPDATE waybill.place SET during = tstzrange(lower(during), %(at)s)
WHERE id = %(id)s AND lower(during) < %(at)s AND (upper_inf(during) OR upper(during) > %(at)s);
