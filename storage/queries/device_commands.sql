-- name: put_device_command
-- What a device is to do from now on.
INSERT INTO waybill.device_command (id, device_id, settings, created_at)
VALUES (%(id)s, %(device_id)s, %(settings)s, %(created_at)s);

-- name: newest_device_commands
-- The newest command of each device that ever had one, and what the device says of it. For one device, or all (NULL).
SELECT DISTINCT ON (c.device_id) c.id, d.name, c.settings, c.created_at, st.body ->> 'applied',
    st.body -> 'refused' ->> 'id', st.body -> 'refused' ->> 'field', st.body -> 'refused' ->> 'why'
FROM waybill.device_command c
JOIN waybill.device d ON d.id = c.device_id
LEFT JOIN waybill.device_status st ON st.device_id = c.device_id
WHERE %(device_id)s::integer IS NULL OR c.device_id = %(device_id)s
ORDER BY c.device_id, c.created_at DESC, c.id DESC;

-- name: lock_device
-- Keeps others from commanding the same device until the end of the transaction.
SELECT 1 FROM waybill.device WHERE id = %(device_id)s FOR NO KEY UPDATE;
