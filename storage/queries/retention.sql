-- name: drop_old_fixes
-- Whole days of fixes older than so many days go; the function checks the floor and copies what is under a hold.
SELECT waybill.drop_old_fixes(%(keep_days)s, %(event_id)s);

-- name: compress_oldest_fixes
-- One day of fixes that ended more than 7 days ago is compressed, where TimescaleDB's edition can.
SELECT waybill.compress_oldest_fixes(%(event_id)s);
