-- A world is what one sandbox gateway trades in. (epoch, seq) names its newest event: the epoch rises with
-- each reset, seq counts the events of an epoch from 1.
CREATE TABLE world (
    id {{id}},
    name TEXT NOT NULL UNIQUE,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL
);

-- The log is the truth: the state of a world is what these add up to.
CREATE TABLE world_event (
    world_id BIGINT NOT NULL REFERENCES world (id),
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (world_id, epoch, seq)
);

-- A snapshot saves reading the log from its start; it can be thrown away.
CREATE TABLE world_snapshot (
    world_id BIGINT NOT NULL PRIMARY KEY REFERENCES world (id),
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL
);
