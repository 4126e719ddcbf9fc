-- name: put_audit_event
-- Who did what to what, when, why, before and after.
INSERT INTO waybill.audit_event (id, premises_id, at, recorded_at, actor_kind, actor, action, object_kind, object_id,
    before, after, reason)
VALUES (%(id)s, %(premises_id)s, %(at)s, %(recorded_at)s, %(actor_kind)s, %(actor)s, %(action)s, %(object_kind)s,
    %(object_id)s, %(before)s, %(after)s, %(reason)s);

-- name: audit_event_since
-- Whether something of this kind was done to an object since a time.
SELECT 1 FROM waybill.audit_event
WHERE object_kind = %(object_kind)s AND object_id = %(object_id)s AND at > %(since)s AND action = %(action)s LIMIT 1;
