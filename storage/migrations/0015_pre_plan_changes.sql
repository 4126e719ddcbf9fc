-- The engine's memory is kept as the text it is: no query looks into it, and jsonb costs its parsing with every batch.
ALTER TABLE waybill.tracking_state ALTER COLUMN state TYPE json USING state::json;

-- The gateway keeps between batches what it read of devices, installs and plans; this tells it to read again. A
-- notification reaches a listening session before the next transaction that the session begins after the commit.
CREATE FUNCTION waybill.tell_plan_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('waybill_plan', '');
    RETURN NULL;
END $$;

CREATE TRIGGER plan_changed AFTER UPDATE OR DELETE ON waybill.device
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER INSERT OR UPDATE OR DELETE ON waybill.premises
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER INSERT OR UPDATE OR DELETE ON waybill.vehicle
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER INSERT OR UPDATE OR DELETE ON waybill.install
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER INSERT OR UPDATE OR DELETE ON waybill.trip
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER INSERT OR UPDATE OR DELETE ON waybill.trip_drop
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
CREATE TRIGGER plan_changed AFTER UPDATE OR DELETE ON waybill.orders
    FOR EACH STATEMENT EXECUTE FUNCTION waybill.tell_plan_changed();
