-- name: put_receipt
-- What a customer was given with the goods.
INSERT INTO waybill.receipt (handoff_id, premises_id, order_id, body, sha256, at, recorded_at)
VALUES (%(handoff_id)s, %(premises_id)s, %(order_id)s, %(body)s, %(sha256)s, %(at)s, %(recorded_at)s);

-- name: receipts_of_order
-- The receipts of an order, the newest first, each with the picture of its signature.
SELECT h.attempt_no, r.body, r.sha256, f.body
FROM waybill.receipt r JOIN waybill.handoff h ON h.id = r.handoff_id
LEFT JOIN waybill.handoff_file f ON f.handoff_id = r.handoff_id AND f.kind = 'signature'
WHERE r.order_id = %(order_id)s AND r.premises_id = %(premises_id)s
ORDER BY h.attempt_no DESC;
