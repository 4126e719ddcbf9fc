-- name: queue_late_trips
-- Trips that fixes of these devices and times may belong to, by the install of the time; asking again counts up. When
-- a trip departed does not matter: it may have been taken for the next one's departure while these fixes were missing.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT DISTINCT ON (t.id) t.id, t.premises_id, w.cause, %(now)s, %(due_at)s
FROM unnest(%(device_ids)s::integer[], %(from_at)s::timestamptz[], %(to_at)s::timestamptz[], %(causes)s::text[])
    AS w (device_id, from_at, to_at, cause)
JOIN waybill.install i ON i.device_id = w.device_id AND i.during && tstzrange(w.from_at, w.to_at, '[]')
JOIN waybill.trip t ON t.vehicle_id = i.vehicle_id
WHERE t.planned_departure_at < w.to_at + INTERVAL '3 hours 20 minutes'
    AND t.planned_departure_at > w.from_at - INTERVAL '48 hours'
    AND (t.ended_at IS NULL OR t.ended_at + INTERVAL '10 minutes' >= w.from_at)
ORDER BY t.id
ON CONFLICT (trip_id) DO UPDATE SET asked = q.asked + 1, cause = excluded.cause, failures = 0, error = NULL;

-- name: queue_trips
-- These trips are to be derived again; asking again counts up and never puts off what is due.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT t.id, t.premises_id, w.cause, %(now)s, %(due_at)s
FROM unnest(%(trip_ids)s::uuid[], %(causes)s::text[]) AS w (trip_id, cause)
JOIN waybill.trip t ON t.id = w.trip_id
ON CONFLICT (trip_id) DO UPDATE SET asked = q.asked + 1, cause = excluded.cause, failures = 0, error = NULL;

-- name: queue_trips_of_device
-- Trips since a time of the vehicles that the device is fitted in since then, or was until then.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT DISTINCT t.id, t.premises_id, %(cause)s, %(now)s::timestamptz, %(due_at)s::timestamptz
FROM waybill.install i JOIN waybill.trip t ON t.vehicle_id = i.vehicle_id
WHERE i.device_id = %(device_id)s AND i.dedicated AND (upper_inf(i.during) OR upper(i.during) >= %(from_at)s)
    AND (t.ended_at IS NULL OR t.ended_at > %(from_at)s)
    AND t.planned_departure_at > %(from_at)s - INTERVAL '48 hours'
ON CONFLICT (trip_id) DO UPDATE SET asked = q.asked + 1, cause = excluded.cause, failures = 0, error = NULL;

-- name: queue_next_trip
-- The vehicle's next trip, when it can have begun: where the one before it ends, it begins.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT n.id, n.premises_id, %(cause)s, %(now)s, %(due_at)s
FROM waybill.trip t JOIN LATERAL (
    SELECT l.id, l.premises_id, l.planned_departure_at FROM waybill.trip l
    WHERE l.vehicle_id = t.vehicle_id AND (l.planned_departure_at, l.id) > (t.planned_departure_at, t.id)
    ORDER BY l.planned_departure_at, l.id LIMIT 1) n
    ON n.planned_departure_at < %(until)s::timestamptz + INTERVAL '3 hours 20 minutes'
WHERE t.id = %(trip_id)s
ON CONFLICT (trip_id) DO UPDATE SET asked = q.asked + 1, cause = excluded.cause, failures = 0, error = NULL;

-- name: queue_unsettled_trips
-- Trips that are over, but whose version is not final: the devices said something that may settle them.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT DISTINCT t.id, t.premises_id, 'late_data', %(now)s::timestamptz, %(due_at)s::timestamptz
FROM waybill.install i
JOIN waybill.trip t ON t.vehicle_id = i.vehicle_id AND i.during && tstzrange(t.departed_at, t.ended_at)
JOIN waybill.derivation d ON d.trip_id = t.id AND d.superseded_at IS NULL AND NOT d.final
WHERE i.device_id = ANY (%(device_ids)s) AND t.ended_at > %(since)s
ON CONFLICT (trip_id) DO UPDATE SET asked = q.asked + 1, failures = 0, error = NULL;

