-- name: note_policy_version
-- Keeps every threshold of a version, once.
INSERT INTO waybill.policy_version (premises_id, version, thresholds, first_used_at)
VALUES (%(premises_id)s, %(version)s, %(thresholds)s, %(at)s)
ON CONFLICT (premises_id, version) DO NOTHING;

-- name: open_live_derivations
-- The version that grows while the trips are under way; one that is there stays.
INSERT INTO waybill.derivation (id, premises_id, trip_id, vehicle_id, version, cause, policy_version, made_at)
SELECT w.id, t.premises_id, t.id, t.vehicle_id, 1, 'live', w.policy_version, w.made_at
FROM unnest(%(ids)s::uuid[], %(trip_ids)s::uuid[], %(policy_versions)s::text[], %(made_at)s::timestamptz[])
    AS w (id, trip_id, policy_version, made_at)
JOIN waybill.trip t ON t.id = w.trip_id
ON CONFLICT (trip_id, version) DO NOTHING;

-- name: live_derivations
-- The growing versions of these trips, and whether they are what counts.
SELECT trip_id::text, id, premises_id, superseded_at IS NULL
FROM waybill.derivation WHERE trip_id = ANY (%(trip_ids)s::uuid[]) AND version = 1 AND cause = 'live';

-- name: put_derivation
-- A new version of what fixes showed of a trip.
INSERT INTO waybill.derivation (id, premises_id, trip_id, vehicle_id, version, cause, policy_version, made_at, final,
    digest, fixes, departed_at, departed_evidence, returned_at, returned_evidence, unseen_at, unseen_evidence,
    unseen_why)
VALUES (%(id)s, %(premises_id)s, %(trip_id)s, %(vehicle_id)s, %(version)s, %(cause)s, %(policy_version)s, %(made_at)s,
    %(final)s, %(digest)s, %(fixes)s, %(departed_at)s, %(departed_evidence)s, %(returned_at)s, %(returned_evidence)s,
    %(unseen_at)s, %(unseen_evidence)s, %(unseen_why)s);

-- name: supersede_derivation
-- Another version counts from now on; this one stays on record.
UPDATE waybill.derivation SET superseded_at = %(at)s WHERE trip_id = %(trip_id)s AND superseded_at IS NULL;

-- name: confirm_derivation
-- Deriving again showed the same: the version stays, and may be final now.
UPDATE waybill.derivation SET final = %(final)s, digest = %(digest)s, fixes = %(fixes)s WHERE id = %(id)s;

-- name: lock_counting_derivation
-- The version that counts, locked until the transaction ends, and the highest version that there is.
SELECT d.id, d.version, d.cause, d.policy_version, d.final, d.digest,
    (SELECT max(a.version) FROM waybill.derivation a WHERE a.trip_id = d.trip_id)
FROM waybill.derivation d WHERE d.trip_id = %(trip_id)s AND d.superseded_at IS NULL
FOR UPDATE;

-- name: put_departure
-- When the vehicle left its premises, as the growing version has it.
UPDATE waybill.derivation SET departed_at = %(at)s, departed_evidence = %(evidence)s WHERE id = %(derivation_id)s;

-- name: put_return
-- When it came back.
UPDATE waybill.derivation SET returned_at = %(at)s, returned_evidence = %(evidence)s WHERE id = %(derivation_id)s;

-- name: put_unseen
-- Nobody saw it leave, as the growing version has it.
UPDATE waybill.derivation SET unseen_at = %(unseen_at)s, unseen_evidence = %(unseen_evidence)s,
    unseen_why = %(unseen_why)s
WHERE id = %(derivation_id)s;

-- name: put_stop
-- A stop; the same one again, by its beginning, takes the newer word.
INSERT INTO waybill.stop AS s (id, premises_id, derivation_id, began_at, ended_at, lat_e7, lon_e7, reason, drop_id,
    order_id, place_id, after_gap, before_gap, fixes, evidence, policy_version)
VALUES (%(id)s, %(premises_id)s, %(derivation_id)s, %(began_at)s, %(ended_at)s, %(lat_e7)s, %(lon_e7)s, %(reason)s,
    %(drop_id)s, %(order_id)s, %(place_id)s, %(after_gap)s, %(before_gap)s, %(fixes)s, %(evidence)s, %(policy_version)s)
ON CONFLICT (derivation_id, began_at) DO UPDATE SET ended_at = excluded.ended_at, lat_e7 = excluded.lat_e7,
    lon_e7 = excluded.lon_e7, reason = excluded.reason, drop_id = excluded.drop_id, order_id = excluded.order_id,
    place_id = excluded.place_id, after_gap = excluded.after_gap, before_gap = excluded.before_gap,
    fixes = excluded.fixes, evidence = excluded.evidence, policy_version = excluded.policy_version;

