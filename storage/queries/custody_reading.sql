-- name: page_of_handoffs
-- One page of attempts to hand over, the newest first, each with the newest word of its second witness. The reader's.
SELECT h.id, h.premises_id, h.order_no, h.trip_no, t.vehicle_name, h.attempt_no, h.outcome, h.at, h.reason_code,
    h.offline, h.conflict, h.actor_kind, h.actor, h.recorded_at, w.verdict, w.why, w.nearest_m, w.off_s, w.no_data,
    w.version
FROM reading.handoff h
LEFT JOIN reading.trip t ON t.id = h.trip_id
LEFT JOIN reading.witness w ON w.handoff_id = h.id AND w.counts
WHERE (%(order_no)s::text IS NULL OR h.order_no = %(order_no)s)
    AND (%(outcome)s::text IS NULL OR h.outcome = %(outcome)s)
    AND (%(verdict)s::text IS NULL OR coalesce(w.verdict, 'waiting') = %(verdict)s)
    AND (%(from_at)s::timestamptz IS NULL OR h.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR h.at < %(to_at)s)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', h.order_no, h.trip_no, t.vehicle_name, h.actor, h.reason_code)
        ILIKE %(pattern)s)
ORDER BY h.at DESC, h.id
LIMIT %(limit)s OFFSET %(offset)s;

-- name: handoffs_in_all
-- How many attempts match, by the same filters, and of how many each verdict is.
SELECT count(*), count(*) FILTER (WHERE w.verdict = 'corroborated'),
    count(*) FILTER (WHERE w.verdict = 'contradicted'), count(*) FILTER (WHERE w.verdict = 'no_data'),
    count(*) FILTER (WHERE w.verdict IS NULL)
FROM reading.handoff h
LEFT JOIN reading.trip t ON t.id = h.trip_id
LEFT JOIN reading.witness w ON w.handoff_id = h.id AND w.counts
WHERE (%(order_no)s::text IS NULL OR h.order_no = %(order_no)s)
    AND (%(outcome)s::text IS NULL OR h.outcome = %(outcome)s)
    AND (%(verdict)s::text IS NULL OR coalesce(w.verdict, 'waiting') = %(verdict)s)
    AND (%(from_at)s::timestamptz IS NULL OR h.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR h.at < %(to_at)s)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', h.order_no, h.trip_no, t.vehicle_name, h.actor, h.reason_code)
        ILIKE %(pattern)s);

-- name: page_of_exceptions
-- One page of exceptions that were not withdrawn: those that nobody has explained first, and of them the oldest.
SELECT e.id, e.premises_id, e.kind, e.trip_no, e.vehicle_name, t.crew, e.zone_name, e.from_at, e.to_at, e.rule,
    e.opened_at, e.closed_at, e.explanation, e.explained_by
FROM reading.exception e
LEFT JOIN reading.trip t ON t.id = e.trip_id
WHERE NOT e.withdrawn AND (%(everything)s OR e.explanation IS NULL)
    AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', e.trip_no, e.vehicle_name, t.crew, e.zone_name, e.rule)
        ILIKE %(pattern)s)
ORDER BY e.explanation IS NOT NULL, CASE WHEN e.explanation IS NULL THEN e.opened_at END, e.opened_at DESC, e.id
LIMIT %(limit)s OFFSET %(offset)s;

-- name: exceptions_in_all
-- How many exceptions match, by the same filters.
SELECT count(*)
FROM reading.exception e
LEFT JOIN reading.trip t ON t.id = e.trip_id
WHERE NOT e.withdrawn AND (%(everything)s OR e.explanation IS NULL)
    AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
    AND (%(pattern)s::text IS NULL OR concat_ws(' ', e.trip_no, e.vehicle_name, t.crew, e.zone_name, e.rule)
        ILIKE %(pattern)s);
