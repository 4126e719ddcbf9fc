-- name: put_profile_version
-- A version of a profile; one that is there stays as it is.
INSERT INTO waybill.profile_version (name, version, settings, at, actor_kind, actor, reason)
VALUES (%(name)s, %(version)s, %(settings)s, %(at)s, %(actor_kind)s, %(actor)s, %(reason)s)
ON CONFLICT DO NOTHING;

-- name: profile_versions
-- Every version of a profile (NULL: of all), the newest first.
SELECT name, version, settings, at, actor_kind, actor, reason FROM waybill.profile_version
WHERE %(name)s::text IS NULL OR name = %(name)s
ORDER BY name, version DESC;

-- name: profile_version
-- One version of a profile.
SELECT name, version, settings, at, actor_kind, actor, reason FROM waybill.profile_version
WHERE name = %(name)s AND version = %(version)s;

-- name: profile_of_premises
-- Which profile the premises chose; NULL: plain.
SELECT profile FROM waybill.premises WHERE id = %(premises_id)s;

-- name: choose_profile
-- The profile of trips that are planned at the premises from now on.
UPDATE waybill.premises SET profile = %(name)s WHERE id = %(premises_id)s;

-- name: pin_profile
-- The version that the trip runs under.
UPDATE waybill.trip SET profile = %(name)s, profile_version = %(version)s WHERE id = %(trip_id)s;
