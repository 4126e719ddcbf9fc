-- Extensions, roles and schemas. Roles are the cluster's; `waybill db migrate` gives those with a URL their password.
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS btree_gist;

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['waybill_gateway', 'waybill_retention', 'waybill_reader'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA waybill;
CREATE SCHEMA reading;
COMMENT ON SCHEMA waybill IS 'The records. Only waybill_gateway writes here.';
COMMENT ON SCHEMA reading IS 'Views for waybill_reader, filtered by the setting waybill.premises; empty means no rows.';
GRANT USAGE ON SCHEMA waybill TO waybill_gateway, waybill_retention;
GRANT USAGE ON SCHEMA reading TO waybill_reader, waybill_gateway;
-- Who and what: premises, accounts, vehicles, devices, which device is fitted where, drivers.
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
    created_at timestamptz NOT NULL
);

CREATE TABLE waybill.account (
    id uuid PRIMARY KEY,
    premises_id uuid REFERENCES waybill.premises, -- NULL: all premises
    name text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'support', 'dispatcher', 'compliance', 'administrator', 'driver')),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
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
    credential_revoked_at timestamptz -- NULL again when a new one is issued
);

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
    UNIQUE (premises_id, employee_no)
);
-- What the devices reported: fixes, what of them is stored, what could not become one.

-- 8-byte columns first: saves 8 bytes a row. No foreign key to or from here: one to it would block drop_chunks.
CREATE TABLE waybill.fix (
    fixed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL,
    device_id integer NOT NULL,
    spool_id integer NOT NULL,
    lat_e7 integer NOT NULL,
    lon_e7 integer NOT NULL,
    altitude_m real,
    speed_mps real,
    course_deg real,
    hdop real,
    accuracy_m real,
    boot_id integer,
    satellites smallint,
    ignition boolean,
    replayed boolean NOT NULL,
    quality text,
    source text NOT NULL,
    refused_by text, -- the rule that says this fix does not count; NULL: it counts
    PRIMARY KEY (device_id, fixed_at, seq)
);
SELECT create_hypertable('waybill.fix', by_range('fixed_at', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX fix_by_time ON waybill.fix USING brin (fixed_at) WITH (pages_per_range = 32);

CREATE TABLE waybill.spool (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL REFERENCES waybill.device,
    name text NOT NULL,
    UNIQUE (device_id, name)
);

-- Which numbers of a spool are committed: as fix or as reject. Missing numbers are a query.
CREATE TABLE waybill.device_progress (
    spool_id integer PRIMARY KEY REFERENCES waybill.spool,
    device_id integer NOT NULL REFERENCES waybill.device,
    seqs int8multirange NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The newest fix of each device that counts, so that a map needs no search.
CREATE TABLE waybill.last_fix (
    device_id integer PRIMARY KEY REFERENCES waybill.device,
    fixed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL,
    lat_e7 integer NOT NULL,
    lon_e7 integer NOT NULL,
    speed_mps real,
    course_deg real,
    satellites smallint,
    quality text,
    replayed boolean NOT NULL
) WITH (fillfactor = 50); -- updated with every batch: room for heap-only updates

CREATE TABLE waybill.device_status (
    device_id integer PRIMARY KEY REFERENCES waybill.device,
    received_at timestamptz NOT NULL,
    state text NOT NULL,
    body jsonb NOT NULL
);

CREATE TABLE waybill.reject (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    device_name text NOT NULL, -- as the topic says; need not be registered
    topic text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    field text,
    value text,
    spool text,
    seq bigint,
    raw bytea NOT NULL
);
CREATE INDEX reject_by_time ON waybill.reject (received_at);
CREATE INDEX reject_by_device ON waybill.reject (device_name, received_at);

CREATE TABLE waybill.tracking_state (
    device_id integer PRIMARY KEY REFERENCES waybill.device,
    state jsonb NOT NULL,
    watermark timestamptz NOT NULL, -- fixed_at of the newest fix that step has seen
    failed text -- why step raised; the state is to be derived again
) WITH (fillfactor = 50);

-- One row per running process (gateway, worker, api): its last sign of life and its counters.
CREATE TABLE waybill.part (
    name text PRIMARY KEY,
    version text NOT NULL,
    pid integer NOT NULL,
    host text NOT NULL,
    started_at timestamptz NOT NULL, -- true time
    seen_at timestamptz NOT NULL, -- true time
    counters jsonb NOT NULL
);
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
    CHECK (window_from < window_to),
    UNIQUE (premises_id, order_no),
    UNIQUE (premises_id, source, source_ref)
);
CREATE INDEX orders_by_window ON waybill.orders (premises_id, window_from);

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
    CHECK (ended_at IS NULL OR departed_at IS NULL OR departed_at <= ended_at),
    UNIQUE (premises_id, trip_no)
);
CREATE INDEX trip_open ON waybill.trip (vehicle_id, planned_departure_at) WHERE ended_at IS NULL;
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
    CHECK ((known = 'declared') = (declared_by IS NOT NULL))
);
CREATE INDEX milestone_by_order ON waybill.milestone (order_id, at);
-- A detected milestone is told once per trip, however often its fixes are seen again.
CREATE UNIQUE INDEX milestone_detected_once ON waybill.milestone (order_id, trip_id, milestone) WHERE known = 'detected';
-- Who did what to what, when, why, before and after. Insert-only: for the owner too, and under replication settings.
CREATE TABLE waybill.audit_event (
    id uuid PRIMARY KEY,
    premises_id uuid, -- NULL: concerns the whole installation
    at timestamptz NOT NULL, -- by the installation's clock
    recorded_at timestamptz NOT NULL, -- true time
    actor_kind text NOT NULL CHECK (actor_kind IN ('account', 'driver', 'device', 'system', 'order_system')),
    actor text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb,
    reason text
);
CREATE INDEX audit_event_by_object ON waybill.audit_event (object_kind, object_id, at);
CREATE INDEX audit_event_by_time ON waybill.audit_event (at);

