-- name: put_audit_event
-- Who did what to what, when, why, before and after.
INSERT INTO waybill.audit_event (id, premises_id, at, recorded_at, actor_kind, actor, action, object_kind, object_id,
    before, after, reason)
VALUES (%(id)s, %(premises_id)s, %(at)s, %(recorded_at)s, %(actor_kind)s, %(actor)s, %(action)s, %(object_kind)s,
    %(object_id)s, %(before)s, %(after)s, %(reason)s);
