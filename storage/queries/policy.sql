-- name: put_policy
-- What the premises choose to differ from the defaults, from a time on; the same time again is replaced.
INSERT INTO waybill.policy (id, premises_id, overrides, from_at, author, reason, created_at)
VALUES (%(id)s, %(premises_id)s, %(overrides)s, %(from_at)s, %(author)s, %(reason)s, %(created_at)s);

-- name: policies
-- Every choice of the premises in order of time.
SELECT id, premises_id, overrides, from_at, author, reason, created_at
FROM waybill.policy WHERE premises_id = %(premises_id)s ORDER BY from_at;

-- name: change_ground
-- Whoever keeps zones, places and policy in memory reads them again.
UPDATE waybill.premises SET ground_version = ground_version + 1 WHERE id = %(premises_id)s;

-- name: ground_versions
-- Which version of zones, places and policy each of these premises has.
SELECT id::text, ground_version FROM waybill.premises WHERE id = ANY (%(premises_ids)s::uuid[]);

-- name: thresholds_of_version
-- Every threshold of a version of the policy.
SELECT thresholds FROM waybill.policy_version WHERE premises_id = %(premises_id)s AND version = %(version)s;
