-- name: drop_old_fixes
-- Whole days of fixes older than so many days go; the function checks the floor and copies what is under a hold.
SELECT waybill.drop_old_fixes(%(keep_days)s, %(event_id)s);

-- name: compress_oldest_fixes
-- One day of fixes that ended more than 7 days ago is compressed, where TimescaleDB's edition can.
SELECT waybill.compress_oldest_fixes(%(event_id)s);

-- name: delete_off_trip_day
-- The oldest past day after `after` loses its fixes off trip; no row when none is due.
SELECT day, deleted FROM waybill.delete_off_trip_day(%(off_trip_days)s, %(after)s, %(event_id)s);

-- name: delete_old_rejects
-- At most 20,000 rejects older than so many days go, except those of devices under a hold.
SELECT waybill.delete_old_rejects(%(keep_days)s, %(event_id)s);

-- name: retention_plan
-- Per class what the next run would delete and what holds keep.
SELECT class, oldest, due_rows, due_days, due_bytes, held_rows
FROM waybill.retention_plan(%(on_trip_days)s, %(off_trip_days)s, %(reject_days)s, %(business_days)s);

-- name: retention_runs
-- What the last run did, per class.
SELECT class, ran_at, rows, days, bytes FROM waybill.retention_run ORDER BY class;

-- name: put_hold
-- A legal hold begins: nothing in its scope is deleted until it is released.
INSERT INTO waybill.legal_hold (id, premises_id, vehicle_id, during, reason, placed_by, placed_at)
VALUES (%(id)s, %(premises_id)s, %(vehicle_id)s, tstzrange(%(from_at)s, %(to_at)s), %(reason)s, %(placed_by)s, %(placed_at)s);

-- name: holds
-- Legal holds, newest first, released ones too.
SELECT h.id, p.code, v.name, lower(h.during), upper(h.during), h.reason, h.placed_by, h.placed_at, h.released_at,
    h.premises_id
FROM waybill.legal_hold h
JOIN waybill.premises p ON p.id = h.premises_id
LEFT JOIN waybill.vehicle v ON v.id = h.vehicle_id
ORDER BY h.placed_at DESC, h.id DESC;

-- name: release_hold
-- The hold ends; no row when there is none of this id that still holds.
UPDATE waybill.legal_hold SET released_at = %(released_at)s WHERE id = %(id)s AND released_at IS NULL RETURNING premises_id;

-- name: put_database_size
-- The size of the database on this day.
INSERT INTO waybill.database_size (day, bytes) VALUES (%(day)s, %(bytes)s)
ON CONFLICT (day) DO UPDATE SET bytes = excluded.bytes;

-- name: database_sizes
-- The sizes of the last days, oldest first.
SELECT day, bytes FROM waybill.database_size WHERE day >= %(from_day)s ORDER BY day;
