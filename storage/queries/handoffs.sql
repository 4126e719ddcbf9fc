-- name: put_handoff
-- An attempt to hand an order over, counted from its first one; those from before attempts were kept count too.
INSERT INTO waybill.handoff (id, premises_id, order_id, trip_id, attempt_no, outcome, at, reason_code, note, proofs,
    profile, profile_version, age_threshold, offline, conflict, actor_kind, actor, recorded_at)
SELECT %(id)s, %(premises_id)s, %(order_id)s, %(trip_id)s, count(*) + 1, %(outcome)s, %(at)s, %(reason_code)s, %(note)s,
    %(proofs)s, %(profile)s, %(profile_version)s, %(age_threshold)s, %(offline)s, %(conflict)s, %(actor_kind)s,
    %(actor)s, %(recorded_at)s
FROM waybill.milestone m
WHERE m.order_id = %(order_id)s AND m.known = 'declared' AND m.milestone IN ('delivered', 'failed');

-- name: handoffs_of_order
-- Every attempt to hand an order over.
SELECT h.id, t.trip_no, h.attempt_no, h.outcome, h.at, h.reason_code, h.note, h.proofs, h.profile, h.profile_version,
    h.age_threshold, h.offline, h.conflict, h.actor_kind, h.actor, h.recorded_at
FROM waybill.handoff h LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE h.order_id = %(order_id)s
ORDER BY h.attempt_no;
