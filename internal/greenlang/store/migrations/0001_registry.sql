-- Customers, agents and runs. Identifiers sort by byte, everywhere alike, so that keyset cursors mean the same on every server.
CREATE TABLE customers (
    id          text COLLATE "C" PRIMARY KEY,
    tenant      text COLLATE "C" NOT NULL UNIQUE,
    plan        text NOT NULL CHECK (plan IN ('free', 'team', 'business', 'enterprise')),
    home_region text NOT NULL CHECK (home_region IN ('us-east-1', 'eu-west-1', 'ap-southeast-1')),
    cell        smallint NOT NULL CHECK (cell BETWEEN 0 AND 11),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE agents (
    name       text COLLATE "C" NOT NULL,
    version    text COLLATE "C" NOT NULL,
    owner      text NOT NULL,
    lifecycle  text NOT NULL CHECK (lifecycle IN ('draft', 'experimental', 'certified', 'deprecated')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, version)
);

CREATE TABLE runs (
    id          uuid PRIMARY KEY,
    key         text COLLATE "C" NOT NULL UNIQUE,
    fingerprint bytea NOT NULL,
    customer    text COLLATE "C" NOT NULL REFERENCES customers (id),
    agent       text COLLATE "C" NOT NULL,
    version     text COLLATE "C" NOT NULL,
    parameters  jsonb,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    replays     integer NOT NULL DEFAULT 0, -- answers given again; counting them is also what makes them safe to give
    FOREIGN KEY (agent, version) REFERENCES agents (name, version)
);
CREATE INDEX runs_by_time ON runs (created_at DESC, id DESC);
CREATE INDEX runs_by_customer ON runs (customer, created_at DESC, id DESC);

CREATE TABLE settings (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);
