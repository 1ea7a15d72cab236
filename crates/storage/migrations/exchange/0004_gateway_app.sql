-- The app through which a gateway itself reaches its world; a world has one at most.
ALTER TABLE access_app ADD COLUMN is_gateway BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX access_app_gateway ON access_app (world) WHERE is_gateway = 1;
