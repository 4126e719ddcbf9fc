-- What the reader sees of zones and of what was derived. `counts` says whether the row's version is the one that counts.
CREATE VIEW reading.zone WITH (security_barrier) AS
SELECT z.id, z.premises_id, z.name, z.kind, z.geometry, z.radius_m, lower(z.during) AS from_at, upper(z.during) AS to_at
FROM waybill.zone z
WHERE z.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.place WITH (security_barrier) AS
SELECT p.id, p.premises_id, p.name, p.kind, p.lat_e7, p.lon_e7, p.radius_m, lower(p.during) AS from_at,
    upper(p.during) AS to_at
FROM waybill.place p
WHERE p.premises_id = ANY (reading.visible_premises());
