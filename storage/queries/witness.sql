-- name: queue_witness
-- A handoff waits to be held against its vehicle's unit.
INSERT INTO waybill.witness_queue (handoff_id, premises_id, due_at) VALUES (%(handoff_id)s, %(premises_id)s, %(due_at)s);

-- name: due_witnesses
-- Handoffs that are due to be judged, with their trips; those of one trip come together.
SELECT q.handoff_id, h.trip_id
FROM waybill.witness_queue q JOIN waybill.handoff h ON h.id = q.handoff_id
WHERE q.due_at <= %(now)s
ORDER BY h.trip_id, q.handoff_id
LIMIT %(limit)s;

-- name: put_off_witness
-- It cannot be judged yet, or more may be heard; later again.
UPDATE waybill.witness_queue SET due_at = %(due_at)s WHERE handoff_id = %(handoff_id)s;

-- name: leave_witness_queue
-- It is judged as far as the unit can tell.
DELETE FROM waybill.witness_queue WHERE handoff_id = %(handoff_id)s;

-- name: handoffs_to_judge
-- Handoffs by their ids or of a trip, with the doors of their orders and the judgement that counts.
SELECT h.id, h.premises_id, h.order_id, o.order_no, h.trip_id, h.attempt_no, h.outcome, h.reason_code, h.at,
    h.offline, h.phone_at IS NOT NULL, o.lat_e7, o.lon_e7, o.place_quality, w.version, w.verdict, w.no_data, w.lat_e7, w.lon_e7,
    w.nearest_m, w.there_from, w.there_to, w.gap_from, w.gap_to, w.policy_version
FROM waybill.handoff h JOIN waybill.orders o ON o.id = h.order_id
LEFT JOIN LATERAL (
    SELECT n.version, n.verdict, n.no_data, n.lat_e7, n.lon_e7, n.nearest_m, n.there_from, n.there_to, n.gap_from,
        n.gap_to, n.policy_version
    FROM waybill.witness n WHERE n.handoff_id = h.id ORDER BY n.version DESC LIMIT 1) w ON true
WHERE h.id = ANY (%(handoff_ids)s::uuid[]) OR h.trip_id = %(trip_id)s
ORDER BY h.at, h.id;

-- name: witnessed_trip
-- The trip of handoffs: its vehicle, when it was under way, and the version that counts.
SELECT t.premises_id, t.vehicle_id, t.trip_no, t.planned_departure_at, coalesce(t.departed_at, t.declared_departed_at),
    coalesce(t.ended_at, t.declared_ended_at), d.id, d.version
FROM waybill.trip t LEFT JOIN waybill.derivation d ON d.trip_id = t.id AND d.superseded_at IS NULL
WHERE t.id = %(trip_id)s;

-- name: put_witness
-- A judgement; those before stay.
INSERT INTO waybill.witness (id, premises_id, handoff_id, version, cause, verdict, why, at, clock, within_s, lat_e7,
    lon_e7, nearest_m, nearest_at, there_from, there_to, off_s, no_data, gap_from, gap_to, evidence, heard_to,
    derivation_version, policy_version, made_at, recorded_at)
VALUES (%(id)s, %(premises_id)s, %(handoff_id)s, %(version)s, %(cause)s, %(verdict)s, %(why)s, %(at)s, %(clock)s,
    %(within_s)s, %(lat_e7)s, %(lon_e7)s, %(nearest_m)s, %(nearest_at)s, %(there_from)s, %(there_to)s, %(off_s)s,
    %(no_data)s, %(gap_from)s, %(gap_to)s, %(evidence)s, %(heard_to)s, %(derivation_version)s, %(policy_version)s,
    %(made_at)s, %(recorded_at)s);

-- name: exception_of_handoff
-- The contradiction that was opened of a handoff and not withdrawn.
SELECT id, rule, closed_at FROM waybill.exception
WHERE handoff_id = %(handoff_id)s AND kind = 'handoff_contradicted' AND NOT withdrawn;

-- name: link_exception
-- Which handoff an exception is about.
UPDATE waybill.exception SET handoff_id = %(handoff_id)s WHERE id = %(exception_id)s;

-- name: witnesses_of_order
-- Every judgement of an order's handoffs, by attempt, the oldest first.
SELECT h.attempt_no, w.version, w.cause, w.verdict, w.why, w.at, w.clock, w.within_s, w.nearest_m, w.nearest_at,
    w.there_from, w.there_to, w.off_s, w.no_data, w.gap_from, w.gap_to, w.evidence, w.policy_version, w.made_at
FROM waybill.witness w JOIN waybill.handoff h ON h.id = w.handoff_id
WHERE h.order_id = %(order_id)s
ORDER BY h.attempt_no, w.version;

-- name: read_handoffs
-- Handoffs of an order by its number, or one by its id.
SELECT id, premises_id, order_no, trip_no, attempt_no, outcome, at, offline, phone_at, contact_at, actor
FROM reading.handoff
WHERE id::text = lower(%(name)s) OR order_no = %(name)s
ORDER BY premises_id, attempt_no;

-- name: read_witnesses
-- The judgements of one handoff, the newest first.
SELECT version, cause, verdict, why, at, clock, within_s, lat_e7, lon_e7, nearest_m, nearest_at, there_from, there_to,
    off_s, no_data, gap_from, gap_to, evidence, heard_to, derivation_version, policy_version, made_at
FROM reading.witness WHERE handoff_id = %(handoff_id)s ORDER BY version DESC;
