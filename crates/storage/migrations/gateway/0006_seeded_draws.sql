-- Transactions of a gateway whose ids were drawn from a seed, since its world was last reset.
CREATE TABLE seeded_draw (
  gateway_id BIGINT PRIMARY KEY,
  count BIGINT NOT NULL
);