CREATE FUNCTION waybill.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are insert-only: % refused', TG_OP
        USING HINT = 'Record a new event that corrects the old one.';
END
$$;
CREATE TRIGGER audit_event_keeps_rows BEFORE UPDATE OR DELETE ON waybill.audit_event
    FOR EACH ROW EXECUTE FUNCTION waybill.refuse_change();
CREATE TRIGGER audit_event_keeps_table BEFORE TRUNCATE ON waybill.audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.refuse_change();
-- ALWAYS: session_replication_role = replica would skip ordinary triggers.
ALTER TABLE waybill.audit_event ENABLE ALWAYS TRIGGER audit_event_keeps_rows;
ALTER TABLE waybill.audit_event ENABLE ALWAYS TRIGGER audit_event_keeps_table;
-- Deleting what is too old and compressing what is old: two functions, the only rights of waybill_retention.
CREATE TABLE waybill.legal_hold (
    id uuid PRIMARY KEY,
    premises_id uuid NOT NULL REFERENCES waybill.premises,
    vehicle_id uuid REFERENCES waybill.vehicle, -- NULL: every vehicle of the premises
    during tstzrange NOT NULL,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamptz NOT NULL,
    released_at timestamptz
);

-- Rows under a legal hold are copied here before their chunk goes.
CREATE TABLE waybill.held_fix (LIKE waybill.fix, PRIMARY KEY (device_id, fixed_at, seq));

-- Under the Apache licence compressed days are there and read as empty, without an error (seen with 2.19.3): then nothing
-- is known to be free of holds, and nothing may go.
CREATE FUNCTION waybill.refuse_unreadable_days() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    days bigint;
BEGIN
    IF current_setting('timescaledb.license') = 'timescale' THEN
        RETURN;
    END IF;
    SELECT count(*) INTO days FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'waybill' AND c.hypertable_name = 'fix' AND c.is_compressed;
    IF days > 0 THEN
        RAISE EXCEPTION '% days of fixes are compressed and read as empty under timescaledb.license = %', days,
            current_setting('timescaledb.license')
            USING HINT = 'Start the server with the Community edition and timescaledb.license = timescale.';
    END IF;
END
$$;

-- Drops whole days of fixes older than keep_days. The floor of 90 days is California's (4 CCR 15417); holds are
-- copied first. True time on purpose: a wrong clock must not delete a record.
CREATE FUNCTION waybill.drop_old_fixes(keep_days integer, event_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cutoff timestamptz := date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => keep_days);
    held bigint;
    dropped integer;
