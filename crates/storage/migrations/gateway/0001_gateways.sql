-- Gateways (partners' tenants), their secrets, and the version that running processes watch.
CREATE TABLE gateway (
  id {{id}},
  name TEXT NOT NULL UNIQUE,
  mode TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE gateway_secret (
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  kind TEXT NOT NULL,
  sealed TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (gateway_id, kind)
);

CREATE TABLE setting_version (
  id BIGINT PRIMARY KEY,
  version BIGINT NOT NULL
);

INSERT INTO setting_version (id, version) VALUES (1, 0);

CREATE TABLE world_clock (
  gateway_id BIGINT PRIMARY KEY REFERENCES gateway (id),
  version BIGINT NOT NULL,
  state TEXT NOT NULL
);

CREATE TABLE logo (
  gateway_id BIGINT PRIMARY KEY REFERENCES gateway (id),
  png {{blob}} NOT NULL
);
