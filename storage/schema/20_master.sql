-- Who and what: premises, accounts, vehicles, devices, which device is fitted where, drivers, documents.

-- Who holds the licence that premises work under.
CREATE TABLE waybill.licensee (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    legal_name text NOT NULL CHECK (legal_name <> ''),
    licence_no text,
    licence_type text, -- in the words of whoever gave it
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE TABLE waybill.premises (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    name text NOT NULL,
    licence_no text,
    address text,
    lat_e7 integer CHECK (lat_e7 BETWEEN -900000000 AND 900000000),
    lon_e7 integer CHECK (lon_e7 BETWEEN -1800000000 AND 1800000000),
    tz text NOT NULL,
    -- {"mon": ["09:00", "21:00"], …}: when goods may be handed over, in tz; a day that is missing is closed
    hours jsonb NOT NULL DEFAULT '{}',
    next_order_no integer NOT NULL DEFAULT 1001, -- counters of the numbers for people, without holes
    next_trip_no integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    ground_version integer NOT NULL DEFAULT 1, -- goes up with every change of zones, places and policy
    next_test_no integer NOT NULL DEFAULT 1, -- test orders are counted apart, so that real numbers have no holes
    licensee_id uuid REFERENCES waybill.licensee,
    licence_type text,
    retired_at timestamptz,
    profile text, -- NULL: plain
    phone text -- that customers call
);

CREATE TABLE waybill.account (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password_hash text, -- Argon2id; NULL: signs in through OpenID Connect only
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    full_name text,
    email text,
    oidc_subject text UNIQUE -- issuer and subject, as "issuer subject"
);

CREATE TABLE waybill.vehicle (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    plate text,
    make text,
    model text,
    colour text,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    kind text CHECK (kind IN ('car', 'van', 'truck', 'cargo_bike', 'bicycle', 'scooter', 'foot')),
    year integer CHECK (year BETWEEN 1900 AND 2200),
    vin text,
    registered_owner text,
    -- NULL: nobody has said
    enclosed boolean,
    unmarked boolean,
    compartment boolean, -- goods can be locked away
    alarm boolean,
    UNIQUE (premises_id, name)
);

CREATE TABLE waybill.device (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    kind text NOT NULL DEFAULT 'dedicated' CHECK (kind IN ('dedicated', 'phone')),
    serial_no text,
    created_at timestamptz NOT NULL,
    -- The password itself is the broker's; both NULL: it never had one.
    credential_issued_at timestamptz,
    credential_revoked_at timestamptz, -- NULL again when a new one is issued
    credential_kind text NOT NULL DEFAULT 'password' CHECK (credential_kind IN ('password', 'certificate')),
    certificate_no integer NOT NULL DEFAULT 0 CHECK (certificate_no >= 0), -- of the newest; 0: it never had one
    certificate_expires_at timestamptz -- true time, as in the certificate
);

-- How a device that does not speak our wire names itself, in the words of its protocol.
CREATE TABLE waybill.foreign_sender (
    protocol text NOT NULL CHECK (protocol IN ('owntracks', 'osmand', 'flespi')),
    address text NOT NULL,
    device_id integer NOT NULL REFERENCES waybill.device,
    token_hash bytea UNIQUE, -- SHA-256 of what it shows by HTTP; NULL: it comes by the broker, which has its password
    created_at timestamptz NOT NULL,
    PRIMARY KEY (protocol, address)
);
CREATE INDEX foreign_sender_by_device ON waybill.foreign_sender (device_id);

-- A code that somebody may exchange once for the device's credential.
CREATE TABLE waybill.enrolment (
    id uuid PRIMARY KEY,
    device_id integer NOT NULL REFERENCES waybill.device,
    code_hash bytea NOT NULL UNIQUE, -- Argon2id; the code itself is nowhere
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    cancelled_at timestamptz, -- by a newer code, or because the device's credential was revoked
    used_at timestamptz,
    tries integer NOT NULL DEFAULT 0 -- how often this very code was handed in; more than 1: somebody else has it too
);
CREATE INDEX enrolment_open ON waybill.enrolment (device_id) WHERE used_at IS NULL AND cancelled_at IS NULL;

-- What a device was told to do from then on. The newest row counts and holds all that was ever said: the broker keeps
-- one retained command for a device, which was perhaps away for all the others.
CREATE TABLE waybill.device_command (
    id uuid PRIMARY KEY,
    device_id integer NOT NULL REFERENCES waybill.device,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX device_command_newest ON waybill.device_command (device_id, created_at DESC, id DESC);

-- Device in vehicle, from-to. A fix belongs to the vehicle that its device was fitted in when it was taken.
CREATE TABLE waybill.install (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    device_id integer NOT NULL REFERENCES waybill.device,
    vehicle_id uuid NOT NULL REFERENCES waybill.vehicle,
    dedicated boolean NOT NULL DEFAULT true,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    serial_no text, -- of the unit that was fitted
    affixed boolean, -- whether it is fixed to the vehicle; NULL: not said
    -- Who registered the vehicle agreed to the unit in it (California Penal Code 637.7); NULL: not said
    consent_by text,
    consent_on date,
    consent_document text,
    CHECK ((consent_by IS NULL) = (consent_on IS NULL)),
    CHECK (consent_document IS NULL OR consent_by IS NOT NULL),
    EXCLUDE USING gist (device_id WITH =, during WITH &&),
    EXCLUDE USING gist (vehicle_id WITH =, during WITH &&) WHERE (dedicated)
);

CREATE TABLE waybill.driver (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    employee_no text NOT NULL,
    name text NOT NULL,
    employed_from date,
    employed_to date,
    created_at timestamptz NOT NULL,
    legal_name text,
    first_name text, -- what a customer's receipt shows
    over_21 boolean, -- somebody has seen the proof; the date of birth itself is kept nowhere
    permit_no text, -- agent registration, server permit and the like
    retired_at timestamptz,
    UNIQUE (premises_id, employee_no)
);

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
