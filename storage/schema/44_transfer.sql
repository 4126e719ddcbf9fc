-- Goods that change hands between two vans under way; both crews say so.
CREATE TABLE waybill.transfer (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    from_trip_id uuid NOT NULL REFERENCES waybill.trip,
    to_trip_id uuid NOT NULL REFERENCES waybill.trip,
    asked_at timestamptz NOT NULL,
    actor_kind text NOT NULL, -- who asked for it
    actor text NOT NULL,
    reason text NOT NULL,
    ends_trip boolean NOT NULL, -- the giving trip is over once everything is handed over
    given_at timestamptz, -- when somebody of the giving crew said so
    given_by text,
    taken_at timestamptz,
    taken_by text,
    given_recorded_by text, -- "account aino"
    given_reason text, -- NULL: it was the crew member's own word
    taken_recorded_by text,
    taken_reason text,
    CHECK (from_trip_id <> to_trip_id)
);
CREATE INDEX transfer_by_giver ON waybill.transfer (from_trip_id);
CREATE INDEX transfer_by_taker ON waybill.transfer (to_trip_id);

CREATE TABLE waybill.transfer_order (
    transfer_id uuid NOT NULL REFERENCES waybill.transfer,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    withdrawn_at timestamptz, -- planned otherwise before it changed hands
    PRIMARY KEY (transfer_id, order_id)
);
CREATE INDEX transfer_order_by_order ON waybill.transfer_order (order_id);
