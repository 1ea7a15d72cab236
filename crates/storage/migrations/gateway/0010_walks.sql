-- A clock call that goes through a world: its process alone takes jobs of that gateway until the walk ends or its
-- lease (database time) has run out. The token rises with each walk.
CREATE TABLE world_walk (
    gateway_id BIGINT NOT NULL PRIMARY KEY REFERENCES gateway (id),
    token BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
);
