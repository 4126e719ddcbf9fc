-- Deleting what is too old: one function, the only right of waybill_retention.
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

-- Drops whole days of fixes older than keep_days. The floor of 90 days is California's (4 CCR 15417); holds are
-- copied first. True time on purpose: a wrong clock must not delete a record.
CREATE FUNCTION waybill.drop_old_fixes(keep_days integer, event_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    cutoff timestamptz := date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => keep_days);
    held bigint;
    dropped integer;
BEGIN
    IF keep_days < 90 THEN
        RAISE EXCEPTION 'keep_days is %, the floor is 90', keep_days;
    END IF;
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
REVOKE ALL ON FUNCTION waybill.drop_old_fixes(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.drop_old_fixes(integer, uuid) TO waybill_retention;