BEGIN
    IF keep_days < 90 THEN
        RAISE EXCEPTION 'keep_days is %, the floor is 90', keep_days;
    END IF;
    PERFORM waybill.refuse_unreadable_days();
    INSERT INTO waybill.held_fix
    SELECT f.* FROM waybill.fix f
    WHERE f.fixed_at < cutoff AND EXISTS (
        SELECT 1 FROM waybill.install i
        JOIN waybill.legal_hold h ON h.premises_id = i.premises_id
            AND (h.vehicle_id IS NULL OR h.vehicle_id = i.vehicle_id)
        WHERE i.device_id = f.device_id AND i.during @> f.fixed_at
            AND h.during @> f.fixed_at AND h.released_at IS NULL)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS held = ROW_COUNT;
    SELECT count(*) INTO dropped FROM drop_chunks('waybill.fix', older_than => cutoff);
    IF dropped > 0 THEN
        INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, after)
        VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.dropped', 'fix', 'all',
            jsonb_build_object('older_than', cutoff, 'chunks', dropped, 'copied_under_hold', held));
    END IF;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION waybill.refuse_unreadable_days() FROM PUBLIC;
REVOKE ALL ON FUNCTION waybill.drop_old_fixes(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.drop_old_fixes(integer, uuid) TO waybill_retention;

-- Compresses the oldest day of fixes that ended more than 7 days ago and is not compressed yet: 'compressed', 'nothing',
-- 'not available' where TimescaleDB's licence is not `timescale` (Debian's package is the Apache edition), or 'too old'.
-- One day a call, because each is to be a transaction of its own: it locks that day against writing. True time, as above.
CREATE FUNCTION waybill.compress_oldest_fixes(event_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '5s' -- behind a long reader it gives up: whoever comes after it would wait for both
AS $$
DECLARE
    due record;
    sizes record;
BEGIN
    IF current_setting('timescaledb.license') <> 'timescale' THEN
        PERFORM waybill.refuse_unreadable_days();
        RETURN 'not available';
    END IF;
    -- Before 2.20.1 pg_restore cannot read back a compressed column of which a batch is all NULL (TimescaleDB pull request
    -- 8153; seen with 2.19.3), and ours are: a backup would be lost for what is compressed.
    IF (SELECT string_to_array(split_part(e.extversion, '-', 1), '.')::integer[] < '{2,20,1}'
        FROM pg_extension e WHERE e.extname = 'timescaledb') THEN
        RETURN 'too old';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('waybill.compress_oldest_fixes'));
    -- Not in a migration: the Apache edition refuses the statement, and an installation may change its edition.
    IF NOT (SELECT h.compression_enabled FROM timescaledb_information.hypertables h
            WHERE h.hypertable_schema = 'waybill' AND h.hypertable_name = 'fix') THEN
        ALTER TABLE waybill.fix SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
            timescaledb.compress_orderby = 'fixed_at, seq');
    END IF;
    SELECT format('%I.%I', c.chunk_schema, c.chunk_name)::regclass AS chunk, c.range_start, c.range_end INTO due
    FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'waybill' AND c.hypertable_name = 'fix' AND NOT c.is_compressed
        AND c.range_end <= clock_timestamp() - INTERVAL '7 days'
    ORDER BY c.range_start LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'nothing';
    END IF;
    PERFORM compress_chunk(due.chunk);
    SELECT s.before_compression_total_bytes AS before, s.after_compression_total_bytes AS after INTO sizes
    FROM chunk_compression_stats('waybill.fix') s
    WHERE format('%I.%I', s.chunk_schema, s.chunk_name)::regclass = due.chunk;
    INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, before,
        after)
    VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.compressed', 'fix', 'all',
        jsonb_build_object('bytes', sizes.before),
        jsonb_build_object('from_at', due.range_start, 'to_at', due.range_end, 'bytes', sizes.after));
    RETURN 'compressed';
