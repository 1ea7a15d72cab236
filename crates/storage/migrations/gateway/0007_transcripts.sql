-- The transcript of a sandbox world: the events of two logs, numbered once. A line refers to the exchange's log
-- (txn_id 0, the event's number in the world's epoch) or to a transaction's (its key, the event's number).
--
-- generation rises with each reset, so that nobody adds to a transcript that began anew meanwhile. epoch is the
-- exchange's; 0 until the first line.
CREATE TABLE transcript (
  gateway_id BIGINT PRIMARY KEY,
  generation BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  exchange_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL
);

CREATE TABLE transcript_line (
  gateway_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  txn_id BIGINT NOT NULL,
  source_seq BIGINT NOT NULL,
  PRIMARY KEY (gateway_id, seq),
  UNIQUE (gateway_id, txn_id, source_seq)
);

-- Number of the last event of a transaction that has its place in the transcript, or had it in an earlier one.
ALTER TABLE txn ADD COLUMN sealed_seq BIGINT NOT NULL DEFAULT 0;

CREATE INDEX txn_by_gateway ON txn (gateway_id, id);
