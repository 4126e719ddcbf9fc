-- An account may be that of somebody who drives; a transfer keeps who recorded each crew's word, and why for them.
ALTER TABLE waybill.account ADD COLUMN driver_id uuid REFERENCES waybill.driver; -- NULL: no driver's
ALTER TABLE waybill.transfer ADD COLUMN given_recorded_by text; -- "account aino"
ALTER TABLE waybill.transfer ADD COLUMN given_reason text; -- NULL: it was the crew member's own word
ALTER TABLE waybill.transfer ADD COLUMN taken_recorded_by text;
ALTER TABLE waybill.transfer ADD COLUMN taken_reason text;
