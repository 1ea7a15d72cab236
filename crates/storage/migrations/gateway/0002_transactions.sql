-- Investors (one per gateway and broker account), transactions, their event log, stored answers, jobs.
--
-- txn, event, idempotency and job carry no foreign keys: every creation writes them, and on PostgreSQL the check of
-- a key reads the newest page of the parent's index, into which every other creation writes, so that serializable
-- transactions that have nothing to do with each other would conflict. Their rows are only written together.
CREATE TABLE investor (
  id {{id}},
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  auth_id TEXT NOT NULL,
  broker TEXT NOT NULL,
  account_hash TEXT NOT NULL,
  account_masked TEXT NOT NULL,
  holdings_consent_at BIGINT,
  created_at BIGINT NOT NULL,
  UNIQUE (gateway_id, auth_id),
  UNIQUE (gateway_id, broker, account_hash)
);

CREATE TABLE txn (
  id {{id}},
  gateway_id BIGINT NOT NULL,
  public_id TEXT NOT NULL UNIQUE,
  intent TEXT NOT NULL,
  status TEXT NOT NULL,
  principal TEXT,
  investor_id BIGINT,
  signup BIGINT NOT NULL,
  notes TEXT,
  error_code BIGINT,
  result TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  expire_at BIGINT NOT NULL,
  processing_since BIGINT,
  ended_since BIGINT,
  event_seq BIGINT NOT NULL,
  webhook_seq BIGINT NOT NULL
);

CREATE INDEX txn_by_investor ON txn (investor_id, id) WHERE investor_id IS NOT NULL;

CREATE TABLE event (
  txn_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  type TEXT NOT NULL,
  at BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (txn_id, seq)
);

CREATE TABLE idempotency (
  gateway_id BIGINT NOT NULL,
  idem_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status BIGINT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (gateway_id, idem_key)
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE job (
  id {{id}},
  gateway_id BIGINT NOT NULL,
  domain TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  lease_token BIGINT NOT NULL,
  UNIQUE (subject, kind)
);

CREATE INDEX job_by_due ON job (domain, gateway_id, due_at, id);
