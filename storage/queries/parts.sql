-- name: put_part
-- A process's sign of life.
INSERT INTO waybill.part AS p (name, version, pid, host, started_at, seen_at, counters)
VALUES (%(name)s, %(version)s, %(pid)s, %(host)s, %(started_at)s, %(seen_at)s, %(counters)s)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, pid = excluded.pid, host = excluded.host,
    started_at = excluded.started_at, seen_at = excluded.seen_at, counters = excluded.counters;

-- name: parts
-- Every process that ever gave a sign of life, newest first.
SELECT name, version, pid, host, started_at, seen_at, counters FROM waybill.part ORDER BY seen_at DESC;
