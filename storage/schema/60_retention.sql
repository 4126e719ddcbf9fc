-- Deleting what is too old and compressing what is old: two functions, the only rights of waybill_retention.
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

-- Drops whole days of fixes older than keep_days. The floor of 90 days is California's (4 CCR 15417); holds are
-- copied first. True time on purpose: a wrong clock must not delete a record.
CREATE FUNCTION waybill.drop_old_fixes(keep_days integer, event_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    cutoff timestamptz := date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => keep_days);
    held bigint;
    dropped integer;
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
    SELECT count(*) INTO dropped FROM drop_chunks('waybill.fix', older_than => cutoff);
    IF dropped > 0 THEN
        INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id, after)
        VALUES (event_id, clock_timestamp(), clock_timestamp(), 'system', 'retention', 'fixes.dropped', 'fix', 'all',
            jsonb_build_object('older_than', cutoff, 'chunks', dropped, 'copied_under_hold', held));
    END IF;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION waybill.refuse_unreadable_days() FROM PUBLIC;
REVOKE ALL ON FUNCTION waybill.drop_old_fixes(integer, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill.drop_old_fixes(integer, uuid) TO waybill_retention;

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
