-- The second witness: what a vehicle's own unit says of handoffs. A newer judgement counts, the older ones stay; insert-only.
CREATE TABLE waybill.witness (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    handoff_id uuid NOT NULL REFERENCES waybill.handoff,
    version integer NOT NULL CHECK (version > 0), -- the highest counts
    cause text NOT NULL CHECK (cause IN ('handoff', 'trip_ended', 'late_data', 'install_corrected', 'plan_changed',
        'policy', 'step_failed', 'asked')),
    verdict text NOT NULL CHECK (verdict IN ('corroborated', 'contradicted', 'no_data')),
    why text NOT NULL, -- in words and numbers
    at timestamptz NOT NULL, -- of the handoff, as it was judged
    clock text NOT NULL CHECK (clock IN ('phone', 'told')), -- counted back from the phone's, or as somebody said
    within_s double precision NOT NULL, -- so long before or after it the vehicle may have been there
    lat_e7 integer, -- the door
    lon_e7 integer,
    nearest_m double precision, -- to the door within that time; NULL: not known
    nearest_at timestamptz,
    there_from timestamptz, -- when it stood at the door, the time that is nearest to `at`; NULL: never that is known
    there_to timestamptz,
    off_s double precision, -- how much later that was than `at`; negative: earlier
    no_data text, -- the cause of it: a gap's, or why there is no witness
    gap_from timestamptz,
    gap_to timestamptz,
    evidence jsonb NOT NULL, -- copies of the fixes that decided it
    heard_to timestamptz, -- the newest fix that was there then
    derivation_version integer, -- of the trip, that gave stops and gaps; NULL: none was there
    policy_version text NOT NULL,
    made_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL, -- true time
    UNIQUE (handoff_id, version),
    CHECK ((verdict = 'no_data') = (no_data IS NOT NULL)),
    FOREIGN KEY (premises_id, policy_version) REFERENCES waybill.policy_version
);

-- Handoffs that wait to be judged: until their time is over and the unit was heard after it. Times are true time.
CREATE TABLE waybill.witness_queue (
    handoff_id uuid PRIMARY KEY REFERENCES waybill.handoff,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    due_at timestamptz NOT NULL
);
CREATE INDEX witness_queue_due ON waybill.witness_queue (due_at);
