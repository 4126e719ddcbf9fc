-- What a phone tells of a handoff, and the files that it was proved with.
ALTER TABLE waybill.handoff ADD COLUMN told_id uuid UNIQUE; -- that the phone made: what it tells twice is kept once
ALTER TABLE waybill.handoff ADD COLUMN phone_at timestamptz; -- by the phone's own clock
ALTER TABLE waybill.handoff ADD COLUMN contact_at timestamptz; -- when the phone had heard of us last
ALTER TABLE waybill.handoff ADD COLUMN identified_by text; -- how the order's code was read
ALTER TABLE waybill.handoff ADD COLUMN disposition text; -- where goods that were not taken go
ALTER TABLE waybill.handoff ADD COLUMN paid_minor bigint; -- at the door
ALTER TABLE waybill.handoff ADD COLUMN paid_by text;
ALTER TABLE waybill.handoff ADD CONSTRAINT handoff_identified_by_check CHECK (identified_by IN ('scan', 'typed'));
ALTER TABLE waybill.handoff ADD CONSTRAINT handoff_paid_minor_check CHECK (paid_minor >= 0);
ALTER TABLE waybill.handoff ADD CONSTRAINT handoff_paid_by_check CHECK (paid_by IN ('cash', 'card', 'other'));

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
GRANT SELECT, INSERT ON waybill.handoff_file TO waybill_gateway;
