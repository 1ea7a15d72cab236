-- Stored answers are encrypted from here on; those that lie here in clear are forgotten.
DELETE FROM idempotency;
