-- Deleting what is too old and compressing what is old: five functions, the only rights of waybill_retention.
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

-- Every fix that is still kept, in its day or as a copy. One that came in again after its day had gone is there twice
-- until the next run; it counts once. The plain UNION ALL lets a query reach the indexes of both.
CREATE VIEW waybill.kept_fix AS
SELECT k.fixed_at, k.received_at, k.seq, k.device_id, k.spool_id, k.lat_e7, k.lon_e7, k.altitude_m, k.speed_mps,
    k.course_deg, k.hdop, k.accuracy_m, k.boot_id, k.satellites, k.ignition, k.replayed, k.quality, k.source,
    k.refused_by, k.held
FROM (
    SELECT f.*, false AS held FROM waybill.fix f
    UNION ALL
    SELECT h.*, true FROM waybill.held_fix h
) k
WHERE NOT (k.held AND EXISTS (
    SELECT FROM waybill.fix f WHERE f.device_id = k.device_id AND f.fixed_at = k.fixed_at AND f.seq = k.seq));

-- How far off-trip fixes of a day were deleted; a day that got fixes since then is gone through again.
CREATE TABLE waybill.off_trip_day (
    day timestamptz PRIMARY KEY,
    inserted bigint NOT NULL, -- the chunk's own counter of rows, as it was then
    unsettled boolean NOT NULL -- fixes that had just come in, or were held, stayed
);

-- What the last run did, per class of record; every deletion is an audit event besides.
CREATE TABLE waybill.retention_run (
    class text PRIMARY KEY CHECK (class IN ('on_trip', 'off_trip', 'reject')),
    ran_at timestamptz NOT NULL, -- true time
    rows bigint NOT NULL,
    days bigint NOT NULL,
    bytes bigint NOT NULL
);

-- The database's size, a row a day: growth is told from it.
CREATE TABLE waybill.database_size (
    day date PRIMARY KEY,
    bytes bigint NOT NULL
);

-- Retention's clock is the database's; monitors compare it with theirs.
CREATE FUNCTION waybill.true_time() RETURNS timestamptz LANGUAGE sql AS $$ SELECT clock_timestamp() $$;
REVOKE ALL ON FUNCTION waybill.true_time() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.true_time() TO waybill_gateway;

-- Under the Apache licence compressed days are there and read as empty, without an error (seen with 2.19.3): then nothing
-- is known to be free of holds, and nothing may go.
CREATE FUNCTION waybill.refuse_unreadable_days() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    days bigint;
BEGIN
    IF current_setting('timescaledb.license') = 'timescale' THEN
        RETURN;
    END IF;
    SELECT count(*) INTO days FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'waybill' AND c.hypertable_name = 'fix' AND c.is_compressed;
    IF days > 0 THEN
        RAISE EXCEPTION '% days of fixes are compressed and read as empty under timescaledb.license = %', days,
            current_setting('timescaledb.license')
            USING HINT = 'Start the server with the Community edition and timescaledb.license = timescale.';
    END IF;
END
$$;

-- Which times of each device are kept although they are old: on a trip, or under a hold. Half an hour on either side of a
-- trip: the engine finds a departure some fixes after it, and shows the fixes before it. A trip that no fix showed to begin
-- counts from its plan for a day, also when it was over before; one without an end counts on. Where premises have no place no departure can be found, so
-- everything there counts as on a trip.
CREATE FUNCTION waybill.kept_ranges(from_at timestamptz, to_at timestamptz)
RETURNS TABLE (device_id integer, on_trip tstzmultirange, held tstzmultirange)
STABLE LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k.device_id, coalesce(range_agg(k.during) FILTER (WHERE NOT k.is_hold), '{}'),
        coalesce(range_agg(k.during) FILTER (WHERE k.is_hold), '{}')
    FROM (
        SELECT i.device_id, i.during * tstzrange(coalesce(t.departed_at, t.planned_departure_at) - INTERVAL '30 minutes',
            CASE WHEN t.departed_at IS NULL THEN t.planned_departure_at + INTERVAL '1 day'
                ELSE t.ended_at + INTERVAL '30 minutes' END) AS during,
            false AS is_hold
        FROM waybill.trip t JOIN waybill.install i ON i.vehicle_id = t.vehicle_id
        WHERE coalesce(t.departed_at, t.planned_departure_at) - INTERVAL '30 minutes' < to_at
            AND coalesce(CASE WHEN t.departed_at IS NULL THEN t.planned_departure_at + INTERVAL '1 day'
                ELSE t.ended_at + INTERVAL '30 minutes' END, to_at) >= from_at
        UNION ALL
        SELECT i.device_id, i.during, false
        FROM waybill.install i JOIN waybill.premises p ON p.id = i.premises_id
        WHERE p.lat_e7 IS NULL OR p.lon_e7 IS NULL
        UNION ALL
        SELECT i.device_id, i.during * h.during, true
        FROM waybill.legal_hold h JOIN waybill.install i ON i.premises_id = h.premises_id
            AND (h.vehicle_id IS NULL OR h.vehicle_id = i.vehicle_id)
        WHERE h.released_at IS NULL
    ) k
    WHERE k.during && tstzrange(from_at, to_at)
    GROUP BY k.device_id
