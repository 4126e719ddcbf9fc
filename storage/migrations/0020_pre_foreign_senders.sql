-- Foreign senders, senders that nobody registered, messages that came other than by the broker, rejects put in again.
CREATE TABLE waybill.foreign_sender (
    protocol text NOT NULL CHECK (protocol IN ('owntracks', 'osmand', 'flespi')),
    address text NOT NULL,
    device_id integer NOT NULL REFERENCES waybill.device,
    token_hash bytea UNIQUE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (protocol, address)
);
CREATE INDEX foreign_sender_by_device ON waybill.foreign_sender (device_id);

CREATE TABLE waybill.unknown_sender (
    protocol text NOT NULL,
    address text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    reports bigint NOT NULL,
    kept_bytes bigint NOT NULL,
    lat_e7 integer,
    lon_e7 integer,
    PRIMARY KEY (protocol, address)
);

CREATE TABLE waybill.posted (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload bytea NOT NULL,
    received_at timestamptz NOT NULL,
    spool text,
    seq bigint
);

CREATE TABLE waybill.replayed_reject (
    reject_id bigint PRIMARY KEY,
    replayed_at timestamptz NOT NULL
);

CREATE INDEX spool_by_name ON waybill.spool (name);

GRANT SELECT, INSERT, UPDATE, DELETE ON waybill.foreign_sender, waybill.unknown_sender, waybill.posted
    TO waybill_gateway;
GRANT SELECT, INSERT ON waybill.replayed_reject TO waybill_gateway;