-- name: due_trips
-- Trips that are due, of each vehicle only the earliest: where it ends, the next one begins.
SELECT q.trip_id
FROM waybill.derivation_queue q JOIN waybill.trip t ON t.id = q.trip_id
WHERE q.due_at <= %(now)s AND NOT EXISTS (
    SELECT FROM waybill.derivation_queue e JOIN waybill.trip b ON b.id = e.trip_id
    WHERE b.vehicle_id = t.vehicle_id AND b.planned_departure_at < t.planned_departure_at AND e.failures = 0)
ORDER BY q.due_at
LIMIT %(limit)s;

-- name: take_due_trip
-- The trip of the queue, when nobody else derives it; whoever took it has it until the transaction ends.
SELECT trip_id, cause, asked, failures FROM waybill.derivation_queue
WHERE trip_id = %(trip_id)s AND pg_try_advisory_xact_lock(hashtext('waybill.derive'), hashtext(trip_id::text));

-- name: lock_derivation
-- Whoever derives this trip holds the lock until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('waybill.derive'), hashtext(%(trip_id)s));

-- name: leave_queue
-- The trip is derived as far as it was asked; who asked in between keeps it in the queue.
DELETE FROM waybill.derivation_queue WHERE trip_id = %(trip_id)s AND asked = %(asked)s;

-- name: queue_failed
-- It could not be derived; later again.
UPDATE waybill.derivation_queue SET failures = failures + 1, error = %(error)s, due_at = %(due_at)s
WHERE trip_id = %(trip_id)s;

-- name: queue_length
-- How many trips wait, how many of them because they could not be derived, and since when the oldest waits.
SELECT count(*), count(*) FILTER (WHERE failures > 0), min(queued_at) FROM waybill.derivation_queue;

-- name: clear_failed_marks
-- Devices whose step raised and whose trips are all derived again.
UPDATE waybill.tracking_state s SET failed = NULL
WHERE s.failed IS NOT NULL AND NOT EXISTS (
    SELECT FROM waybill.install i JOIN waybill.trip t ON t.vehicle_id = i.vehicle_id
    JOIN waybill.derivation_queue q ON q.trip_id = t.id
    WHERE i.device_id = s.device_id);

-- name: derive_trip
-- The trip that is to be derived; when the one before it ended, and when a later one left by somebody's word.
SELECT t.id, t.premises_id, t.trip_no, t.vehicle_id, t.planned_departure_at, t.departed_at, t.ended_at,
    t.declared_departed_at, t.declared_ended_at, t.planned_route, p.lat_e7, p.lon_e7,
    (SELECT max(b.ended_at) FROM waybill.trip b WHERE b.vehicle_id = t.vehicle_id
        AND (b.planned_departure_at, b.id) < (t.planned_departure_at, t.id) AND b.departed_at IS NOT NULL
        AND b.planned_departure_at > t.planned_departure_at - INTERVAL '7 days'),
    (SELECT min(a.declared_departed_at) FROM waybill.trip a WHERE a.vehicle_id = t.vehicle_id
        AND (a.planned_departure_at, a.id) > (t.planned_departure_at, t.id))
FROM waybill.trip t JOIN waybill.premises p ON p.id = t.premises_id
WHERE t.id = %(trip_id)s;

-- name: gaps_before_trip
-- Gaps of the trip that ended last before this one, as they count, in which the vehicle may have been back and left again.
SELECT g.evidence
FROM waybill.gap g JOIN waybill.derivation d ON d.id = g.derivation_id
WHERE d.superseded_at IS NULL AND d.trip_id = (
        SELECT b.id FROM waybill.trip b
        WHERE b.vehicle_id = %(vehicle_id)s AND b.departed_at IS NOT NULL AND b.ended_at = %(ended_before)s
            AND (b.planned_departure_at, b.id) < (%(planned_departure_at)s, %(trip_id)s::uuid)
        ORDER BY b.planned_departure_at DESC LIMIT 1)
    AND g.ended_at - g.began_at >= %(shortest)s AND g.cause <> 'no_power'
ORDER BY g.began_at DESC LIMIT 6;