-- name: put_visit
-- A visit at a door; a newer arrival takes the place of the one before, what is not said leaves what was known.
INSERT INTO waybill.drop_visit AS v (id, premises_id, derivation_id, drop_id, order_id, soon_at, soon_evidence,
    arrived_at, arrived_evidence, inferred, left_at, left_evidence, policy_version)
VALUES (%(id)s, %(premises_id)s, %(derivation_id)s, %(drop_id)s, %(order_id)s, %(soon_at)s,
    %(soon_evidence)s, %(arrived_at)s, %(arrived_evidence)s, %(inferred)s, %(left_at)s, %(left_evidence)s, %(policy_version)s)
ON CONFLICT (derivation_id, drop_id) DO UPDATE SET soon_at = coalesce(v.soon_at, excluded.soon_at),
    soon_evidence = coalesce(v.soon_evidence, excluded.soon_evidence),
    arrived_at = coalesce(excluded.arrived_at, v.arrived_at),
    arrived_evidence = coalesce(excluded.arrived_evidence, v.arrived_evidence),
    inferred = excluded.inferred OR (excluded.arrived_at IS NULL AND v.inferred),
    left_at = CASE WHEN excluded.arrived_at IS NULL THEN coalesce(excluded.left_at, v.left_at) ELSE excluded.left_at END,
    left_evidence = CASE WHEN excluded.arrived_at IS NULL THEN coalesce(excluded.left_evidence, v.left_evidence)
        ELSE excluded.left_evidence END;

-- name: put_zone_visit
-- A stay in a zone, one that began before the trip from its departure on; what is not said leaves what was known.
INSERT INTO waybill.zone_visit AS v (id, premises_id, derivation_id, zone_id, entered_at, entered_evidence, first_seen,
    left_at, left_evidence, dwelt_at, policy_version)
SELECT %(id)s, %(premises_id)s, d.id, %(zone_id)s, greatest(%(entered_at)s, d.departed_at), %(entered_evidence)s,
    %(first_seen)s OR coalesce(%(entered_at)s < d.departed_at, false), %(left_at)s, %(left_evidence)s, %(dwelt_at)s,
    %(policy_version)s
FROM waybill.derivation d WHERE d.id = %(derivation_id)s
ON CONFLICT (derivation_id, zone_id, entered_at) DO UPDATE SET
    entered_evidence = coalesce(v.entered_evidence, excluded.entered_evidence),
    left_at = coalesce(excluded.left_at, v.left_at), left_evidence = coalesce(excluded.left_evidence, v.left_evidence),
    dwelt_at = coalesce(v.dwelt_at, excluded.dwelt_at);

-- name: put_gap
-- A gap; the same one again, by its beginning, takes the newer word.
INSERT INTO waybill.gap (id, premises_id, derivation_id, began_at, ended_at, cause, why, provisional, refused, limit_s,
    evidence, policy_version)
VALUES (%(id)s, %(premises_id)s, %(derivation_id)s, %(began_at)s, %(ended_at)s, %(cause)s, %(why)s, %(provisional)s,
    %(refused)s, %(limit_s)s, %(evidence)s, %(policy_version)s)
ON CONFLICT (derivation_id, began_at) DO UPDATE SET ended_at = excluded.ended_at, cause = excluded.cause,
    why = excluded.why, provisional = excluded.provisional, refused = excluded.refused, limit_s = excluded.limit_s,
    evidence = excluded.evidence, policy_version = excluded.policy_version;

-- name: put_deviation
-- A departure from the planned way; the same one again, by its beginning, takes the newer word.
INSERT INTO waybill.deviation (id, premises_id, derivation_id, began_at, ended_at, worst_m, worst, driven_m, returned,
    evidence, policy_version)
VALUES (%(id)s, %(premises_id)s, %(derivation_id)s, %(began_at)s, %(ended_at)s, %(worst_m)s, %(worst)s, %(driven_m)s,
    %(returned)s, %(evidence)s, %(policy_version)s)
ON CONFLICT (derivation_id, began_at) DO UPDATE SET ended_at = excluded.ended_at, worst_m = excluded.worst_m,
    worst = excluded.worst, driven_m = excluded.driven_m, returned = excluded.returned, evidence = excluded.evidence,
    policy_version = excluded.policy_version;

-- name: put_facts
-- The driving facts of a trip.
INSERT INTO waybill.trip_facts (derivation_id, premises_id, began_at, ended_at, distance_m, moving_s, stopped_s,
    unseen_s, unseen_m, idling_s, max_speed_mps, harsh_brakings, harsh_accelerations, fixes)
VALUES (%(derivation_id)s, %(premises_id)s, %(began_at)s, %(ended_at)s, %(distance_m)s, %(moving_s)s, %(stopped_s)s,
    %(unseen_s)s, %(unseen_m)s, %(idling_s)s, %(max_speed_mps)s, %(harsh_brakings)s, %(harsh_accelerations)s, %(fixes)s)
