-- What staff see of alerts and messages on screen.
CREATE VIEW reading.alert WITH (security_barrier) AS
SELECT a.id, a.premises_id, a.kind, a.subject, a.says, a.order_id, o.order_no, a.trip_id, t.trip_no, a.vehicle_id,
    v.name AS vehicle_name, a.began_at, a.raised_at, a.ended_at, a.ended_how, a.acknowledged_at, a.acknowledged_by, a.note
FROM waybill.alert a
LEFT JOIN waybill.orders o ON o.id = a.order_id
LEFT JOIN waybill.trip t ON t.id = a.trip_id
LEFT JOIN waybill.vehicle v ON v.id = a.vehicle_id
WHERE a.premises_id = ANY (reading.visible_premises());

CREATE VIEW reading.message WITH (security_barrier) AS
SELECT m.id, m.premises_id, m.audience, m.kind, m.order_id, m.alert_id, m.channel, m.recipient, m.correction, m.subject,
    m.body, m.at, m.created_at, m.next_at, m.attempts, m.outcome, m.because, m.ended_at
FROM waybill.message m
WHERE m.premises_id = ANY (reading.visible_premises());
