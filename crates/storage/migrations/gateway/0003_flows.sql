-- The browser side: SDK sessions, flows, one-time handles, broker sessions.
CREATE TABLE sdk_session (
  id {{id}},
  hash TEXT NOT NULL UNIQUE,
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  origin TEXT NOT NULL,
  auth_id TEXT,
  expires_at BIGINT NOT NULL
);

CREATE TABLE broker_session (
  id {{id}},
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  investor_id BIGINT NOT NULL REFERENCES investor (id),
  broker TEXT NOT NULL,
  sealed TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  cookie_hash TEXT,
  ended_at BIGINT,
  created_at BIGINT NOT NULL
);

CREATE INDEX broker_session_by_investor ON broker_session (investor_id, id);
CREATE UNIQUE INDEX broker_session_by_cookie ON broker_session (cookie_hash) WHERE cookie_hash IS NOT NULL;

CREATE TABLE flow (
  id {{id}},
  public_id TEXT NOT NULL UNIQUE,
  txn_id BIGINT NOT NULL UNIQUE REFERENCES txn (id),
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  sdk_session_id BIGINT REFERENCES sdk_session (id),
  cookie_hash TEXT,
  nonce TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  seen_at BIGINT,
  gone_at BIGINT,
  closed_at BIGINT,
  created_at BIGINT NOT NULL
);

CREATE TABLE flow_handle (
  hash TEXT PRIMARY KEY,
  flow_id BIGINT NOT NULL REFERENCES flow (id),
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);

CREATE INDEX flow_handle_by_flow ON flow_handle (flow_id);
