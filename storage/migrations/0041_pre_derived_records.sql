-- Policy by version, derived records by version, reasons, exceptions, the queues of what is to be derived again.
-- The thresholds that records are made under. What differs from the defaults is the premises' choice, from a time on.
CREATE TABLE waybill.policy_version (
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    version text NOT NULL, -- digest of all values
    thresholds jsonb NOT NULL, -- every one with its value, so that a record can be explained when the defaults have changed
    first_used_at timestamptz NOT NULL,
    PRIMARY KEY (premises_id, version)
);

CREATE TABLE waybill.policy (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    overrides jsonb NOT NULL, -- all that differ from the defaults, not only what this change changed
    from_at timestamptz NOT NULL, -- by the time of the fix
    author text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    created_at timestamptz NOT NULL,
    UNIQUE (premises_id, from_at)
);

-- What fixes showed of a trip, by version: an old version stays when late data, an install or the policy makes a new one.
CREATE TABLE waybill.derivation (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    vehicle_id uuid NOT NULL REFERENCES waybill.vehicle,
    version integer NOT NULL CHECK (version > 0),
    cause text NOT NULL CHECK (cause IN ('live', 'trip_ended', 'late_data', 'install_corrected', 'plan_changed',
        'policy', 'step_failed', 'asked')),
    policy_version text NOT NULL,
    made_at timestamptz NOT NULL,
    superseded_at timestamptz, -- NULL: this is what counts
    final boolean NOT NULL DEFAULT false, -- the trip is over and every number that the device gave is here
    digest text, -- of what was found; equal digests, equal findings. NULL: live, still growing
    fixes integer, -- that were stepped through
    departed_at timestamptz, -- as detected
    departed_evidence jsonb,
    returned_at timestamptz,
    returned_evidence jsonb,
    UNIQUE (trip_id, version),
    FOREIGN KEY (premises_id, policy_version) REFERENCES waybill.policy_version
);
CREATE UNIQUE INDEX derivation_counts ON waybill.derivation (trip_id) WHERE superseded_at IS NULL;

CREATE TABLE waybill.stop (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    derivation_id uuid NOT NULL REFERENCES waybill.derivation,
    began_at timestamptz NOT NULL,
    ended_at timestamptz, -- NULL: it stands still
    lat_e7 integer NOT NULL,
    lon_e7 integer NOT NULL,
    reason text NOT NULL, -- as found; what a person gave is in stop_reason
    drop_id uuid,
    order_id uuid,
    place_id uuid,
    after_gap boolean NOT NULL,
    before_gap boolean NOT NULL,
    fixes integer,
    evidence jsonb NOT NULL, -- copies of the fixes that decided it
    policy_version text NOT NULL,
    UNIQUE (derivation_id, began_at)
);

CREATE TABLE waybill.drop_visit (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    derivation_id uuid NOT NULL REFERENCES waybill.derivation,
    drop_id uuid NOT NULL,
    order_id uuid NOT NULL,
    arrived_at timestamptz, -- NULL: it only came near
    arrived_evidence jsonb,
    inferred boolean NOT NULL, -- no fix lies inside: two on both sides of the door show it
    left_at timestamptz,
    left_evidence jsonb,
    soon_at timestamptz, -- when it came near
    soon_evidence jsonb,
    policy_version text NOT NULL,
    UNIQUE (derivation_id, drop_id)
);

CREATE TABLE waybill.zone_visit (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    derivation_id uuid NOT NULL REFERENCES waybill.derivation,
    zone_id uuid NOT NULL REFERENCES waybill.zone,
    entered_at timestamptz NOT NULL, -- the departure when it was inside before
    entered_evidence jsonb, -- NULL: it was inside before the trip
    first_seen boolean NOT NULL, -- the first fix of the vehicle lay inside, or it was inside before the trip
    left_at timestamptz,
    left_evidence jsonb,
    dwelt_at timestamptz, -- since then it counts as dwelt in
    policy_version text NOT NULL,
    UNIQUE (derivation_id, zone_id, entered_at)
);

CREATE TABLE waybill.gap (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    derivation_id uuid NOT NULL REFERENCES waybill.derivation,
    began_at timestamptz NOT NULL, -- the last valid fix before it
    ended_at timestamptz, -- the first valid one after it
    cause text NOT NULL,
    why text NOT NULL,
    provisional boolean NOT NULL, -- the device holds fixes that may fill it
    refused integer NOT NULL, -- fixes within that do not count
    limit_s double precision,
    evidence jsonb NOT NULL,
    policy_version text NOT NULL,
    UNIQUE (derivation_id, began_at)
);

CREATE TABLE waybill.deviation (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    derivation_id uuid NOT NULL REFERENCES waybill.derivation,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    worst_m double precision NOT NULL,
    worst jsonb, -- the fix farthest from the planned way
    driven_m double precision,
    returned boolean, -- false: the trip ended off the planned way
    evidence jsonb NOT NULL,
    policy_version text NOT NULL,
    UNIQUE (derivation_id, began_at)
);

-- Driving facts of a trip; a column that is NULL: the data cannot tell.
CREATE TABLE waybill.trip_facts (
    derivation_id uuid PRIMARY KEY REFERENCES waybill.derivation,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    distance_m double precision NOT NULL,
    moving_s double precision NOT NULL,
    stopped_s double precision NOT NULL,
    unseen_s double precision NOT NULL,
    unseen_m double precision NOT NULL,
    idling_s double precision,
    max_speed_mps double precision,
    harsh_brakings integer,
    harsh_accelerations integer,
    fixes integer NOT NULL
);

