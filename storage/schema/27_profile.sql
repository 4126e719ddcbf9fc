-- Jurisdiction profiles by version.
-- Settings with their evidence; a version never changes, so insert-only.
CREATE TABLE waybill.profile_version (
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    version integer NOT NULL CHECK (version > 0),
    settings jsonb NOT NULL, -- name -> {value, on, mark, source, note}
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (name, version)
);
