-- name: read_trip_by_name
-- Trips of this number or id.
SELECT t.id, t.premises_id, t.trip_no, t.vehicle_id, t.vehicle_name, t.crew, t.planned_departure_at, t.departed_at,
    t.ended_at, d.declared_departed_at, d.declared_ended_at
FROM reading.trip t JOIN reading.declared_time d ON d.trip_id = t.id
WHERE t.trip_no = %(trip)s OR t.id::text = lower(%(trip)s) ORDER BY t.id;

-- name: read_derivations
-- The versions of a trip, the first one first.
SELECT id, version, cause, policy_version, made_at, superseded_at, final, fixes, departed_at, departed_evidence,
    returned_at, returned_evidence, unseen_at, unseen_evidence, unseen_why
FROM reading.derivation WHERE trip_id = %(trip_id)s ORDER BY version;

-- name: read_stops
-- The stops of a trip in the version that counts, with the reasons that count.
SELECT s.id, s.began_at, s.ended_at, s.lat_e7, s.lon_e7, s.found_reason, s.reason, s.note, s.permitted, s.given_by,
    s.given_at, s.order_id, s.place_id, s.after_gap, s.before_gap, s.fixes, s.evidence, s.policy_version,
    d.lat_e7 AS door_lat_e7, d.lon_e7 AS door_lon_e7
FROM reading.stop s
LEFT JOIN reading.trip_drop d ON d.trip_id = s.trip_id AND d.order_id = s.order_id
WHERE s.trip_id = %(trip_id)s AND s.counts ORDER BY s.began_at;

-- name: read_visits
-- Visits at doors in the version that counts.
SELECT id, order_id, order_no, soon_at, soon_evidence, arrived_at, arrived_evidence, inferred, left_at, left_evidence,
    policy_version
FROM reading.drop_visit WHERE trip_id = %(trip_id)s AND counts ORDER BY coalesce(arrived_at, soon_at), order_no;

-- name: read_zone_visits
-- Stays in zones in the version that counts, each with the outline as it was drawn then.
SELECT w.id, w.zone_id, w.zone_name, w.zone_kind, w.entered_at, w.first_seen, w.left_at, w.dwelt_at,
    w.entered_evidence, w.left_evidence, w.policy_version, z.geometry, z.radius_m, z.from_at AS drawn_from,
    z.to_at AS drawn_to
FROM reading.zone_visit w JOIN reading.zone z ON z.id = w.zone_id
WHERE w.trip_id = %(trip_id)s AND w.counts ORDER BY w.entered_at, w.zone_name;

-- name: read_gaps
-- Gaps in the version that counts.
SELECT id, began_at, ended_at, cause, why, provisional, refused, limit_s, evidence, policy_version
FROM reading.gap WHERE trip_id = %(trip_id)s AND counts ORDER BY began_at;

-- name: read_deviations
-- Departures from the planned way in the version that counts.
SELECT id, began_at, ended_at, worst_m, worst, driven_m, returned, evidence, policy_version
FROM reading.deviation WHERE trip_id = %(trip_id)s AND counts ORDER BY began_at;

-- name: read_facts
-- Driving facts in the version that counts.
SELECT began_at, ended_at, distance_m, moving_s, stopped_s, unseen_s, unseen_m, idling_s, max_speed_mps, harsh_brakings,
    harsh_accelerations, fixes
FROM reading.trip_facts WHERE trip_id = %(trip_id)s AND counts;

-- name: read_coverage
-- What share of the trip and of each order's leg is covered by valid fixes.
SELECT c.order_id, o.order_no, lower(c.during), upper(c.during), c.lasts_s, c.unseen_s, c.covered_pct
FROM reading.coverage c LEFT JOIN reading.orders o ON o.id = c.order_id
WHERE c.trip_id = %(trip_id)s ORDER BY o.order_no NULLS FIRST;

-- name: read_exceptions
-- The exceptions of a trip.
SELECT id, kind, zone_name, from_at, to_at, rule, opened_at, closed_at, explanation, explained_by, withdrawn
FROM reading.exception WHERE trip_id = %(trip_id)s ORDER BY from_at, id;

-- name: read_device_log
-- What the vehicle's devices said about themselves from-to.
SELECT device_name, at, received_at, kind, facts
FROM reading.device_log WHERE vehicle_id = %(vehicle_id)s AND at >= %(from_at)s AND at <= %(to_at)s ORDER BY at, id;

-- name: read_thresholds
-- Every threshold of a version of the policy.
SELECT thresholds FROM reading.policy_version WHERE premises_id = %(premises_id)s AND version = %(version)s;

-- name: read_trip_of_finding
-- On which trip something was found, whatever the version, and whether that version counts.
SELECT t.trip_no, f.trip_id, f.counts FROM (
    SELECT id, trip_id, counts FROM reading.stop UNION ALL SELECT id, trip_id, counts FROM reading.drop_visit
    UNION ALL SELECT id, trip_id, counts FROM reading.zone_visit
    UNION ALL SELECT id, trip_id, counts FROM reading.gap UNION ALL SELECT id, trip_id, counts FROM reading.deviation
) AS f (id, trip_id, counts)
JOIN reading.trip t ON t.id = f.trip_id
WHERE f.id = %(finding_id)s;
