-- Batches and orders, stored before the broker hears of them; holdings snapshots; webhook deliveries.
CREATE TABLE batch (
  id {{id}},
  public_id TEXT NOT NULL UNIQUE,
  txn_id BIGINT NOT NULL UNIQUE REFERENCES txn (id),
  investor_id BIGINT NOT NULL REFERENCES investor (id),
  broker_session_id BIGINT NOT NULL REFERENCES broker_session (id),
  broker TEXT NOT NULL,
  variety TEXT NOT NULL,
  placed_event BIGINT NOT NULL,
  completed_at BIGINT,
  place_before BIGINT NOT NULL,
  shown TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE broker_order (
  id {{id}},
  batch_id BIGINT NOT NULL REFERENCES batch (id),
  line BIGINT NOT NULL,
  reference TEXT NOT NULL UNIQUE,
  ticker TEXT NOT NULL,
  isin TEXT NOT NULL,
  side TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  order_type TEXT NOT NULL,
  price BIGINT,
  validity TEXT NOT NULL,
  variety TEXT NOT NULL,
  state TEXT NOT NULL,
  filled BIGINT NOT NULL,
  average_price BIGINT NOT NULL,
  broker_order_id TEXT,
  exchange_order_id TEXT,
  order_timestamp BIGINT,
  error_code TEXT,
  status_message TEXT,
  evidence TEXT NOT NULL,
  as_of BIGINT NOT NULL,
  UNIQUE (batch_id, line)
);

CREATE TABLE holdings_snapshot (
  investor_id BIGINT PRIMARY KEY REFERENCES investor (id),
  data TEXT NOT NULL,
  notes TEXT,
  snapshot_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  refresh_started_at BIGINT
);

CREATE TABLE delivery (
  id {{id}},
  public_id TEXT NOT NULL UNIQUE,
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  txn_id BIGINT REFERENCES txn (id),
  event_type TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  first_attempt_at BIGINT,
  last_attempt_at BIGINT,
  created_at BIGINT NOT NULL
);

CREATE INDEX delivery_by_txn ON delivery (txn_id, id);

CREATE TABLE delivery_attempt (
  delivery_id BIGINT NOT NULL REFERENCES delivery (id),
  attempt BIGINT NOT NULL,
  at BIGINT NOT NULL,
  status BIGINT,
  error TEXT,
  duration_ms BIGINT NOT NULL,
  PRIMARY KEY (delivery_id, attempt)
);
