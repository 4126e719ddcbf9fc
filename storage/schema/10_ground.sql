-- Extensions, roles and schemas. Roles are the cluster's; `waybill db migrate` gives those with a URL their password.
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

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
