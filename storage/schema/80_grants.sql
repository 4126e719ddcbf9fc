-- Rights, last, when everything exists.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA waybill TO waybill_gateway;
REVOKE UPDATE, DELETE ON waybill.fix, waybill.held_fix, waybill.reject, waybill.replayed_reject FROM waybill_gateway;
-- A hold is released, never deleted; what retention did only retention says.
REVOKE UPDATE, DELETE ON waybill.legal_hold FROM waybill_gateway;
GRANT UPDATE (released_at) ON waybill.legal_hold TO waybill_gateway;
REVOKE INSERT, UPDATE, DELETE ON waybill.off_trip_day, waybill.retention_run, waybill.feed_offset, waybill.kept_fix
    FROM waybill_gateway;
-- Old plans are not rewritten.
REVOKE UPDATE, DELETE ON waybill.trip_change, waybill.profile_version, waybill.ledger_movement FROM waybill_gateway;
REVOKE UPDATE, DELETE ON waybill.handoff, waybill.handoff_file, waybill.check_in, waybill.receipt FROM waybill_gateway;
REVOKE UPDATE, DELETE ON waybill.trip_return FROM waybill_gateway;
GRANT UPDATE (acknowledged_at, acknowledged_by) ON waybill.check_in TO waybill_gateway;
REVOKE UPDATE, DELETE ON waybill.witness FROM waybill_gateway;
-- Whose link it was and until when is not rewritten.
REVOKE UPDATE, DELETE ON waybill.shift_link FROM waybill_gateway;
GRANT UPDATE (opened_at, phone_digest, browser, seen_at, ended_at, ended_by, end_reason) ON waybill.shift_link
    TO waybill_gateway;
REVOKE INSERT, UPDATE, DELETE ON waybill.ledger FROM waybill_gateway;
REVOKE ALL ON waybill.audit_event FROM waybill_gateway;
GRANT SELECT, INSERT ON waybill.audit_event TO waybill_gateway;
GRANT SELECT ON ALL TABLES IN SCHEMA reading TO waybill_reader, waybill_gateway;
