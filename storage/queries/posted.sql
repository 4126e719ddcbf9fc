-- name: put_posted
-- A message for the gateway that did not come by the broker.
INSERT INTO waybill.posted (topic, payload, received_at, spool, seq)
VALUES (%(topic)s, %(payload)s, %(received_at)s, %(spool)s, %(seq)s);

-- name: posted
-- The oldest messages that wait.
SELECT id, topic, payload, received_at, spool, seq FROM waybill.posted ORDER BY id LIMIT %(limit)s;

-- name: delete_posted
-- They are stored.
DELETE FROM waybill.posted WHERE id = ANY (%(ids)s);

-- name: posted_waiting
-- How many wait, up to a limit beyond which nobody wants to know.
SELECT count(*) FROM (SELECT 1 FROM waybill.posted LIMIT %(limit)s) w;
