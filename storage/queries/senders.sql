-- name: registered_senders
-- Registered devices among the names given: their own, and PROTOCOL/ADDRESS of foreign senders.
SELECT d.name AS said, d.id, d.name, d.kind FROM waybill.device d WHERE d.name = ANY (%(names)s)
UNION ALL
SELECT f.protocol || '/' || f.address, d.id, d.name, d.kind
FROM unnest(%(protocols)s::text[], %(addresses)s::text[]) AS w (protocol, address)
JOIN waybill.foreign_sender f USING (protocol, address)
JOIN waybill.device d ON d.id = f.device_id;

-- name: put_foreign_sender
-- From now on what this sender reports is the device's.
INSERT INTO waybill.foreign_sender (protocol, address, device_id, token_hash, created_at)
VALUES (%(protocol)s, %(address)s, %(device_id)s, %(token_hash)s, %(created_at)s);

-- name: foreign_senders
-- Foreign senders with their devices' names.
SELECT f.protocol, f.address, d.name FROM waybill.foreign_sender f JOIN waybill.device d ON d.id = f.device_id
ORDER BY d.name, f.protocol, f.address;

-- name: change_token
-- A new token for a sender that comes by HTTP; its address when there is one.
UPDATE waybill.foreign_sender f SET token_hash = %(token_hash)s
FROM waybill.device d
WHERE d.id = f.device_id AND d.name = %(device)s AND f.protocol = %(protocol)s
RETURNING f.address;

-- name: revoke_tokens
-- The device's senders are let in by no token any more.
UPDATE waybill.foreign_sender SET token_hash = NULL WHERE device_id = %(device_id)s;

-- name: sender_by_token
-- Whose token it is.
SELECT f.address, d.name FROM waybill.foreign_sender f JOIN waybill.device d ON d.id = f.device_id
WHERE f.protocol = %(protocol)s AND f.token_hash = %(token_hash)s;

-- name: unknown_senders
-- Who reported and is not registered, the newest first.
SELECT protocol, address, first_seen_at, last_seen_at, reports, kept_bytes, lat_e7, lon_e7
FROM waybill.unknown_sender ORDER BY last_seen_at DESC, protocol, address;

-- name: count_unknown
-- Adds what strangers sent; one row for each pair given.
INSERT INTO waybill.unknown_sender AS u (protocol, address, first_seen_at, last_seen_at, reports, kept_bytes, lat_e7,
    lon_e7)
VALUES (%(protocol)s, %(address)s, %(at)s, %(at)s, %(reports)s, %(kept_bytes)s, %(lat_e7)s, %(lon_e7)s)
ON CONFLICT (protocol, address) DO UPDATE SET last_seen_at = excluded.last_seen_at,
    reports = u.reports + excluded.reports, kept_bytes = u.kept_bytes + excluded.kept_bytes,
    lat_e7 = coalesce(excluded.lat_e7, u.lat_e7), lon_e7 = coalesce(excluded.lon_e7, u.lon_e7);

-- name: forget_unknown
-- The sender is registered now.
DELETE FROM waybill.unknown_sender WHERE protocol = %(protocol)s AND address = %(address)s;
