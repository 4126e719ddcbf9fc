-- Devices that identify themselves by a certificate instead of a password.
ALTER TABLE waybill.device
    ADD COLUMN credential_kind text NOT NULL DEFAULT 'password'
        CHECK (credential_kind IN ('password', 'certificate')),
    ADD COLUMN certificate_no integer NOT NULL DEFAULT 0 CHECK (certificate_no >= 0),
    ADD COLUMN certificate_expires_at timestamptz;
