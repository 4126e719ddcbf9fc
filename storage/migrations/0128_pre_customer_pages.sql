-- Customers' pages: the shop's number, what the customer wrote for the driver, and customers as authors.
ALTER TABLE waybill.premises ADD COLUMN phone text; -- that customers call

ALTER TABLE waybill.orders ADD COLUMN customer_note text CHECK (customer_note <> '');
ALTER TABLE waybill.orders ADD COLUMN customer_note_at timestamptz;
ALTER TABLE waybill.orders ADD CONSTRAINT orders_customer_note_is_dated
    CHECK ((customer_note IS NULL) OR (customer_note_at IS NOT NULL));

ALTER TABLE waybill.audit_event DROP CONSTRAINT audit_event_actor_kind_check;
ALTER TABLE waybill.audit_event ADD CONSTRAINT audit_event_actor_kind_check
    CHECK (actor_kind IN ('account', 'driver', 'device', 'system', 'order_system', 'customer'));
