-- What a driver's phone is let in by for one shift: a link, bound to the first phone that opens it.
CREATE TABLE waybill.shift_link (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    driver_id uuid NOT NULL REFERENCES waybill.driver,
    token_digest bytea NOT NULL UNIQUE, -- SHA-256 of 256 random bits; the link itself is nowhere
    issued_at timestamptz NOT NULL, -- all times by the installation's clock, as the shift is
    issued_by text NOT NULL, -- "account aino"
    ends_at timestamptz NOT NULL CHECK (ends_at > issued_at),
    opened_at timestamptz,
    phone_digest bytea UNIQUE, -- SHA-256 of what the phone that opened it shows from then on
    browser text, -- of that phone, as it names itself
    seen_at timestamptz, -- of the newest request, to the minute
    ended_at timestamptz, -- before ends_at: revoked, replaced or signed out
    ended_by text,
    end_reason text,
    CHECK ((opened_at IS NULL) = (phone_digest IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX shift_link_of_driver ON waybill.shift_link (driver_id, issued_at);
