-- Who did what to what, when, why, before and after. Insert-only: for the owner too, and under replication settings.
CREATE TABLE waybill.audit_event (
    id uuid PRIMARY KEY,
    premises_id uuid, -- NULL: concerns the whole installation
    at timestamptz NOT NULL, -- by the installation's clock
    recorded_at timestamptz NOT NULL, -- true time
    actor_kind text NOT NULL CHECK (actor_kind IN ('account', 'driver', 'device', 'system', 'order_system',
        'customer')),
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
