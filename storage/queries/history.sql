-- name: history_extent
-- What there is of a vehicle at all, and from-to: first and last fix, how many refused by which rule.
SELECT refused_by, count(*), min(fixed_at), max(fixed_at),
    count(*) FILTER (WHERE fixed_at >= %(from_at)s AND fixed_at < %(to_at)s)
FROM reading.vehicle_fix WHERE vehicle_name = %(vehicle)s
GROUP BY refused_by ORDER BY refused_by NULLS FIRST;
