-- Orders placed with a test key show no handoffs either.
CREATE OR REPLACE VIEW reading.handoff WITH (security_barrier) AS
SELECT h.id, h.premises_id, h.order_id, o.order_no, h.trip_id, t.trip_no, h.attempt_no, h.outcome, h.at, h.reason_code,
    h.offline, h.phone_at, h.contact_at, h.conflict, h.actor_kind, h.actor, h.recorded_at
FROM waybill.handoff h
JOIN waybill.orders o ON o.id = h.order_id
LEFT JOIN waybill.trip t ON t.id = h.trip_id
WHERE h.premises_id = ANY (reading.visible_premises()) AND NOT o.test;

-- `counts` says whether it is the newest judgement of its handoff.
CREATE OR REPLACE VIEW reading.witness WITH (security_barrier) AS
SELECT w.id, w.premises_id, w.handoff_id, h.order_id, h.trip_id, h.attempt_no, w.version,
    NOT EXISTS (SELECT FROM waybill.witness n WHERE n.handoff_id = w.handoff_id AND n.version > w.version) AS counts,
    w.cause, w.verdict, w.why, w.at, w.clock, w.within_s, w.lat_e7, w.lon_e7, w.nearest_m, w.nearest_at, w.there_from,
    w.there_to, w.off_s, w.no_data, w.gap_from, w.gap_to, w.evidence, w.heard_to, w.derivation_version,
    w.policy_version, w.made_at, w.recorded_at
FROM waybill.witness w
JOIN waybill.handoff h ON h.id = w.handoff_id
JOIN waybill.orders o ON o.id = h.order_id
WHERE w.premises_id = ANY (reading.visible_premises()) AND NOT o.test;
