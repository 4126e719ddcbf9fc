-- A trip that was cancelled an hour before its plan made a range that ends before it begins, and no fix off trip of its
-- day was ever deleted.
CREATE OR REPLACE FUNCTION waybill.kept_ranges(from_at timestamptz, to_at timestamptz)
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
