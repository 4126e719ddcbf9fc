-- name: export_snapshot
-- The state of the database that this transaction sees, for pg_dump to see the same.
SELECT pg_export_snapshot();

-- name: record_tables
-- The tables of the records.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'waybill'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname;

-- name: has_records
-- Whether the database has Waybill's schema at all.
SELECT to_regnamespace('waybill') IS NOT NULL;

-- name: compressed_days
-- How many days of fixes are compressed.
SELECT count(*) FROM timescaledb_information.chunks
WHERE hypertable_schema = 'waybill' AND hypertable_name = 'fix' AND is_compressed;

-- name: timescaledb_offered
-- The versions of TimescaleDB that the server has on its disk.
SELECT version FROM pg_available_extension_versions WHERE name = 'timescaledb' ORDER BY version;

-- name: may_make_databases
-- Whether this role may make and rename databases and bring TimescaleDB's own tables back.
SELECT rolsuper FROM pg_roles WHERE rolname = current_user;

-- name: database_sessions
-- Who is connected to the database, beside this connection.
SELECT usename, client_addr::text, application_name FROM pg_stat_activity
WHERE datname = %(database)s AND pid <> pg_backend_pid() AND backend_type = 'client backend';

-- name: end_database_sessions
-- Ends every session in the database, TimescaleDB's own included, and waits up to 5 s for each.
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = %(database)s AND pid <> pg_backend_pid();

-- name: database_exists
-- Whether the server has a database of that name.
SELECT 1 FROM pg_database WHERE datname = %(database)s;

-- name: make_roles
-- The roles to which a dump gives rights; `waybill db migrate` gives them their passwords.
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

-- name: before_restore
-- TimescaleDB takes rows into its own tables as they are.
SELECT timescaledb_pre_restore();

-- name: after_restore
-- TimescaleDB works again.
SELECT timescaledb_post_restore();

-- name: move_feed
-- What is told from now on stands behind every place that the server of the set gave: 2^40 transactions are more than any
-- server makes.
INSERT INTO waybill.feed_offset (places) VALUES (1::bigint << 40)
ON CONFLICT (one) DO UPDATE SET places = feed_offset.places + excluded.places;

-- name: devices_cut_off
-- Devices whose credential was revoked.
SELECT name FROM waybill.device WHERE credential_revoked_at IS NOT NULL;

-- name: newest_backup
-- The newest set that was made of this database, or that it was brought back from.
SELECT recorded_at, action, after FROM waybill.audit_event
WHERE object_kind = 'installation' AND object_id = 'database' AND action IN ('backup.made', 'backup.restored')
ORDER BY at DESC LIMIT 1;
