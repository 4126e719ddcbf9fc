-- A trip that nobody saw leave is over, with the reason.
ALTER TABLE waybill.derivation ADD COLUMN unseen_at timestamptz; -- nobody saw it leave: over by then at the latest
ALTER TABLE waybill.derivation ADD COLUMN unseen_evidence jsonb;
ALTER TABLE waybill.derivation ADD COLUMN unseen_why text;

CREATE OR REPLACE VIEW reading.derivation WITH (security_barrier) AS
SELECT d.id, d.premises_id, d.trip_id, t.trip_no, d.vehicle_id, d.version, d.cause, d.policy_version, d.made_at,
    d.superseded_at, d.superseded_at IS NULL AS counts, d.final, d.fixes, d.departed_at, d.departed_evidence,
    d.returned_at, d.returned_evidence, d.unseen_at, d.unseen_evidence, d.unseen_why
FROM waybill.derivation d
JOIN waybill.trip t ON t.id = d.trip_id
WHERE d.premises_id = ANY (reading.visible_premises());
