-- name: put_check_in
-- The crew's word that all is well, or not.
INSERT INTO waybill.check_in (id, premises_id, trip_id, kind, at, driver_id, channel, recorded_by, recorded_at, lat_e7,
    lon_e7, place_source, note, due_at, acknowledged_at, acknowledged_by)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(kind)s, %(at)s, %(driver_id)s, %(channel)s, %(recorded_by)s,
    %(recorded_at)s, %(lat_e7)s, %(lon_e7)s, %(place_source)s, %(note)s, %(due_at)s, %(acknowledged_at)s,
    %(acknowledged_by)s);

-- name: check_ins_of_trips
-- Check-ins of trips in the order in which they were said.
SELECT c.trip_id, c.id, c.kind, c.at, d.employee_no, c.channel, c.recorded_by, c.recorded_at, c.lat_e7, c.lon_e7,
    c.place_source, c.note, c.due_at, c.acknowledged_at, c.acknowledged_by
FROM waybill.check_in c JOIN waybill.driver d ON d.id = c.driver_id
WHERE c.trip_id = ANY (%(trip_ids)s)
ORDER BY c.trip_id, c.at, c.id;

-- name: acknowledge_check_in
-- Dispatch has heard it; the first one to say so stays. Whether that was just now.
UPDATE waybill.check_in SET acknowledged_at = coalesce(acknowledged_at, %(at)s),
    acknowledged_by = coalesce(acknowledged_by, %(by)s)
WHERE id = %(id)s AND trip_id = %(trip_id)s
RETURNING acknowledged_at = %(at)s AND acknowledged_by = %(by)s;

-- name: trips_to_check_in
-- Trips whose profile asks for check-ins, under way or ended after a time; of these premises (NULL: of all).
SELECT t.id
FROM waybill.trip t
JOIN waybill.profile_version v ON v.name = t.profile AND v.version = t.profile_version
WHERE t.departed_at IS NOT NULL AND (t.ended_at IS NULL OR t.ended_at > %(ended_since)s)
    AND (%(premises_ids)s::uuid[] IS NULL OR t.premises_id = ANY (%(premises_ids)s))
    AND (v.settings->'check_in_interval_s'->>'on')::boolean
ORDER BY t.departed_at, t.id;
