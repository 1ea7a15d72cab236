-- A flow cookie ends after two hours of wall time, whatever the browser thinks.
ALTER TABLE flow ADD COLUMN cookie_expires_at BIGINT;
UPDATE flow SET cookie_expires_at = created_at + 7200000 WHERE cookie_hash IS NOT NULL;
