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

INSERT INTO waybill.witness_queue (handoff_id, premises_id, due_at) SELECT id, premises_id, recorded_at FROM waybill.handoff;
GRANT SELECT, INSERT ON waybill.witness TO waybill_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.witness_queue TO waybill_gateway;

-- The vehicle was not at the door when goods are said to have been handed over there.
ALTER TABLE waybill.exception ADD COLUMN handoff_id uuid REFERENCES waybill.handoff; -- of what is about one
CREATE INDEX exception_by_handoff ON waybill.exception (handoff_id) WHERE handoff_id IS NOT NULL;
ALTER TABLE waybill.exception DROP CONSTRAINT exception_kind_check;
ALTER TABLE waybill.exception ADD CONSTRAINT exception_kind_check CHECK (kind IN ('unexplained_stop',
    'stop_not_permitted', 'prohibited_place', 'left_state', 'contradicted', 'check_in_overdue', 'handoff_conflict',
    'handoff_contradicted'));

-- What the reader sees of handoffs and of their second witness; what proved them is nobody's to read here.
CREATE VIEW reading.handoff WITH (security_barrier) AS
SELECT h.id, h.premises_id, h.order_id, o.order_no, h.trip_id, t.trip_no, h.attempt_no, h.outcome, h.at, h.reason_code,
    h.offline, h.phone_at, h.contact_at, h.conflict, h.actor_kind, h.actor, h.recorded_at
FROM waybill.handoff h
JOIN waybill.orders o ON o.id = h.order_id
LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE h.premises_id = ANY (reading.visible_premises());

-- `counts` says whether it is the newest judgement of its handoff.
CREATE VIEW reading.witness WITH (security_barrier) AS
SELECT w.id, w.premises_id, w.handoff_id, h.order_id, h.trip_id, h.attempt_no, w.version,
    NOT EXISTS (SELECT FROM waybill.witness n WHERE n.handoff_id = w.handoff_id AND n.version > w.version) AS counts,
    w.cause, w.verdict, w.why, w.at, w.clock, w.within_s, w.lat_e7, w.lon_e7, w.nearest_m, w.nearest_at, w.there_from,
    w.there_to, w.off_s, w.no_data, w.gap_from, w.gap_to, w.evidence, w.heard_to, w.derivation_version,
    w.policy_version, w.made_at, w.recorded_at
FROM waybill.witness w
JOIN waybill.handoff h ON h.id = w.handoff_id
WHERE w.premises_id = ANY (reading.visible_premises());

GRANT SELECT ON reading.handoff, reading.witness TO waybill_reader, waybill_gateway;