$$;
REVOKE ALL ON FUNCTION waybill.kept_ranges(timestamptz, timestamptz) FROM PUBLIC;

-- Drops whole days of fixes older than keep_days. The floor of 90 days is California's (4 CCR 15417); holds are
-- copied first, and copies that no hold covers any more go. True time on purpose: a wrong clock must not delete a record.
CREATE FUNCTION waybill.drop_old_fixes(keep_days integer, event_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cutoff timestamptz := date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => keep_days);
    held bigint;
    released bigint;
    dropped integer;
    freed bigint;
BEGIN
    IF keep_days < 90 THEN
        RAISE EXCEPTION 'keep_days is %, the floor is 90', keep_days;
    END IF;
    PERFORM waybill.refuse_unreadable_days();
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
    DELETE FROM waybill.held_fix f WHERE NOT EXISTS (
        SELECT 1 FROM waybill.install i
        JOIN waybill.legal_hold h ON h.premises_id = i.premises_id
            AND (h.vehicle_id IS NULL OR h.vehicle_id = i.vehicle_id)
        WHERE i.device_id = f.device_id AND i.during @> f.fixed_at
            AND h.during @> f.fixed_at AND h.released_at IS NULL);
    GET DIAGNOSTICS released = ROW_COUNT;
    SELECT coalesce(sum(pg_total_relation_size(format('%I.%I', c.chunk_schema, c.chunk_name)::regclass)), 0) INTO freed
    FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'waybill' AND c.hypertable_name = 'fix' AND c.range_end <= cutoff;
    SELECT count(*) INTO dropped FROM drop_chunks('waybill.fix', older_than => cutoff);
    DELETE FROM waybill.off_trip_day d WHERE d.day < cutoff;
    IF dropped > 0 OR released > 0 THEN
        INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, after)
        VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.dropped', 'fix', 'all',
            jsonb_build_object('older_than', cutoff, 'chunks', dropped, 'bytes', freed, 'copied_under_hold', held,
                'copies_deleted', released));
    END IF;
    INSERT INTO waybill.retention_run (class, ran_at, rows, days, bytes)
    VALUES ('on_trip', clock_timestamp(), released, dropped, freed)
    ON CONFLICT (class) DO UPDATE SET ran_at = excluded.ran_at, rows = excluded.rows, days = excluded.days,
        bytes = excluded.bytes;
    RETURN dropped;
END
$$;

