-- A restored database counts its transactions anew: the feed's places go on beyond all that were ever given.
CREATE TABLE waybill.feed_offset (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    places bigint NOT NULL CHECK (places > 0)
);

CREATE FUNCTION waybill.feed_place(transaction_id xid8) RETURNS xid8 STABLE LANGUAGE sql AS $$
    SELECT (transaction_id::text::bigint + coalesce((SELECT o.places FROM waybill.feed_offset o), 0))::text::xid8
$$;

ALTER TABLE waybill.event ALTER COLUMN written_by SET DEFAULT waybill.feed_place(pg_current_xact_id());

GRANT SELECT ON waybill.feed_offset TO waybill_gateway;