END
$$;
REVOKE ALL ON FUNCTION waybill.compress_oldest_fixes(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.compress_oldest_fixes(uuid) TO waybill_retention;
-- What the reader sees: rows of the premises named in the setting waybill.premises (ids, comma between); empty = none.
CREATE FUNCTION reading.visible_premises() RETURNS uuid[] STABLE LANGUAGE sql AS $$
    SELECT coalesce(string_to_array(nullif(current_setting('waybill.premises', true), ''), ',')::uuid[], '{}')
$$;

-- What there is to name in waybill.premises: for a process that shows every premises, such as the demo's dashboard.
CREATE FUNCTION reading.all_premises() RETURNS SETOF uuid STABLE SECURITY DEFINER
SET search_path = pg_catalog LANGUAGE sql AS $$
    SELECT id FROM waybill.premises ORDER BY id
$$;
REVOKE ALL ON FUNCTION reading.all_premises() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reading.all_premises() TO waybill_reader;

-- By how much an order missed its window, or misses it at `now`; NULL: not late. The vehicle at the door ends the wait.
CREATE FUNCTION reading.late_by(window_to timestamptz, milestone text, milestone_at timestamptz, arrived_at timestamptz,
    now timestamptz) RETURNS interval IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN milestone <> 'cancelled' AND there_at > window_to THEN there_at - window_to END
    FROM (SELECT coalesce(arrived_at,
        CASE WHEN milestone IN ('delivered', 'failed', 'returned') THEN milestone_at ELSE now END)) AS t (there_at)
$$;

CREATE VIEW reading.premises WITH (security_barrier) AS
SELECT p.id, p.code, p.name, p.licence_no, p.address, p.lat_e7, p.lon_e7, p.tz, p.hours
FROM waybill.premises p
WHERE p.id = ANY (reading.visible_premises());

CREATE VIEW reading.vehicle WITH (security_barrier) AS
SELECT v.id, v.premises_id, v.name, v.plate, v.make, v.model, v.colour, v.retired_at
FROM waybill.vehicle v
WHERE v.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.install WITH (security_barrier) AS
SELECT i.id, i.premises_id, i.device_id, d.name AS device_name, i.vehicle_id, v.name AS vehicle_name, i.dedicated,
    lower(i.during) AS from_at, upper(i.during) AS to_at
FROM waybill.install i
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.vehicle v ON v.id = i.vehicle_id
WHERE i.premises_id = ANY (reading.visible_premises());

-- Every stored fix as its vehicle's, refused ones with the rule that refused them.
CREATE VIEW reading.vehicle_fix WITH (security_barrier) AS
SELECT i.premises_id, i.vehicle_id, v.name AS vehicle_name, d.name AS device_name, f.fixed_at, f.received_at, f.seq,
    s.name AS spool, f.lat_e7, f.lon_e7, f.altitude_m, f.speed_mps, f.course_deg, f.hdop, f.accuracy_m, f.satellites,
    f.ignition, f.quality, f.source, f.replayed, f.boot_id, f.refused_by
FROM waybill.install i
JOIN waybill.vehicle v ON v.id = i.vehicle_id
JOIN waybill.device d ON d.id = i.device_id
JOIN waybill.fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
    AND (upper_inf(i.during) OR f.fixed_at < upper(i.during))
JOIN waybill.spool s ON s.id = f.spool_id
WHERE i.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.orders WITH (security_barrier) AS
SELECT o.id, o.premises_id, o.order_no, o.source, o.source_ref, o.customer_name, o.customer_phone, o.address,
    o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.placed_at, o.note, o.currency, o.total_minor, o.milestone,
    o.milestone_at, d.trip_id, t.trip_no, v.name AS vehicle_name, d.seq AS drop_seq, d.planned_arrival_at,
    d.arrived_at, d.left_at, t.planned_departure_at, t.departed_at, t.ended_at
FROM waybill.orders o
LEFT JOIN LATERAL (
    SELECT td.trip_id, td.seq, td.planned_arrival_at, td.arrived_at, td.left_at
    FROM waybill.trip_drop td JOIN waybill.trip tt ON tt.id = td.trip_id
    WHERE td.order_id = o.id ORDER BY tt.planned_departure_at DESC LIMIT 1
) d ON true
LEFT JOIN waybill.trip t ON t.id = d.trip_id
LEFT JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE o.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.order_line WITH (security_barrier) AS
SELECT l.order_id, l.premises_id, l.line_no, l.item, l.category, l.tag, l.quantity, l.unit, l.unit_price_minor
FROM waybill.order_line l
WHERE l.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.milestone WITH (security_barrier) AS
SELECT m.id, m.premises_id, m.order_id, m.trip_id, m.milestone, m.at, m.known, m.declared_by, m.reason_code, m.note,
    m.evidence, m.recorded_at
FROM waybill.milestone m
WHERE m.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.trip WITH (security_barrier) AS
SELECT t.id, t.premises_id, t.trip_no, t.vehicle_id, v.name AS vehicle_name, t.planned_departure_at, t.departed_at,
    t.ended_at, t.plan_version, t.planned_route,
    (SELECT string_agg(dr.name, ', ' ORDER BY c.role, dr.name)
     FROM waybill.trip_crew c JOIN waybill.driver dr ON dr.id = c.driver_id WHERE c.trip_id = t.id) AS crew
FROM waybill.trip t
JOIN waybill.vehicle v ON v.id = t.vehicle_id
WHERE t.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.trip_drop WITH (security_barrier) AS
SELECT d.id, d.premises_id, d.trip_id, d.order_id, d.seq, d.planned_arrival_at, d.arrived_at, d.left_at, o.order_no,
    o.address, o.customer_name, o.lat_e7, o.lon_e7, o.window_from, o.window_to, o.milestone, o.milestone_at
FROM waybill.trip_drop d
JOIN waybill.orders o ON o.id = d.order_id
WHERE d.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.leg WITH (security_barrier) AS
SELECT l.id, l.premises_id, l.trip_id, l.order_id, t.vehicle_id, lower(l.during) AS from_at, upper(l.during) AS to_at
FROM waybill.leg l
JOIN waybill.trip t ON t.id = l.trip_id
WHERE l.premises_id = ANY (reading.visible_premises());

-- One row per vehicle in service: what a live map shows.
CREATE VIEW reading.fleet WITH (security_barrier) AS
SELECT v.premises_id, v.id AS vehicle_id, v.name AS vehicle_name, v.plate, de.name AS device_name,
    f.fixed_at, f.received_at, f.lat_e7, f.lon_e7, f.speed_mps, f.course_deg, f.satellites, f.quality, f.replayed,
    st.state AS device_state, st.received_at AS status_at,
    (st.body ->> 'report_interval_s')::double precision AS report_interval_s,
    (st.body ->> 'heartbeat_s')::double precision AS heartbeat_s, (st.body ->> 'backlog')::bigint AS backlog,
    t.id AS trip_id, t.trip_no, t.planned_departure_at, t.departed_at,
    (SELECT string_agg(dr.name, ', ' ORDER BY c.role, dr.name)
     FROM waybill.trip_crew c JOIN waybill.driver dr ON dr.id = c.driver_id WHERE c.trip_id = t.id) AS crew,
    counts.drops, counts.drops_done,
    n.order_id AS next_order_id, n.order_no AS next_order_no, n.address AS next_address, n.milestone AS next_milestone,
    n.window_from AS next_window_from, n.window_to AS next_window_to, n.planned_arrival_at AS next_planned_arrival_at,
    n.arrived_at AS next_arrived_at, n.seq AS next_seq, n.lat_e7 AS next_lat_e7, n.lon_e7 AS next_lon_e7
FROM waybill.vehicle v
LEFT JOIN waybill.install i ON i.vehicle_id = v.id AND i.dedicated AND upper_inf(i.during)
LEFT JOIN waybill.device de ON de.id = i.device_id
LEFT JOIN waybill.last_fix f ON f.device_id = i.device_id AND f.fixed_at >= lower(i.during)
LEFT JOIN waybill.device_status st ON st.device_id = i.device_id
LEFT JOIN LATERAL (
    SELECT tt.id, tt.trip_no, tt.planned_departure_at, tt.departed_at
    FROM waybill.trip tt WHERE tt.vehicle_id = v.id AND tt.ended_at IS NULL
    ORDER BY tt.planned_departure_at LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS drops, count(*) FILTER (WHERE o.milestone IN ('delivered', 'failed', 'returned', 'cancelled'))
        AS drops_done
    FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id WHERE d.trip_id = t.id
) counts ON true
LEFT JOIN LATERAL (
    SELECT o.id AS order_id, o.order_no, o.address, o.milestone, o.window_from, o.window_to, o.lat_e7, o.lon_e7,
        d.planned_arrival_at, d.arrived_at, d.seq
    FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
    WHERE d.trip_id = t.id AND o.milestone NOT IN ('delivered', 'failed', 'returned', 'cancelled')
    ORDER BY d.seq LIMIT 1
) n ON true
WHERE v.retired_at IS NULL AND v.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.audit_event WITH (security_barrier) AS
SELECT a.id, a.premises_id, a.at, a.recorded_at, a.actor_kind, a.actor, a.action, a.object_kind, a.object_id,
    a.before, a.after, a.reason
FROM waybill.audit_event a
WHERE a.premises_id = ANY (reading.visible_premises());
-- Rights, last, when everything exists.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA waybill TO waybill_gateway;
REVOKE UPDATE, DELETE ON waybill.fix, waybill.held_fix, waybill.reject FROM waybill_gateway;
REVOKE ALL ON waybill.audit_event FROM waybill_gateway;
GRANT SELECT, INSERT ON waybill.audit_event TO waybill_gateway;
GRANT SELECT ON ALL TABLES IN SCHEMA reading TO waybill_reader, waybill_gateway;
