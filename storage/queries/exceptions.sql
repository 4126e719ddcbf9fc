-- name: exceptions_of_trips
-- Every exception of trips that was not withdrawn.
SELECT trip_id, id, kind, zone_id::text, lower(during), upper(during), rule, closed_at, explanation
FROM waybill.exception WHERE trip_id = ANY (%(trip_ids)s) AND NOT withdrawn ORDER BY lower(during), id;

-- name: put_exception
-- Something that staff have to look at.
INSERT INTO waybill.exception (id, premises_id, kind, trip_id, zone_id, during, lat_e7, lon_e7, rule, opened_at)
SELECT %(id)s, t.premises_id, %(kind)s, t.id, %(zone_id)s, tstzrange(%(from_at)s, %(to_at)s, '[]'), %(lat_e7)s,
    %(lon_e7)s, %(rule)s, %(opened_at)s
FROM waybill.trip t WHERE t.id = %(trip_id)s
RETURNING premises_id;

-- name: change_exception
-- What is known of it now.
UPDATE waybill.exception SET during = tstzrange(%(from_at)s, %(to_at)s, '[]'), rule = %(rule)s WHERE id = %(id)s;

-- name: withdraw_exception
-- A later version does not show it any more.
UPDATE waybill.exception SET withdrawn = true, closed_at = coalesce(closed_at, %(at)s) WHERE id = %(id)s
RETURNING premises_id;

-- name: explain_exception
-- Somebody says why; that closes it.
UPDATE waybill.exception SET explanation = %(explanation)s, explained_by = %(by)s, closed_at = %(at)s
WHERE id = %(id)s;

-- name: exceptions_found
-- Exceptions of premises (NULL: of all), open ones or every one, the newest first.
SELECT e.id, e.premises_id, p.code, e.kind, t.trip_no, v.name, e.trip_id, z.name, lower(e.during), upper(e.during),
    e.lat_e7, e.lon_e7, e.rule, e.opened_at, e.closed_at, e.explanation, e.explained_by, e.withdrawn
FROM waybill.exception e
JOIN waybill.premises p ON p.id = e.premises_id
LEFT JOIN waybill.trip t ON t.id = e.trip_id
JOIN waybill.vehicle v ON v.id = coalesce(t.vehicle_id, e.vehicle_id)
LEFT JOIN waybill.zone z ON z.id = e.zone_id
WHERE (%(premises_ids)s::uuid[] IS NULL OR e.premises_id = ANY (%(premises_ids)s))
    AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
    AND (%(everything)s OR e.closed_at IS NULL)
    AND (%(exception)s::text IS NULL OR e.id::text LIKE %(exception)s)
ORDER BY lower(e.during) DESC, e.id
LIMIT %(limit)s;

-- name: put_stop_reason
-- The reason that a person gives for a stop.
INSERT INTO waybill.stop_reason (id, premises_id, trip_id, stop_id, during, code, note, permitted, given_by, given_at,
    replaces)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(stop_id)s, tstzrange(%(from_at)s, %(to_at)s, '[]'), %(code)s, %(note)s,
    %(permitted)s, %(given_by)s, %(given_at)s, %(replaces)s);

-- name: reasons_of_trip
-- The reasons that people gave for stops of a trip, the newest first.
SELECT lower(during), upper(during), code, permitted FROM waybill.stop_reason
WHERE trip_id = %(trip_id)s ORDER BY given_at DESC, id DESC;

-- name: stop_head
-- A stop with what it is known by now, locked until the transaction ends.
SELECT s.id, s.premises_id, d.trip_id, t.trip_no, s.began_at, s.ended_at, s.lat_e7, s.lon_e7, s.reason,
    d.superseded_at IS NULL
FROM waybill.stop s
JOIN waybill.derivation d ON d.id = s.derivation_id
JOIN waybill.trip t ON t.id = d.trip_id
WHERE s.id = %(stop_id)s
FOR UPDATE OF s;

-- name: nth_stop
-- The stop of a trip by its place in the version that counts, from 1.
SELECT s.id FROM waybill.stop s JOIN waybill.derivation d ON d.id = s.derivation_id
WHERE d.trip_id = %(trip_id)s AND d.superseded_at IS NULL ORDER BY s.began_at OFFSET %(place)s - 1 LIMIT 1;

-- name: put_contradiction
-- A unit said something else of the same moment than before; of its vehicle, whatever trip that was on.
INSERT INTO waybill.exception (id, premises_id, kind, vehicle_id, during, lat_e7, lon_e7, rule, opened_at)
VALUES (%(id)s, %(premises_id)s, 'contradicted', %(vehicle_id)s, tstzrange(%(from_at)s, %(to_at)s, '[]'), %(lat_e7)s,
    %(lon_e7)s, %(rule)s, %(opened_at)s);
