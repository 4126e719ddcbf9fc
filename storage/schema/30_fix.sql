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

CREATE INDEX spool_by_name ON waybill.spool (name);

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

-- Rejects that were put on the way of a fix again: each once.
CREATE TABLE waybill.replayed_reject (
    reject_id bigint PRIMARY KEY,
    replayed_at timestamptz NOT NULL
);

-- Who reported and is not registered, by protocol ('waybill' is our own) and the name it gives itself. Bounded by
-- ingest: the row with the empty address stands for all beyond the limit.
CREATE TABLE waybill.unknown_sender (
    protocol text NOT NULL,
    address text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    reports bigint NOT NULL, -- fixes, rejects and statuses that came under this name
    kept_bytes bigint NOT NULL, -- how much of them is kept as rejects
    lat_e7 integer, -- of the newest fix
    lon_e7 integer,
    PRIMARY KEY (protocol, address)
);

-- Messages for the gateway that did not come by the broker: reports by HTTP, rejects put in again. It deletes each in
-- the transaction that stores what was in it.
CREATE TABLE waybill.posted (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload bytea NOT NULL,
    received_at timestamptz NOT NULL, -- true time
    spool text, -- spool and number of a lone fix that had them
    seq bigint
);

CREATE TABLE waybill.tracking_state (
    device_id integer PRIMARY KEY REFERENCES waybill.device,
    state json NOT NULL, -- text: nothing looks into it but the engine
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
