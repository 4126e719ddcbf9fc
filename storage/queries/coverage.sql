-- name: fix_numbers
-- The number of every stored fix of a spool.
SELECT f.seq
FROM waybill.fix f
JOIN waybill.device d ON d.id = f.device_id
JOIN waybill.spool s ON s.id = f.spool_id
WHERE d.name = %(device)s AND s.name = %(spool)s;

-- name: reject_numbers
-- The number of every reject of a spool that names one.
SELECT r.seq FROM waybill.reject r WHERE r.device_name = %(device)s AND r.spool = %(spool)s AND r.seq IS NOT NULL;

-- name: progress_ranges
-- What the receipts of a spool say, as closed ranges.
SELECT lower(part), upper(part) - 1
FROM waybill.device_progress p
JOIN waybill.spool s ON s.id = p.spool_id
JOIN waybill.device d ON d.id = p.device_id
CROSS JOIN LATERAL unnest(p.seqs) AS part
WHERE d.name = %(device)s AND s.name = %(spool)s;