-- name: rivals_of_trip
-- Other trips of the vehicle that a departure may be: earlier ones that have not ended, and later ones by their plan.
SELECT b.id::text, b.planned_departure_at, b.declared_departed_at, b.declared_ended_at FROM waybill.trip b
WHERE b.vehicle_id = %(vehicle_id)s AND NOT b.cancelled
    AND b.planned_departure_at BETWEEN %(planned_departure_at)s - INTERVAL '48 hours'
        AND %(planned_departure_at)s + INTERVAL '48 hours'
    AND ((b.ended_at IS NULL AND (b.planned_departure_at, b.id) < (%(planned_departure_at)s, %(trip_id)s::uuid))
        OR (b.planned_departure_at, b.id) > (%(planned_departure_at)s, %(trip_id)s::uuid))
ORDER BY b.planned_departure_at, b.id;

-- name: rival_drops
-- Their drops: with some open, passing the premises ends no trip.
SELECT d.trip_id::text, d.id::text, d.order_id::text, d.seq, o.lat_e7, o.lon_e7
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
WHERE d.trip_id = ANY (%(trip_ids)s::uuid[]) ORDER BY d.trip_id, d.seq;

-- name: queue_overdue_trips
-- Trips that nobody saw leave, or said to have left, so long after their plan that none will.
INSERT INTO waybill.derivation_queue AS q (trip_id, premises_id, cause, queued_at, due_at)
SELECT t.id, t.premises_id, 'trip_ended', %(now)s::timestamptz, %(now)s::timestamptz
FROM waybill.trip t
WHERE t.ended_at IS NULL AND t.departed_at IS NULL AND t.planned_departure_at < %(before)s
ON CONFLICT (trip_id) DO NOTHING;

-- name: kept_evidence
-- How many of these fixes of any unit that was ever fitted at the premises are still kept.
SELECT count(DISTINCT (w.fixed_at, w.seq))
FROM unnest(%(fixed_at)s::timestamptz[], %(seqs)s::bigint[]) AS w (fixed_at, seq)
JOIN (SELECT DISTINCT device_id FROM waybill.install WHERE premises_id = %(premises_id)s) i ON true
JOIN waybill.kept_fix f ON f.device_id = i.device_id AND f.fixed_at = w.fixed_at AND f.seq = w.seq;

-- name: drops_of_trip
-- The drops of a trip as they are planned now.
SELECT d.id::text, d.order_id::text, d.seq, o.lat_e7, o.lon_e7, d.arrived_at, d.left_at, o.milestone, o.order_no,
    l.joined_at
FROM waybill.trip_drop d JOIN waybill.orders o ON o.id = d.order_id
LEFT JOIN waybill.leg l ON l.trip_id = d.trip_id AND l.order_id = d.order_id
WHERE d.trip_id = %(trip_id)s ORDER BY d.seq;

-- name: units_of_vehicle
-- Which dedicated devices were fitted in the vehicle, when, and the intervals that they announce.
SELECT i.device_id, de.name, lower(i.during), upper(i.during), (s.body ->> 'report_interval_s')::double precision,
    (s.body ->> 'heartbeat_s')::double precision
FROM waybill.install i JOIN waybill.device de ON de.id = i.device_id
LEFT JOIN waybill.device_status s ON s.device_id = i.device_id
WHERE i.vehicle_id = %(vehicle_id)s AND i.dedicated AND i.during && tstzrange(%(from_at)s, %(to_at)s)
ORDER BY lower(i.during);

-- name: spool_names
-- The names of the devices' spools.
SELECT id, name FROM waybill.spool WHERE device_id = ANY (%(device_ids)s);

-- name: fixes_of_device
-- The unit's own fixes from-to in order of time, refused ones too: the filter judges anew. What no rule asks for stays.
SELECT spool_id, seq, fixed_at AT TIME ZONE 'UTC', lat_e7, lon_e7, speed_mps, hdop, accuracy_m, ignition, quality,
    replayed, boot_id
FROM waybill.kept_fix
WHERE device_id = %(device_id)s AND fixed_at >= %(from_at)s AND fixed_at < %(to_at)s AND source = 'dedicated'
    -- Stale is a matter of when a fix came, which the filter cannot judge; before its install it may be stale no more.
    AND (refused_by IS DISTINCT FROM 'stale' OR fixed_at > received_at - INTERVAL '7 days')
ORDER BY fixed_at, seq;

