-- What people may do and how they and order systems prove who they are. Secrets are kept as digests only.
-- Whoever drives signs in with an account that says which driver it is.
ALTER TABLE waybill.account ADD COLUMN driver_id uuid REFERENCES waybill.driver; -- NULL: no driver's

-- One row a role: the same person may be dispatcher of one premises and viewer of all.
CREATE TABLE waybill.account_role (
    account_id uuid NOT NULL REFERENCES waybill.account,
    role text NOT NULL CHECK (role IN ('viewer', 'support', 'dispatcher', 'compliance', 'administrator', 'driver')),
    premises_id uuid REFERENCES waybill.premises, -- NULL: all premises
    UNIQUE NULLS NOT DISTINCT (account_id, role, premises_id)
);

-- True time: a session must not end or live on because a demo's clock runs faster.
CREATE TABLE waybill.session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES waybill.account,
    token_digest bytea NOT NULL UNIQUE, -- SHA-256 of 256 random bits: nothing to guess, so nothing to slow down
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL, -- of the newest request, to the minute
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    ended_at timestamptz,
    address text NOT NULL,
    browser text
);
CREATE INDEX session_open ON waybill.session (account_id) WHERE ended_at IS NULL;

-- What an order system or a script proves itself with. Shown once, when it is made.
CREATE TABLE waybill.api_key (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: all premises
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'), -- the order system's name: `source` of its orders
    prefix text NOT NULL UNIQUE, -- the key's readable beginning, to tell keys apart
    secret_digest bytea NOT NULL UNIQUE, -- SHA-256, as above
    scopes text[] NOT NULL,
    test boolean NOT NULL, -- its orders reach no customer, driver or report
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz, -- of a rotated key: until then both are good
    revoked_at timestamptz,
    used_at timestamptz -- true time, to the minute
);
CREATE INDEX api_key_by_name ON waybill.api_key (name);
