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
