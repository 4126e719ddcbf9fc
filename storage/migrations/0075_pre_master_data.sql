-- What records ask for of licensees, premises, vehicles and drivers, and documents with expiry.
CREATE TABLE waybill.licensee (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    legal_name text NOT NULL CHECK (legal_name <> ''),
    licence_no text,
    licence_type text, -- in the words of whoever gave it
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

ALTER TABLE waybill.premises
    ADD COLUMN licensee_id uuid REFERENCES waybill.licensee,
    ADD COLUMN licence_type text,
    ADD COLUMN retired_at timestamptz;

ALTER TABLE waybill.vehicle
    ADD COLUMN kind text CHECK (kind IN ('car', 'van', 'truck', 'cargo_bike', 'scooter')),
    ADD COLUMN year integer CHECK (year BETWEEN 1900 AND 2200),
    ADD COLUMN vin text,
    ADD COLUMN registered_owner text,
    -- NULL: nobody has said
    ADD COLUMN enclosed boolean,
    ADD COLUMN unmarked boolean,
    ADD COLUMN compartment boolean, -- goods can be locked away
    ADD COLUMN alarm boolean;

ALTER TABLE waybill.driver
    ADD COLUMN legal_name text,
    ADD COLUMN first_name text, -- what a customer's receipt shows
    ADD COLUMN over_21 boolean, -- somebody has seen the proof; the date of birth itself is kept nowhere
    ADD COLUMN permit_no text, -- agent registration, server permit and the like
    ADD COLUMN retired_at timestamptz;

-- A paper of one vehicle, driver, licensee or (none of these three) of the premises.
CREATE TABLE waybill.document (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- whose record it is; NULL: a licensee's
    licensee_id uuid REFERENCES waybill.licensee,
    vehicle_id uuid REFERENCES waybill.vehicle,
    driver_id uuid REFERENCES waybill.driver,
    kind text NOT NULL CHECK (kind IN ('registration', 'insurance', 'inspection', 'licence', 'permit', 'training',
        'background_check', 'other')),
    title text, -- which one, when an owner has several of a kind
    number text, -- or where the paper is
    issued_on date,
    expires_on date, -- the last day on which it is good; NULL: it does not run out
    created_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    CHECK (num_nonnulls(licensee_id, vehicle_id, driver_id) <= 1),
    CHECK ((premises_id IS NULL) = (licensee_id IS NOT NULL)),
    CHECK (expires_on >= issued_on)
);
CREATE INDEX document_of_vehicle ON waybill.document (vehicle_id) WHERE vehicle_id IS NOT NULL;
CREATE INDEX document_of_driver ON waybill.document (driver_id) WHERE driver_id IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.licensee, waybill.document TO waybill_gateway;
