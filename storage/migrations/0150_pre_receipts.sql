-- What a customer was given with the goods, kept as it was made at that moment; insert-only.
CREATE TABLE waybill.receipt (
    handoff_id uuid PRIMARY KEY REFERENCES waybill.handoff,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    body bytea NOT NULL, -- JSON, byte for byte what the digest is of
    sha256 text NOT NULL CHECK (sha256 = encode(sha256(body), 'hex')),
    at timestamptz NOT NULL, -- when the goods changed hands
    recorded_at timestamptz NOT NULL -- true time
);
CREATE INDEX receipt_by_order ON waybill.receipt (order_id, at);
CREATE INDEX receipt_by_time ON waybill.receipt (premises_id, at);
GRANT SELECT, INSERT ON waybill.receipt TO waybill_gateway;