-- Deletes one past day's fixes off trip: the oldest day after `after` that ended off_trip_days ago and has not been gone
-- through, or got fixes since. Row by row, because a chunk holds all vehicles of a day; that blocks nobody who writes or
-- reads, and frees the disk when the day is compressed or dropped. A fix waits a day after it came in, so that a trip
-- found late keeps it. No row: nothing is due.
CREATE FUNCTION waybill.delete_off_trip_day(off_trip_days integer, after timestamptz, event_id uuid)
RETURNS TABLE (day timestamptz, deleted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '5s' AS $$
#variable_conflict use_column
DECLARE
    settled timestamptz := clock_timestamp() - INTERVAL '1 day';
    due record;
    gone record;
    removed bigint := 0;
BEGIN
    IF off_trip_days < 0 THEN
        RAISE EXCEPTION 'off_trip_days is %, the floor is 0', off_trip_days;
    END IF;
    PERFORM waybill.refuse_unreadable_days();
    PERFORM pg_advisory_xact_lock(hashtext('waybill.delete_off_trip_day'));
    SELECT c.range_start, c.range_end, c.is_compressed, c.chunk, pg_stat_get_tuples_inserted(c.chunk) AS inserted INTO due
    FROM (SELECT i.range_start, i.range_end, i.is_compressed,
              format('%I.%I', i.chunk_schema, i.chunk_name)::regclass AS chunk
          FROM timescaledb_information.chunks i
          WHERE i.hypertable_schema = 'waybill' AND i.hypertable_name = 'fix') c
    LEFT JOIN waybill.off_trip_day d ON d.day = c.range_start
    WHERE c.range_start > after
        AND c.range_end <= date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => off_trip_days)
        -- The counter starts anew after a crash: then a day is gone through once more.
        AND (d.day IS NULL OR d.unsettled OR d.inserted IS DISTINCT FROM pg_stat_get_tuples_inserted(c.chunk))
    ORDER BY c.range_start LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(o.due), 0) AS due, bool_or(o.waits) AS waits, jsonb_object_agg(v.name, o.due)
        FILTER (WHERE o.due > 0) AS devices INTO gone
    FROM (SELECT f.device_id, count(*) FILTER (WHERE f.received_at < settled AND k.held @> f.fixed_at IS NOT TRUE) AS due,
              bool_or(f.received_at >= settled OR k.held @> f.fixed_at IS TRUE) AS waits
          FROM waybill.fix f LEFT JOIN waybill.kept_ranges(due.range_start, due.range_end) k USING (device_id)
          WHERE f.fixed_at >= due.range_start AND f.fixed_at < due.range_end AND k.on_trip @> f.fixed_at IS NOT TRUE
          GROUP BY f.device_id) o
    JOIN waybill.device v ON v.id = o.device_id;
    IF gone.due > 0 THEN
        IF due.is_compressed THEN
            PERFORM decompress_chunk(due.chunk); -- the next run of compress_oldest_fixes compresses it again
        END IF;
        DELETE FROM waybill.fix f
        WHERE f.fixed_at >= due.range_start AND f.fixed_at < due.range_end AND f.received_at < settled
            AND NOT EXISTS (SELECT 1 FROM waybill.kept_ranges(due.range_start, due.range_end) k
                WHERE k.device_id = f.device_id AND (k.on_trip @> f.fixed_at OR k.held @> f.fixed_at));
        GET DIAGNOSTICS removed = ROW_COUNT;
        INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, after)
        VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.off_trip_deleted', 'fix',
            to_char(due.range_start AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            jsonb_build_object('from_at', due.range_start, 'to_at', due.range_end, 'rows', removed,
                'devices', gone.devices));
    END IF;
    INSERT INTO waybill.off_trip_day (day, inserted, unsettled)
    VALUES (due.range_start, due.inserted, coalesce(gone.waits, false))
    ON CONFLICT (day) DO UPDATE SET inserted = excluded.inserted, unsettled = excluded.unsettled;
    INSERT INTO waybill.retention_run (class, ran_at, rows, days, bytes)
    VALUES ('off_trip', clock_timestamp(), removed, 1, 0)
    ON CONFLICT (class) DO UPDATE SET ran_at = excluded.ran_at, rows = excluded.rows, days = excluded.days;
    RETURN QUERY SELECT due.range_start, removed;
END
$$;

-- Deletes at most 20,000 rejects older than keep_days, so that no transaction is long; the floor of 30 days leaves time to
-- look at them. Those of a device under a hold stay.
CREATE FUNCTION waybill.delete_old_rejects(keep_days integer, event_id uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cutoff timestamptz := date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => keep_days);
    deleted bigint;
BEGIN
    IF keep_days < 30 THEN
        RAISE EXCEPTION 'keep_days is %, the floor for rejects is 30', keep_days;
    END IF;
    DELETE FROM waybill.reject r WHERE r.id IN (
        SELECT o.id FROM waybill.reject o
        WHERE o.received_at < cutoff AND NOT waybill.reject_is_held(o.device_name, o.received_at)
        ORDER BY o.received_at LIMIT 20000);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    DELETE FROM waybill.replayed_reject p WHERE NOT EXISTS (SELECT 1 FROM waybill.reject r WHERE r.id = p.reject_id);
    IF deleted > 0 THEN
        INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, after)
        VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'rejects.deleted', 'reject', 'all',
            jsonb_build_object('older_than', cutoff, 'rows', deleted));
    END IF;
    INSERT INTO waybill.retention_run (class, ran_at, rows, days, bytes)
    VALUES ('reject', clock_timestamp(), deleted, 0, 0)
    ON CONFLICT (class) DO UPDATE SET ran_at = excluded.ran_at, rows = excluded.rows;
    RETURN deleted;
