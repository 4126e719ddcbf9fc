-- The crew's word that all is well, and exceptions of crews besides those that fixes show.
CREATE TABLE waybill.check_in (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    kind text NOT NULL CHECK (kind IN ('interval', 'arrive', 'depart', 'emergency')),
    at timestamptz NOT NULL, -- when it was said
    driver_id uuid NOT NULL REFERENCES waybill.driver, -- who of the crew
    channel text NOT NULL CHECK (channel IN ('app', 'phone', 'radio', 'in_person')),
    recorded_by text NOT NULL, -- "account aino": the crew member's own, or whoever was told
    recorded_at timestamptz NOT NULL, -- true time
    lat_e7 integer,
    lon_e7 integer,
    place_source text CHECK (place_source IN ('said', 'vehicle')), -- with the word, or the vehicle's unit at that time
    note text CHECK (note <> ''),
    due_at timestamptz, -- NULL: the profile asks for none
    acknowledged_at timestamptz,
    acknowledged_by text,
    CHECK ((lat_e7 IS NULL) = (lon_e7 IS NULL) AND (lat_e7 IS NULL) = (place_source IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX check_in_by_trip ON waybill.check_in (trip_id, at);
GRANT SELECT, INSERT ON waybill.check_in TO waybill_gateway;
GRANT UPDATE (acknowledged_at, acknowledged_by) ON waybill.check_in TO waybill_gateway;

ALTER TABLE waybill.exception DROP CONSTRAINT exception_kind_check;
ALTER TABLE waybill.exception ADD CONSTRAINT exception_kind_check CHECK (kind IN ('unexplained_stop',
    'stop_not_permitted', 'prohibited_place', 'left_state', 'contradicted', 'check_in_overdue'));
ALTER TABLE waybill.exception ALTER COLUMN lat_e7 DROP NOT NULL; -- nobody knows where the crew is that says nothing
ALTER TABLE waybill.exception ALTER COLUMN lon_e7 DROP NOT NULL;
