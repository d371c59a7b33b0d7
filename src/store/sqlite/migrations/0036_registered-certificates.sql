-- Certificates that were registered for log-in alone end like others: they stand in the same list, and their owners are warned. `warned`: days
-- before the end of the last warning.
ALTER TABLE client_certificate ADD COLUMN warned INTEGER;
CREATE INDEX client_certificate_end ON client_certificate (not_after, fingerprint);