ON CONFLICT (derivation_id) DO UPDATE SET began_at = excluded.began_at, ended_at = excluded.ended_at,
    distance_m = excluded.distance_m, moving_s = excluded.moving_s, stopped_s = excluded.stopped_s,
    unseen_s = excluded.unseen_s, unseen_m = excluded.unseen_m, idling_s = excluded.idling_s,
    max_speed_mps = excluded.max_speed_mps, harsh_brakings = excluded.harsh_brakings,
    harsh_accelerations = excluded.harsh_accelerations, fixes = excluded.fixes;

-- name: put_vehicle_hour
-- What a vehicle did in an hour, in place of what was there.
INSERT INTO waybill.vehicle_hour (vehicle_id, hour_at, premises_id, distance_m, moving_s, stopped_s, unseen_s, unseen_m,
    idling_s, max_speed_mps, harsh_brakings, harsh_accelerations, fixes, policy_version, made_at)
SELECT v.id, %(hour_at)s, v.premises_id, %(distance_m)s, %(moving_s)s, %(stopped_s)s, %(unseen_s)s, %(unseen_m)s,
    %(idling_s)s, %(max_speed_mps)s, %(harsh_brakings)s, %(harsh_accelerations)s, %(fixes)s, %(policy_version)s,
    %(made_at)s
FROM waybill.vehicle v WHERE v.id = %(vehicle_id)s
ON CONFLICT (vehicle_id, hour_at) DO UPDATE SET distance_m = excluded.distance_m, moving_s = excluded.moving_s,
    stopped_s = excluded.stopped_s, unseen_s = excluded.unseen_s, unseen_m = excluded.unseen_m,
    idling_s = excluded.idling_s, max_speed_mps = excluded.max_speed_mps, harsh_brakings = excluded.harsh_brakings,
    harsh_accelerations = excluded.harsh_accelerations, fixes = excluded.fixes,
    policy_version = excluded.policy_version, made_at = excluded.made_at;

-- name: add_vehicle_hour
-- What a vehicle did in an hour, unless something is there already.
INSERT INTO waybill.vehicle_hour (vehicle_id, hour_at, premises_id, distance_m, moving_s, stopped_s, unseen_s, unseen_m,
    idling_s, max_speed_mps, harsh_brakings, harsh_accelerations, fixes, policy_version, made_at)
SELECT v.id, %(hour_at)s, v.premises_id, %(distance_m)s, %(moving_s)s, %(stopped_s)s, %(unseen_s)s, %(unseen_m)s,
    %(idling_s)s, %(max_speed_mps)s, %(harsh_brakings)s, %(harsh_accelerations)s, %(fixes)s, %(policy_version)s,
    %(made_at)s
FROM waybill.vehicle v WHERE v.id = %(vehicle_id)s
ON CONFLICT (vehicle_id, hour_at) DO NOTHING;

-- name: derived_moments
-- Departure and return of one version, or that nobody saw it leave.
SELECT departed_at, departed_evidence, returned_at, returned_evidence, unseen_at, unseen_evidence, unseen_why
FROM waybill.derivation WHERE id = %(derivation_id)s;

-- name: derived_stops
-- The stops of one version.
SELECT began_at, ended_at, lat_e7, lon_e7, reason, drop_id::text, order_id::text, place_id::text, after_gap, before_gap,
    fixes, evidence, policy_version
FROM waybill.stop WHERE derivation_id = %(derivation_id)s ORDER BY began_at;

-- name: derived_visits
-- The visits at doors of one version.
SELECT drop_id::text, order_id::text, soon_at, soon_evidence, arrived_at, arrived_evidence, inferred, left_at, left_evidence,
    policy_version
FROM waybill.drop_visit WHERE derivation_id = %(derivation_id)s ORDER BY coalesce(arrived_at, soon_at), drop_id;

-- name: derived_zone_visits
-- The stays in zones of one version.
SELECT zone_id::text, entered_at, entered_evidence, first_seen, left_at, left_evidence, dwelt_at, policy_version
FROM waybill.zone_visit WHERE derivation_id = %(derivation_id)s ORDER BY entered_at, zone_id;

-- name: derived_gaps
-- The gaps of one version.
SELECT began_at, ended_at, cause, why, provisional, refused, limit_s, evidence, policy_version
FROM waybill.gap WHERE derivation_id = %(derivation_id)s ORDER BY began_at;

-- name: derived_deviations
-- The departures from the planned way of one version.
SELECT began_at, ended_at, worst_m, worst, driven_m, returned, evidence, policy_version
FROM waybill.deviation WHERE derivation_id = %(derivation_id)s ORDER BY began_at;

-- name: derived_facts
-- The driving facts of one version.
SELECT began_at, ended_at, distance_m, moving_s, stopped_s, unseen_s, unseen_m, idling_s, max_speed_mps, harsh_brakings,
    harsh_accelerations, fixes
FROM waybill.trip_facts WHERE derivation_id = %(derivation_id)s;
