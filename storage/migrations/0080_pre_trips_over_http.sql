-- Trips are planned, changed, sent off and ended over HTTP; each change keeps the plan before it.
ALTER TABLE waybill.trip
    ADD COLUMN end_reason text, -- why it ended, when somebody said so
    ADD COLUMN cancelled boolean NOT NULL DEFAULT false; -- it never left

-- An order that came to the trip, or left it, while the vehicle was under way: its leg is a part of the trip's time.
ALTER TABLE waybill.leg ADD COLUMN joined_at timestamptz, ADD COLUMN parted_at timestamptz;

-- What a trip was to be before and after each change; insert-only.
CREATE TABLE waybill.trip_change (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    plan_version integer NOT NULL, -- that the change made
    kinds text[] NOT NULL, -- planned, assign, resequence, move, …
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor text NOT NULL,
    reason text,
    before jsonb, -- NULL: there was no plan
    after jsonb NOT NULL,
    UNIQUE (trip_id, plan_version)
);

GRANT SELECT, INSERT ON waybill.trip_change TO waybill_gateway;
