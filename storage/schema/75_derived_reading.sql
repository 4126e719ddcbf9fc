-- What the reader sees of zones and of what was derived. `counts` says whether the row's version is the one that counts.
CREATE VIEW reading.zone WITH (security_barrier) AS
SELECT z.id, z.premises_id, z.name, z.kind, z.geometry, z.radius_m, lower(z.during) AS from_at, upper(z.during) AS to_at
FROM waybill.zone z
WHERE z.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.place WITH (security_barrier) AS
SELECT p.id, p.premises_id, p.name, p.kind, p.lat_e7, p.lon_e7, p.radius_m, lower(p.during) AS from_at,
    upper(p.during) AS to_at
FROM waybill.place p
WHERE p.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.policy WITH (security_barrier) AS
SELECT p.id, p.premises_id, p.overrides, p.from_at, p.author, p.reason, p.created_at
FROM waybill.policy p
WHERE p.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.policy_version WITH (security_barrier) AS
SELECT p.premises_id, p.version, p.thresholds, p.first_used_at
FROM waybill.policy_version p
WHERE p.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.derivation WITH (security_barrier) AS
SELECT d.id, d.premises_id, d.trip_id, t.trip_no, d.vehicle_id, d.version, d.cause, d.policy_version, d.made_at,
    d.superseded_at, d.superseded_at IS NULL AS counts, d.final, d.fixes, d.departed_at, d.departed_evidence,
    d.returned_at, d.returned_evidence, d.unseen_at, d.unseen_evidence, d.unseen_why
FROM waybill.derivation d
JOIN waybill.trip t ON t.id = d.trip_id
WHERE d.premises_id = ANY (reading.visible_premises());

-- A stop with the reason that counts: the newest that a person gave, else the one that was found.
CREATE VIEW reading.stop WITH (security_barrier) AS
SELECT s.id, s.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, s.began_at,
    s.ended_at, s.lat_e7, s.lon_e7, s.reason AS found_reason, coalesce(g.code, s.reason) AS reason, g.note,
    coalesce(g.permitted, s.reason <> 'UNEXPLAINED') AS permitted, g.given_by, g.given_at, s.drop_id, s.order_id,
    s.place_id, s.after_gap, s.before_gap, s.fixes, s.evidence, s.policy_version
FROM waybill.stop s
JOIN waybill.derivation d ON d.id = s.derivation_id
LEFT JOIN LATERAL (
    SELECT r.code, r.note, r.permitted, r.given_by, r.given_at
    FROM waybill.stop_reason r
    WHERE r.trip_id = d.trip_id AND r.during && tstzrange(s.began_at, s.ended_at, '[]')
    ORDER BY r.given_at DESC, r.id DESC LIMIT 1
) g ON true
WHERE s.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.stop_reason WITH (security_barrier) AS
SELECT r.id, r.premises_id, r.trip_id, r.stop_id, lower(r.during) AS from_at, upper(r.during) AS to_at, r.code, r.note,
    r.permitted, r.given_by, r.given_at, r.replaces
FROM waybill.stop_reason r
WHERE r.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.drop_visit WITH (security_barrier) AS
SELECT w.id, w.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, w.drop_id,
    w.order_id, o.order_no, w.arrived_at, w.arrived_evidence, w.inferred, w.left_at, w.left_evidence, w.soon_at,
    w.soon_evidence, w.policy_version
FROM waybill.drop_visit w
JOIN waybill.derivation d ON d.id = w.derivation_id
JOIN waybill.orders o ON o.id = w.order_id
WHERE w.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.zone_visit WITH (security_barrier) AS
SELECT w.id, w.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, w.zone_id,
    z.name AS zone_name, z.kind AS zone_kind, w.entered_at, w.entered_evidence, w.first_seen, w.left_at,
    w.left_evidence, w.dwelt_at, w.policy_version
FROM waybill.zone_visit w
JOIN waybill.derivation d ON d.id = w.derivation_id
JOIN waybill.zone z ON z.id = w.zone_id
WHERE w.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.gap WITH (security_barrier) AS
SELECT g.id, g.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, g.began_at,
    g.ended_at, g.cause, g.why, g.provisional, g.refused, g.limit_s, g.evidence, g.policy_version
FROM waybill.gap g
JOIN waybill.derivation d ON d.id = g.derivation_id
WHERE g.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.deviation WITH (security_barrier) AS
SELECT w.id, w.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, w.began_at,
    w.ended_at, w.worst_m, w.worst, w.driven_m, w.returned, w.evidence, w.policy_version
