-- Goods are delivered by bicycle and on foot too: what has no plate is a vehicle of a trip all the same.
ALTER TABLE waybill.vehicle DROP CONSTRAINT vehicle_kind_check, ADD CONSTRAINT vehicle_kind_check
    CHECK (kind IN ('car', 'van', 'truck', 'cargo_bike', 'bicycle', 'scooter', 'foot'));