-- name: newest_fix_before
-- When the unit's newest fix that counts was taken, before an instant and since it was fitted.
SELECT fixed_at FROM waybill.kept_fix
WHERE device_id = %(device_id)s AND fixed_at < %(before)s AND source = 'dedicated' AND refused_by IS NULL
    AND (%(fitted_at)s::timestamptz IS NULL OR fixed_at >= %(fitted_at)s)
ORDER BY fixed_at DESC LIMIT 1;

-- name: missing_numbers
-- Numbers of a spool within first..last that are stored neither as fix nor as reject; none when it was never confirmed.
SELECT lower(part), upper(part) - 1
FROM waybill.device_progress p JOIN waybill.spool s ON s.id = p.spool_id
CROSS JOIN LATERAL unnest(int8multirange(int8range(%(first)s, %(last)s, '[]')) - p.seqs) AS part
WHERE p.device_id = %(device_id)s AND s.name = %(spool)s;

-- name: numbers_elsewhere
-- Fixes of a spool with numbers first..last whose times lie within a day of from-to but not in it, or are impossible.
SELECT (
    SELECT count(*) FROM waybill.kept_fix f JOIN waybill.spool s ON s.id = f.spool_id
    WHERE f.device_id = %(device_id)s AND s.device_id = %(device_id)s AND s.name = %(spool)s
        AND f.seq BETWEEN %(first)s AND %(last)s
        AND f.fixed_at BETWEEN %(from_at)s::timestamptz - INTERVAL '1 day' AND %(to_at)s::timestamptz + INTERVAL '1 day'
        AND NOT f.fixed_at BETWEEN %(from_at)s AND %(to_at)s
) + (
    SELECT count(DISTINCT r.seq) FROM waybill.reject r JOIN waybill.device d ON d.name = r.device_name
    WHERE d.id = %(device_id)s AND r.spool = %(spool)s AND r.seq BETWEEN %(first)s AND %(last)s
        AND r.reason IN ('time_too_old', 'time_in_future')
);

-- name: device_word
-- What the device said of itself last.
SELECT body FROM waybill.device_status WHERE device_id = %(device_id)s;

-- name: trip_interval
-- When the trip departed and ended, by what was found or else declared.
UPDATE waybill.trip SET departed_at = %(departed_at)s, ended_at = %(ended_at)s,
    end_reason = CASE WHEN declared_ended_at IS NULL THEN %(end_reason)s ELSE end_reason END
WHERE id = %(trip_id)s;

-- name: drop_times
-- When the vehicle was at the doors of the trip, as found now.
UPDATE waybill.trip_drop d SET arrived_at = w.arrived_at, left_at = w.left_at
FROM unnest(%(drop_ids)s::uuid[], %(arrived_at)s::timestamptz[], %(left_at)s::timestamptz[])
    AS w (drop_id, arrived_at, left_at)
WHERE d.id = w.drop_id AND (d.arrived_at, d.left_at) IS DISTINCT FROM (w.arrived_at, w.left_at);

-- name: leg_intervals
-- The legs of the trip follow its interval; those of orders that joined or left it under way are a part of it.
UPDATE waybill.leg SET during = tstzrange(greatest(joined_at, %(departed_at)s),
    CASE WHEN coalesce(parted_at, %(ended_at)s) IS NOT NULL
        THEN greatest(least(parted_at, %(ended_at)s), joined_at, %(departed_at)s) END,
    CASE WHEN coalesce(parted_at, %(ended_at)s) IS NULL THEN '[)' ELSE '[]' END)
WHERE trip_id = %(trip_id)s;

-- name: remove_legs
-- The trip did not depart after all.
DELETE FROM waybill.leg WHERE trip_id = %(trip_id)s;

-- name: detected_milestones
-- Detected milestones of a trip: the telling, and what its newest correction says.
SELECT DISTINCT ON (m.order_id, m.milestone) m.id, m.order_id::text, m.milestone, m.at, coalesce(c.at, m.at),
    coalesce(c.withdrawn, false)
FROM waybill.milestone m
LEFT JOIN waybill.milestone_correction c ON c.milestone_id = m.id
WHERE m.trip_id = %(trip_id)s AND m.known = 'detected'
ORDER BY m.order_id, m.milestone, c.recorded_at DESC NULLS LAST, c.id DESC;

