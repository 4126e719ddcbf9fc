-- name: miss_dead_client
-- The server ends this session, and its locks, half a minute after the client's machine is gone.
SELECT set_config('tcp_keepalives_idle', %(idle_s)s::text, false),
    set_config('tcp_keepalives_interval', %(every_s)s::text, false),
    set_config('tcp_keepalives_count', %(times)s::text, false),
    set_config('tcp_user_timeout', %(unanswered_ms)s::text, false);
