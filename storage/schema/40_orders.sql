-- What is delivered and how it goes: orders, trips, drops, legs, milestones.
CREATE TABLE waybill.orders (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_no text NOT NULL,
    source text NOT NULL, -- the order system it came from
    source_ref text NOT NULL, -- its number there
    customer_name text NOT NULL,
    customer_phone text,
    address text NOT NULL,
    lat_e7 integer,
    lon_e7 integer,
    window_from timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    placed_at timestamptz NOT NULL,
    note text,
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    total_minor bigint CHECK (total_minor >= 0),
    milestone text NOT NULL, -- the newest, a copy for search
    milestone_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    customer_no text, -- the shop's own number for the customer
    customer_email text,
    customer_language text,
    customer_type text CHECK (customer_type IN ('adult', 'patient', 'caregiver')),
    channel text, -- how it was ordered: web, phone, shop
    prepared_by text, -- employee number of whoever packed it (4 CCR 15420(a)(3))
    taxes_minor bigint CHECK (taxes_minor >= 0),
    fees_minor bigint CHECK (fees_minor >= 0),
    discount_minor bigint CHECK (discount_minor >= 0),
    due_minor bigint CHECK (due_minor >= 0), -- to be collected at the door
    payment text, -- how it was or is to be paid
    test boolean NOT NULL DEFAULT false, -- made with a test key: reaches no customer, driver or report
    -- The customer's link: 122 random bits in 22 letters.
    tracking_token text NOT NULL UNIQUE DEFAULT translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_'),
    search text NOT NULL GENERATED ALWAYS AS (lower(order_no || ' ' || source_ref || ' ' || customer_name || ' '
        || address || ' ' || regexp_replace(coalesce(customer_phone, ''), '[^0-9]', '', 'g'))) STORED,
    given_lat_e7 integer, -- as its system said; lat_e7 and lon_e7 are what counts
    given_lon_e7 integer,
    place_source text CHECK (place_source IN ('order', 'handoffs', 'pin', 'index', 'service')),
    place_quality text CHECK (place_quality IN ('door', 'given', 'house', 'near')),
    place_problem text, -- why there is none, or what speaks against it
    place_note text,
    place_ask_at timestamptz, -- true time: when the address service is asked (again)
    place_tries smallint NOT NULL DEFAULT 0,
    customer_note text CHECK (customer_note <> ''), -- what the customer wrote for the driver on the tracking page
    customer_note_at timestamptz,
    CONSTRAINT orders_customer_note_is_dated CHECK ((customer_note IS NULL) OR (customer_note_at IS NOT NULL)),
    CONSTRAINT orders_place_is_whole CHECK ((lat_e7 IS NULL) = (lon_e7 IS NULL)
        AND (given_lat_e7 IS NULL) = (given_lon_e7 IS NULL)),
    CHECK (window_from < window_to),
    UNIQUE (premises_id, order_no),
    UNIQUE (premises_id, source, source_ref, test)
);
CREATE INDEX orders_waiting_for_place ON waybill.orders (window_from, id) WHERE lat_e7 IS NULL OR place_problem IS NOT NULL;
CREATE INDEX orders_to_ask_for ON waybill.orders (place_ask_at) WHERE place_ask_at IS NOT NULL;
CREATE INDEX orders_by_window ON waybill.orders (premises_id, window_from);
CREATE INDEX orders_in_order ON waybill.orders (window_from, id); -- pages of all premises
CREATE INDEX orders_search ON waybill.orders USING gin (search gin_trgm_ops);

CREATE TABLE waybill.order_line (
    order_id uuid NOT NULL REFERENCES waybill.orders,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    line_no smallint NOT NULL,
    item text NOT NULL,
    category text,
    tag text, -- track-and-trace identifier of the goods
    quantity numeric NOT NULL CHECK (quantity > 0),
    unit text NOT NULL,
    unit_price_minor bigint CHECK (unit_price_minor >= 0),
    accepted_quantity numeric CHECK (accepted_quantity BETWEEN 0 AND quantity), -- at the door; NULL: not said yet
    PRIMARY KEY (order_id, line_no)
);

-- A vehicle leaving its premises with a crew and orders until it returns: the manifest.
CREATE TABLE waybill.trip (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_no text NOT NULL,
    vehicle_id uuid NOT NULL REFERENCES waybill.vehicle,
    planned_departure_at timestamptz NOT NULL,
    departed_at timestamptz,
    ended_at timestamptz,
    plan_version integer NOT NULL DEFAULT 1, -- goes up with every change of drops or route
    planned_route jsonb, -- [[lon_e7, lat_e7], …] along the streets
    created_at timestamptz NOT NULL,
    declared_departed_at timestamptz, -- what somebody said; departed_at and ended_at are what counts
    declared_ended_at timestamptz,
    end_reason text, -- why it ended, when somebody said so
    cancelled boolean NOT NULL DEFAULT false, -- it never left
    profile text, -- pinned when it is planned
    profile_version integer,
    ledger_no text, -- of the track-and-trace system
    checklist text[] NOT NULL DEFAULT '{}', -- what was ticked
    FOREIGN KEY (profile, profile_version) REFERENCES waybill.profile_version (name, version),
    CHECK (ended_at IS NULL OR departed_at IS NULL OR departed_at <= ended_at),
    UNIQUE (premises_id, trip_no)
);
CREATE INDEX trip_open ON waybill.trip (vehicle_id, planned_departure_at) WHERE ended_at IS NULL;
CREATE INDEX trip_by_vehicle ON waybill.trip (vehicle_id, planned_departure_at);
CREATE INDEX trip_by_time ON waybill.trip (premises_id, planned_departure_at);

CREATE TABLE waybill.trip_crew (
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    driver_id uuid NOT NULL REFERENCES waybill.driver,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    role text NOT NULL CHECK (role IN ('driver', 'second')),
    PRIMARY KEY (trip_id, driver_id)
);

-- A planned delivery on a trip.
CREATE TABLE waybill.trip_drop (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    seq smallint NOT NULL,
    planned_arrival_at timestamptz,
    arrived_at timestamptz,
    left_at timestamptz,
    UNIQUE (trip_id, order_id),
    UNIQUE (trip_id, seq) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX trip_drop_by_order ON waybill.trip_drop (order_id);

-- One order on one trip, from-to. An order's route is the union of its legs.
CREATE TABLE waybill.leg (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    trip_id uuid NOT NULL REFERENCES waybill.trip,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    during tstzrange NOT NULL,
    joined_at timestamptz, -- when the order came to the trip, or left it, while the vehicle was under way
    parted_at timestamptz,
    UNIQUE (trip_id, order_id)
);
CREATE INDEX leg_by_order ON waybill.leg (order_id);

CREATE TABLE waybill.milestone (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    order_id uuid NOT NULL REFERENCES waybill.orders,
    trip_id uuid REFERENCES waybill.trip,
    milestone text NOT NULL,
    at timestamptz NOT NULL,
    known text NOT NULL CHECK (known IN ('declared', 'detected')),
    declared_by text, -- who said so, when declared
    reason_code text,
    note text,
    evidence jsonb, -- copies of the fixes that decided it, when detected
    recorded_at timestamptz NOT NULL,
    partial boolean NOT NULL DEFAULT false, -- delivered, but not every line
    CHECK ((known = 'declared') = (declared_by IS NOT NULL))
);
CREATE INDEX milestone_by_order ON waybill.milestone (order_id, at);
-- A detected milestone is told once per trip, however often its fixes are seen again.
CREATE UNIQUE INDEX milestone_detected_once ON waybill.milestone (order_id, trip_id, milestone) WHERE known = 'detected';
