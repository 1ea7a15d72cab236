-- Who may act in a world over the exchange's own HTTP interface: programs with a key, and the logins of users at them.
-- The secret is sealed, because checksums and signatures are made of its text.
CREATE TABLE access_app (
    id {{id}},
    api_key TEXT NOT NULL UNIQUE,
    world TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    redirect_url TEXT NOT NULL,
    postback_url TEXT,
    is_limited BIGINT NOT NULL,
    is_command_line BIGINT NOT NULL
);
CREATE UNIQUE INDEX access_app_command_line ON access_app (world) WHERE is_command_line = 1;

-- Tokens are stored as their SHA-256. They end at an instant of world time.
CREATE TABLE access_token (
    id {{id}},
    hash TEXT NOT NULL UNIQUE,
    kind BIGINT NOT NULL,
    app_id BIGINT NOT NULL REFERENCES access_app (id),
    account TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX access_token_of_app ON access_token (app_id, expires_at);

-- The clock of a world, as its gateway last told it to an exchange that runs as a process of its own.
CREATE TABLE world_clock (
    world TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);
