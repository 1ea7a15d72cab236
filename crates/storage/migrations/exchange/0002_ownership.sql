-- One process owns a world at a time. The token rises at each take-over and every append carries it, so that an
-- owner that was taken for dead is refused. The lease (database time) only says how long others wait.
ALTER TABLE world ADD COLUMN token BIGINT NOT NULL DEFAULT 0;
ALTER TABLE world ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;

-- What other processes ask of a world's owner. An answer is written in the commit of the events that it rests on.
CREATE TABLE world_command (
    id {{id}},
    world_id BIGINT NOT NULL REFERENCES world (id),
    key TEXT NOT NULL UNIQUE,
    world_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    answer TEXT
);
CREATE INDEX world_command_open ON world_command (world_id, id) WHERE answer IS NULL;
CREATE INDEX world_command_answered ON world_command (world_id, id) WHERE answer IS NOT NULL;
