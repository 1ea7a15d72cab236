-- Pictures of orders, fetched from their partner's address and written anew. No picture: not fetched yet, or in vain.
CREATE TABLE order_logo (
  id {{id}},
  gateway_id BIGINT NOT NULL REFERENCES gateway (id),
  url_hash TEXT NOT NULL,
  url TEXT NOT NULL,
  wanted_at BIGINT NOT NULL,
  fetched_at BIGINT,
  name TEXT,
  png {{blob}},
  UNIQUE (gateway_id, url_hash)
);

CREATE INDEX order_logo_by_name ON order_logo (name) WHERE name IS NOT NULL;
CREATE INDEX order_logo_by_age ON order_logo (wanted_at);
