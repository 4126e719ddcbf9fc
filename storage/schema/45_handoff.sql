-- Attempts to give an order to its customer, with the proofs that the trip's profile asked for; insert-only.
CREATE TABLE waybill.handoff (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    trip_id uuid REFERENCES waybill.trip, -- NULL: it was on no trip of ours
    attempt_no smallint NOT NULL CHECK (attempt_no > 0), -- of the order, on whichever trip
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'partial', 'failed')),
    at timestamptz NOT NULL,
    reason_code text, -- why it failed
    note text,
    proofs jsonb NOT NULL, -- verdicts and digests: never a number of a document, a date of birth or a picture
    profile text, -- that asked for them
    profile_version integer,
    age_threshold integer, -- in force; NULL: none
    offline boolean NOT NULL, -- told after it had happened, from out of reach
    conflict text, -- what it contradicts: the order was cancelled, moved or over by then
    actor_kind text NOT NULL,
    actor text NOT NULL,
    recorded_at timestamptz NOT NULL, -- true time
    told_id uuid UNIQUE, -- that the phone made: what it tells twice is kept once
    phone_at timestamptz, -- by the phone's own clock
    contact_at timestamptz, -- when the phone had heard of us last
    identified_by text CHECK (identified_by IN ('scan', 'typed')), -- how the order's code was read
    disposition text, -- where goods that were not taken go
    paid_minor bigint CHECK (paid_minor >= 0), -- at the door
    paid_by text CHECK (paid_by IN ('cash', 'card', 'other')),
    FOREIGN KEY (profile, profile_version) REFERENCES waybill.profile_version (name, version),
    UNIQUE (order_id, attempt_no),
    CHECK ((outcome = 'failed') = (reason_code IS NOT NULL))
);

-- What an attempt was proved with: the text that was shown and signed, the signature, a photo; insert-only.
CREATE TABLE waybill.handoff_file (
    handoff_id uuid NOT NULL REFERENCES waybill.handoff,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    kind text NOT NULL CHECK (kind IN ('document', 'strokes', 'signature', 'photo')),
    media_type text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    body bytea NOT NULL CHECK (octet_length(body) <= 1500000),
    recorded_at timestamptz NOT NULL, -- true time
    PRIMARY KEY (handoff_id, kind)
);