END
$$;

CREATE FUNCTION waybill.reject_is_held(device_name text, received_at timestamptz) RETURNS boolean
STABLE LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM waybill.device d JOIN waybill.install i ON i.device_id = d.id
        JOIN waybill.legal_hold h ON h.premises_id = i.premises_id AND (h.vehicle_id IS NULL OR h.vehicle_id = i.vehicle_id)
        WHERE d.name = $1 AND i.during @> $2 AND h.during @> $2 AND h.released_at IS NULL)
$$;
REVOKE ALL ON FUNCTION waybill.reject_is_held(text, timestamptz) FROM PUBLIC;

-- What the next run would delete, per class, and what holds keep. Reads every fix of the days that are due.
CREATE FUNCTION waybill.retention_plan(on_trip_days integer, off_trip_days integer, reject_days integer,
    business_days integer)
RETURNS TABLE (class text, oldest timestamptz, due_rows bigint, due_days bigint, due_bytes bigint, held_rows bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    today timestamptz := date_trunc('day', clock_timestamp(), 'UTC');
BEGIN
    PERFORM waybill.refuse_unreadable_days();
    RETURN QUERY
    WITH days AS (
        SELECT i.range_start, i.range_end, format('%I.%I', i.chunk_schema, i.chunk_name)::regclass AS chunk
        FROM timescaledb_information.chunks i
        WHERE i.hypertable_schema = 'waybill' AND i.hypertable_name = 'fix'
    ), old AS (
        SELECT d.range_start, d.range_end, pg_total_relation_size(d.chunk) AS bytes FROM days d
        WHERE d.range_end <= today - make_interval(days => on_trip_days)
    ), counted AS (
        SELECT count(*) AS rows, count(*) FILTER (WHERE k.held @> f.fixed_at) AS held
        FROM old o JOIN waybill.fix f ON f.fixed_at >= o.range_start AND f.fixed_at < o.range_end
        LEFT JOIN waybill.kept_ranges('-infinity', today) k ON k.device_id = f.device_id
    )
    SELECT 'on_trip', (SELECT min(d.range_start) FROM days d), c.rows, (SELECT count(*) FROM old),
        coalesce((SELECT sum(o.bytes) FROM old o), 0)::bigint,
        c.held + (SELECT count(*) FROM waybill.held_fix)
    FROM counted c;
    RETURN QUERY
    WITH days AS (
        SELECT i.range_start, i.range_end, format('%I.%I', i.chunk_schema, i.chunk_name)::regclass AS chunk
        FROM timescaledb_information.chunks i
        LEFT JOIN waybill.off_trip_day d ON d.day = i.range_start
        WHERE i.hypertable_schema = 'waybill' AND i.hypertable_name = 'fix'
            AND i.range_end <= today - make_interval(days => off_trip_days)
            AND i.range_end > today - make_interval(days => on_trip_days)
            AND (d.day IS NULL OR d.unsettled OR d.inserted IS DISTINCT FROM
                pg_stat_get_tuples_inserted(format('%I.%I', i.chunk_schema, i.chunk_name)::regclass))
    ), counted AS (
        SELECT d.range_start, pg_total_relation_size(d.chunk) AS bytes, count(*) AS all_rows,
            min(f.fixed_at) FILTER (WHERE k.on_trip @> f.fixed_at IS NOT TRUE) AS oldest,
            count(*) FILTER (WHERE k.on_trip @> f.fixed_at IS NOT TRUE AND k.held @> f.fixed_at IS NOT TRUE
                AND f.received_at < clock_timestamp() - INTERVAL '1 day') AS due,
            count(*) FILTER (WHERE k.on_trip @> f.fixed_at IS NOT TRUE AND k.held @> f.fixed_at) AS held
        FROM days d JOIN waybill.fix f ON f.fixed_at >= d.range_start AND f.fixed_at < d.range_end
        LEFT JOIN waybill.kept_ranges('-infinity', today) k ON k.device_id = f.device_id
        GROUP BY d.range_start, d.chunk
    )
    SELECT 'off_trip', min(c.oldest), coalesce(sum(c.due), 0)::bigint, count(*) FILTER (WHERE c.due > 0),
        coalesce(sum(c.bytes * c.due / c.all_rows), 0)::bigint, coalesce(sum(c.held), 0)::bigint
    FROM counted c;
    RETURN QUERY
    SELECT 'reject', min(r.received_at), count(*) FILTER (WHERE r.old AND NOT r.held),
        count(DISTINCT date_trunc('day', r.received_at, 'UTC')) FILTER (WHERE r.old AND NOT r.held),
        coalesce(sum(r.bytes) FILTER (WHERE r.old AND NOT r.held), 0)::bigint, count(*) FILTER (WHERE r.old AND r.held)
    FROM (SELECT o.received_at, pg_column_size(o.*) AS bytes, o.received_at < today - make_interval(days => reject_days)
              AS old, waybill.reject_is_held(o.device_name, o.received_at) AS held
          FROM waybill.reject o) r;
    RETURN QUERY
    SELECT 'business', min(b.at), count(*) FILTER (WHERE b.at < today - make_interval(days => business_days)), 0::bigint,
        0::bigint, 0::bigint
    FROM (SELECT t.planned_departure_at AS at FROM waybill.trip t
          UNION ALL SELECT o.placed_at FROM waybill.orders o) b;
END
$$;
REVOKE ALL ON FUNCTION waybill.refuse_unreadable_days() FROM PUBLIC;
REVOKE ALL ON FUNCTION waybill.drop_old_fixes(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.drop_old_fixes(integer, uuid) TO waybill_retention;
REVOKE ALL ON FUNCTION waybill.delete_off_trip_day(integer, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.delete_off_trip_day(integer, timestamptz, uuid) TO waybill_retention;
REVOKE ALL ON FUNCTION waybill.delete_old_rejects(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.delete_old_rejects(integer, uuid) TO waybill_retention;
REVOKE ALL ON FUNCTION waybill.retention_plan(integer, integer, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.retention_plan(integer, integer, integer, integer) TO waybill_retention;

-- Compresses the oldest day of fixes that ended more than 7 days ago and is not compressed yet: 'compressed', 'nothing',
-- 'not available' where TimescaleDB's licence is not `timescale` (Debian's package is the Apache edition), or 'too old'.
-- One day a call, because each is to be a transaction of its own: it locks that day against writing. True time, as above.
CREATE FUNCTION waybill.compress_oldest_fixes(event_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '5s' -- behind a long reader it gives up: whoever comes after it would wait for both
AS $$
DECLARE
    due record;
    sizes record;
BEGIN
    IF current_setting('timescaledb.license') <> 'timescale' THEN
        PERFORM waybill.refuse_unreadable_days();
        RETURN 'not available';
    END IF;
    -- Before 2.20.1 pg_restore cannot read back a compressed column of which a batch is all NULL (TimescaleDB pull request
    -- 8153; seen with 2.19.3), and ours are: a backup would be lost for what is compressed.
    IF (SELECT string_to_array(split_part(e.extversion, '-', 1), '.')::integer[] < '{2,20,1}'
        FROM pg_extension e WHERE e.extname = 'timescaledb') THEN
        RETURN 'too old';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('waybill.compress_oldest_fixes'));
    -- Not in a migration: the Apache edition refuses the statement, and an installation may change its edition.
    IF NOT (SELECT h.compression_enabled FROM timescaledb_information.hypertables h
            WHERE h.hypertable_schema = 'waybill' AND h.hypertable_name = 'fix') THEN
        ALTER TABLE waybill.fix SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
            timescaledb.compress_orderby = 'fixed_at, seq');
    END IF;
    SELECT format('%I.%I', c.chunk_schema, c.chunk_name)::regclass AS chunk, c.range_start, c.range_end INTO due
    FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'waybill' AND c.hypertable_name = 'fix' AND NOT c.is_compressed
        AND c.range_end <= clock_timestamp() - INTERVAL '7 days'
    ORDER BY c.range_start LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'nothing';
    END IF;
    PERFORM compress_chunk(due.chunk);
    SELECT s.before_compression_total_bytes AS before, s.after_compression_total_bytes AS after INTO sizes
    FROM chunk_compression_stats('waybill.fix') s
    WHERE format('%I.%I', s.chunk_schema, s.chunk_name)::regclass = due.chunk;
    INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, before,
        after)
    VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.compressed', 'fix', 'all',
        jsonb_build_object('bytes', sizes.before),
        jsonb_build_object('from_at', due.range_start, 'to_at', due.range_end, 'bytes', sizes.after));
    RETURN 'compressed';
END
$$;
REVOKE ALL ON FUNCTION waybill.compress_oldest_fixes(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.compress_oldest_fixes(uuid) TO waybill_retention;
