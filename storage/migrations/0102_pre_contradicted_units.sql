-- A unit that contradicts what it said before is an exception too, and may belong to no trip.
ALTER TABLE waybill.exception DROP CONSTRAINT exception_kind_check;
ALTER TABLE waybill.exception ADD CONSTRAINT exception_kind_check CHECK (kind IN ('unexplained_stop', 'stop_not_permitted',
    'prohibited_place', 'left_state', 'contradicted'));
ALTER TABLE waybill.exception ALTER COLUMN trip_id DROP NOT NULL;
ALTER TABLE waybill.exception ADD COLUMN vehicle_id uuid REFERENCES waybill.vehicle; -- of what belongs to no trip
ALTER TABLE waybill.exception ADD CONSTRAINT exception_of_something CHECK ((trip_id IS NULL) = (vehicle_id IS NOT NULL));

CREATE OR REPLACE VIEW reading.exception WITH (security_barrier) AS
SELECT e.id, e.premises_id, e.kind, e.trip_id, t.trip_no, v.id AS vehicle_id, v.name AS vehicle_name, e.zone_id,
    z.name AS zone_name, lower(e.during) AS from_at, upper(e.during) AS to_at, e.lat_e7, e.lon_e7, e.rule, e.opened_at,
    e.closed_at, e.explanation, e.explained_by, e.withdrawn
FROM waybill.exception e
LEFT JOIN waybill.trip t ON t.id = e.trip_id
JOIN waybill.vehicle v ON v.id = coalesce(t.vehicle_id, e.vehicle_id)
LEFT JOIN waybill.zone z ON z.id = e.zone_id
WHERE e.premises_id = ANY (reading.visible_premises());
