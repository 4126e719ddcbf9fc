-- name: drop_old_fixes
-- Whole days of fixes older than so many days go; the function checks the floor and copies what is under a hold.
SELECT waybill.drop_old_fixes(%(keep_days)s, %(event_id)s);
