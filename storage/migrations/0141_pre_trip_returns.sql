-- What came back from a trip: who received it at the premises, and what was counted; insert-only.
CREATE TABLE waybill.trip_return (
    trip_id uuid PRIMARY KEY REFERENCES waybill.trip,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    driver_id uuid NOT NULL REFERENCES waybill.driver, -- who of the crew brought it
    at timestamptz NOT NULL,
    received_by text CHECK (received_by <> ''), -- NULL: neither goods nor cash came back
    goods jsonb NOT NULL, -- [{order_no, line_no, item, unit, aboard, counted}]
    cash jsonb NOT NULL, -- [{currency, due_minor, counted_minor}]
    note text CHECK (note <> ''),
    recorded_by text NOT NULL, -- "driver E-017"
    recorded_at timestamptz NOT NULL -- true time
);
GRANT SELECT, INSERT ON waybill.trip_return TO waybill_gateway;