-- The same per vehicle and hour, on trips and off. A row is replaced as a whole, never added to.
CREATE TABLE waybill.vehicle_hour (
    vehicle_id uuid NOT NULL REFERENCES waybill.vehicle,
    hour_at timestamptz NOT NULL,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    distance_m double precision NOT NULL,
    moving_s double precision NOT NULL,
    stopped_s double precision NOT NULL,
    unseen_s double precision NOT NULL,
    unseen_m double precision NOT NULL,
    idling_s double precision,
    max_speed_mps double precision,
    harsh_brakings integer,
    harsh_accelerations integer,
    fixes integer NOT NULL,
    policy_version text NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (vehicle_id, hour_at)
);

-- Reasons that people gave; the newest counts for every stop of the trip that shares time with it, whatever the version.
CREATE TABLE waybill.stop_reason (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    stop_id uuid NOT NULL REFERENCES waybill.stop, -- the one that was looked at when it was given
    during tstzrange NOT NULL,
    code text NOT NULL,
    note text CHECK (note <> ''),
    permitted boolean NOT NULL, -- by the profile, when it was given
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    replaces text NOT NULL, -- the reason before
    CHECK (code <> 'OTHER' OR note IS NOT NULL)
);
CREATE INDEX stop_reason_by_trip ON waybill.stop_reason (trip_id, given_at);

-- What staff have to look at. Opened by detection, closed by an explanation or by a version that no longer shows it.
CREATE TABLE waybill.exception (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    kind text NOT NULL CHECK (kind IN ('unexplained_stop', 'stop_not_permitted', 'prohibited_place',
        'left_state')),
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    zone_id uuid REFERENCES waybill.zone,
    during tstzrange NOT NULL, -- of what it is about
    lat_e7 integer NOT NULL,
    lon_e7 integer NOT NULL,
    rule text NOT NULL, -- what was broken, in words and numbers
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    explanation text,
    explained_by text,
    withdrawn boolean NOT NULL DEFAULT false, -- a later version does not show it any more
    CHECK ((explanation IS NULL) = (explained_by IS NULL))
);
CREATE INDEX exception_by_trip ON waybill.exception (trip_id);
CREATE INDEX exception_open ON waybill.exception (premises_id, opened_at) WHERE closed_at IS NULL;

-- What was told of an order stays as it was told; here is what a later version says of it. The newest row counts.
CREATE TABLE waybill.milestone_correction (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    milestone_id uuid NOT NULL REFERENCES waybill.milestone,
    at timestamptz NOT NULL, -- when it really was
    withdrawn boolean NOT NULL, -- it did not happen
    evidence jsonb,
    note text NOT NULL, -- both times, in words
    recorded_at timestamptz NOT NULL
);
CREATE INDEX milestone_correction_by_milestone ON waybill.milestone_correction (milestone_id, recorded_at);

-- Trips to be derived again, and hours of vehicles; each row is worked off by itself. Times are true time.
CREATE TABLE waybill.derivation_queue (
    trip_id uuid PRIMARY KEY REFERENCES waybill.trip,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    cause text NOT NULL,
    asked bigint NOT NULL DEFAULT 1, -- goes up with every asking: who derived before the last one has to do it again
    queued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    error text
);
CREATE INDEX derivation_queue_due ON waybill.derivation_queue (due_at);

CREATE TABLE waybill.hour_queue (
    vehicle_id uuid NOT NULL REFERENCES waybill.vehicle,
    hour_at timestamptz NOT NULL,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    asked bigint NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (vehicle_id, hour_at)
);

-- What devices said about themselves when it changed: on, off, boots, given-up fixes, backlog, clock, receiver. Bounded.
CREATE TABLE waybill.device_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL REFERENCES waybill.device,
    at timestamptz NOT NULL, -- by the device's clock where it says so, else received_at
    received_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('online', 'offline', 'boot', 'given_up', 'backlog', 'caught_up', 'clock_offset',
        'clock_step', 'no_fix', 'fix', 'stuck', 'moving_again', 'off_duty', 'on_duty', 'power_lost', 'power_back')),
    facts jsonb NOT NULL
);
CREATE INDEX device_log_by_device ON waybill.device_log (device_id, at);

ALTER TABLE waybill.premises ADD COLUMN ground_version integer NOT NULL DEFAULT 1;
ALTER TABLE waybill.trip ADD COLUMN declared_departed_at timestamptz, ADD COLUMN declared_ended_at timestamptz;
CREATE INDEX trip_by_vehicle ON waybill.trip (vehicle_id, planned_departure_at);

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
    d.returned_at, d.returned_evidence
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
SELECT e.id, e.premises_id, e.kind, e.trip_id, t.trip_no, t.vehicle_id, v.name AS vehicle_name, e.zone_id,
    z.name AS zone_name, lower(e.during) AS from_at, upper(e.during) AS to_at, e.lat_e7, e.lon_e7, e.rule, e.opened_at,
    e.closed_at, e.explanation, e.explained_by, e.withdrawn
FROM waybill.exception e
JOIN waybill.trip t ON t.id = e.trip_id
JOIN waybill.vehicle v ON v.id = t.vehicle_id
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

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.policy_version, waybill.policy, waybill.derivation, waybill.stop,
    waybill.drop_visit, waybill.zone_visit, waybill.gap, waybill.deviation, waybill.trip_facts, waybill.vehicle_hour,
    waybill.milestone_correction, waybill.stop_reason, waybill.exception, waybill.derivation_queue, waybill.hour_queue, waybill.device_log
    TO waybill_gateway;
GRANT SELECT ON reading.policy, reading.policy_version, reading.derivation, reading.stop, reading.stop_reason,
    reading.drop_visit, reading.zone_visit, reading.gap, reading.deviation, reading.trip_facts, reading.vehicle_hour,
    reading.exception, reading.milestone_correction, reading.declared_time, reading.device_log, reading.coverage TO waybill_reader, waybill_gateway;
