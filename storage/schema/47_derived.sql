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
    unseen_at timestamptz, -- nobody saw it leave: over by then at the latest
    unseen_evidence jsonb,
    unseen_why text,
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
    kind text NOT NULL CHECK (kind IN ('unexplained_stop', 'stop_not_permitted', 'prohibited_place', 'left_state',
        'contradicted', 'check_in_overdue', 'handoff_conflict', 'handoff_contradicted')),
    trip_id uuid REFERENCES waybill.trip, -- NULL only for what a unit said outside of any trip of ours
    zone_id uuid REFERENCES waybill.zone,
    during tstzrange NOT NULL, -- of what it is about
    lat_e7 integer, -- NULL: nobody knows where a crew is that says nothing
    lon_e7 integer,
    rule text NOT NULL, -- what was broken, in words and numbers
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    explanation text,
    explained_by text,
    withdrawn boolean NOT NULL DEFAULT false, -- a later version does not show it any more
    vehicle_id uuid REFERENCES waybill.vehicle, -- of what belongs to no trip
    handoff_id uuid REFERENCES waybill.handoff, -- of what is about one
    CHECK ((explanation IS NULL) = (explained_by IS NULL)),
    CONSTRAINT exception_of_something CHECK ((trip_id IS NULL) = (vehicle_id IS NOT NULL))
);
CREATE INDEX exception_by_trip ON waybill.exception (trip_id);
CREATE INDEX exception_by_handoff ON waybill.exception (handoff_id) WHERE handoff_id IS NOT NULL;
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