FROM waybill.deviation w
JOIN waybill.derivation d ON d.id = w.derivation_id
WHERE w.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.trip_facts WITH (security_barrier) AS
SELECT f.premises_id, d.trip_id, d.vehicle_id, d.version, d.superseded_at IS NULL AS counts, f.began_at, f.ended_at,
    f.distance_m, f.moving_s, f.stopped_s, f.unseen_s, f.unseen_m, f.idling_s, f.max_speed_mps, f.harsh_brakings,
    f.harsh_accelerations, f.fixes
FROM waybill.trip_facts f
JOIN waybill.derivation d ON d.id = f.derivation_id
WHERE f.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.vehicle_hour WITH (security_barrier) AS
SELECT h.vehicle_id, h.hour_at, h.premises_id, h.distance_m, h.moving_s, h.stopped_s, h.unseen_s, h.unseen_m,
    h.idling_s, h.max_speed_mps, h.harsh_brakings, h.harsh_accelerations, h.fixes, h.policy_version, h.made_at
FROM waybill.vehicle_hour h
WHERE h.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.exception WITH (security_barrier) AS
SELECT e.id, e.premises_id, e.kind, e.trip_id, t.trip_no, v.id AS vehicle_id, v.name AS vehicle_name, e.zone_id,
    z.name AS zone_name, lower(e.during) AS from_at, upper(e.during) AS to_at, e.lat_e7, e.lon_e7, e.rule, e.opened_at,
    e.closed_at, e.explanation, e.explained_by, e.withdrawn
FROM waybill.exception e
LEFT JOIN waybill.trip t ON t.id = e.trip_id
JOIN waybill.vehicle v ON v.id = coalesce(t.vehicle_id, e.vehicle_id)
LEFT JOIN waybill.zone z ON z.id = e.zone_id
WHERE e.premises_id = ANY (reading.visible_premises());

-- What corrects a milestone that was told: both times.
CREATE VIEW reading.milestone_correction WITH (security_barrier) AS
SELECT c.id, c.premises_id, c.milestone_id, m.order_id, m.trip_id, m.milestone, m.at AS told_at, c.at, c.withdrawn,
    c.evidence, c.note, c.recorded_at
FROM waybill.milestone_correction c
JOIN waybill.milestone m ON m.id = c.milestone_id
WHERE c.premises_id = ANY (reading.visible_premises());

-- What somebody said of a trip's departure and end.
CREATE VIEW reading.declared_time WITH (security_barrier) AS
SELECT t.premises_id, t.id AS trip_id, t.declared_departed_at, t.declared_ended_at
FROM waybill.trip t
WHERE t.premises_id = ANY (reading.visible_premises());

-- What a device said about itself while it was fitted in a vehicle.
CREATE VIEW reading.device_log WITH (security_barrier) AS
SELECT l.id, i.premises_id, i.vehicle_id, de.name AS device_name, l.at, l.received_at, l.kind, l.facts
FROM waybill.device_log l
JOIN waybill.install i ON i.device_id = l.device_id AND i.during @> l.at
JOIN waybill.device de ON de.id = l.device_id
WHERE i.premises_id = ANY (reading.visible_premises());

-- How many seconds of a time lie in the gaps of a trip, by the version that counts.
CREATE FUNCTION reading.unseen_s(of_trip uuid, within tstzrange) RETURNS double precision STABLE LANGUAGE sql AS $$
    SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0)::double precision
    FROM (
        SELECT tstzrange(g.began_at, coalesce(g.ended_at, upper(within))) * within AS part
        FROM reading.gap g
        WHERE g.trip_id = of_trip AND g.counts AND tstzrange(g.began_at, g.ended_at) && within
    ) AS parts
    WHERE NOT isempty(part)
$$;

-- What share of a trip, or of an order's leg on it, is covered by valid fixes. Only of what is over.
CREATE VIEW reading.coverage WITH (security_barrier) AS
SELECT spans.premises_id, spans.trip_id, spans.order_id, spans.during,
    extract(epoch FROM upper(spans.during) - lower(spans.during))::double precision AS lasts_s,
    reading.unseen_s(spans.trip_id, spans.during) AS unseen_s,
    100 * (1 - reading.unseen_s(spans.trip_id, spans.during)
        / nullif(extract(epoch FROM upper(spans.during) - lower(spans.during)), 0)) AS covered_pct
FROM (
    SELECT t.premises_id, t.id AS trip_id, NULL::uuid AS order_id, tstzrange(t.departed_at, t.ended_at) AS during
    FROM waybill.trip t WHERE t.departed_at IS NOT NULL AND t.ended_at IS NOT NULL
    UNION ALL
    SELECT l.premises_id, l.trip_id, l.order_id, l.during FROM waybill.leg l WHERE NOT upper_inf(l.during)
) AS spans
WHERE spans.premises_id = ANY (reading.visible_premises())
    AND EXISTS (SELECT FROM waybill.derivation d WHERE d.trip_id = spans.trip_id AND d.superseded_at IS NULL);