-- name: put_correction
-- The time of a detected milestone that counts from now on, or that it did not happen; the telling stays.
INSERT INTO waybill.milestone_correction (id, premises_id, milestone_id, at, withdrawn, evidence, note, recorded_at)
SELECT %(id)s, m.premises_id, m.id, %(at)s, %(withdrawn)s, %(evidence)s, %(note)s, %(recorded_at)s
FROM waybill.milestone m WHERE m.id = %(corrects)s;

-- name: correct_newest_milestone
-- The copy in the order, when this milestone is its newest.
UPDATE waybill.orders SET milestone_at = %(at)s WHERE id = %(order_id)s AND milestone = %(milestone)s;

-- name: queue_hours
-- Hours of vehicles whose facts are to be made anew, by the install of the time.
INSERT INTO waybill.hour_queue AS q (vehicle_id, hour_at, premises_id, due_at)
SELECT DISTINCT i.vehicle_id, hour.at, i.premises_id, %(due_at)s::timestamptz
FROM unnest(%(device_ids)s::integer[], %(hours)s::timestamptz[]) AS hour (device_id, at)
JOIN waybill.install i ON i.device_id = hour.device_id AND i.dedicated
    AND i.during && tstzrange(hour.at, hour.at + INTERVAL '1 hour')
ON CONFLICT (vehicle_id, hour_at) DO UPDATE SET asked = q.asked + 1;

-- name: queue_hours_since
-- Hours since a time in which the devices have fixes, by the install of the time.
INSERT INTO waybill.hour_queue AS q (vehicle_id, hour_at, premises_id, due_at)
SELECT DISTINCT i.vehicle_id, hour.at, i.premises_id, %(due_at)s::timestamptz
FROM (SELECT DISTINCT f.device_id, date_trunc('hour', f.fixed_at, 'UTC') AS at FROM waybill.fix f
    WHERE f.device_id = ANY (%(device_ids)s) AND f.fixed_at >= %(since)s) AS hour
JOIN waybill.install i ON i.device_id = hour.device_id AND i.dedicated
    AND i.during && tstzrange(hour.at, hour.at + INTERVAL '1 hour')
ON CONFLICT (vehicle_id, hour_at) DO UPDATE SET asked = q.asked + 1;

-- name: next_hours
-- Hours that are due, a few at a time.
SELECT vehicle_id, hour_at, premises_id, asked FROM waybill.hour_queue
WHERE due_at <= %(now)s ORDER BY due_at, vehicle_id, hour_at LIMIT %(limit)s;

-- name: leave_hours
-- The hour is made anew, as far as it was asked.
DELETE FROM waybill.hour_queue WHERE vehicle_id = %(vehicle_id)s AND hour_at = %(hour_at)s AND asked = %(asked)s;

-- name: trips_since
-- Trips of a premises that departed at a time or later.
SELECT id FROM waybill.trip WHERE premises_id = %(premises_id)s AND departed_at >= %(from_at)s ORDER BY departed_at;

-- name: find_trip
-- Trips of this number or id, at a premises (NULL: at any).
SELECT t.id, t.premises_id, p.code, t.trip_no
FROM waybill.trip t JOIN waybill.premises p ON p.id = t.premises_id
WHERE (t.trip_no = %(trip)s OR t.id::text = lower(%(trip)s))
    AND (%(premises_id)s::uuid IS NULL OR t.premises_id = %(premises_id)s)
ORDER BY p.code;

-- name: newest_trips
-- The numbers of the trips that were planned last.
SELECT trip_no FROM waybill.trip ORDER BY planned_departure_at DESC LIMIT 10;

-- name: declare_trip_times
-- What somebody says of departure and end; what counts follows when nothing was found.
UPDATE waybill.trip SET declared_departed_at = coalesce(%(departed_at)s, declared_departed_at),
    declared_ended_at = coalesce(%(ended_at)s, declared_ended_at),
    departed_at = coalesce(departed_at, %(departed_at)s), ended_at = coalesce(ended_at, %(ended_at)s)
WHERE id = %(trip_id)s
RETURNING departed_at, ended_at, declared_departed_at, declared_ended_at;
