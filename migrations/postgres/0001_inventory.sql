-- The inventory of numbers.
--
-- Instants are microseconds since 1970-01-01T00:00:00Z, so that both databases keep and compare them alike
-- (for people: to_timestamp(checked_at / 1e6)). A number is its E.164 digits as an integer: 8 bytes in the row and in every key,
-- which matters at 60 million of them. Unique constraints are named table_columns_key on both databases.

CREATE TABLE orgs (
    name          TEXT COLLATE "C" NOT NULL,
    operator_code TEXT COLLATE "C" NOT NULL,
    nrn           TEXT COLLATE "C" NOT NULL,
    home_system   TEXT COLLATE "C" NOT NULL,
    tenant_id     BIGINT NOT NULL,
    bit           BIGINT NOT NULL,
    tier          BIGINT NOT NULL,
    CONSTRAINT orgs_name_key PRIMARY KEY (name)
);

-- checked_at first: the fixed-width columns together need no padding.
CREATE TABLE msisdns (
    msisdn      BIGINT NOT NULL,
    checked_at  BIGINT NOT NULL,
    org         TEXT COLLATE "C" NOT NULL,
    belongs_to  TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    from_org    TEXT COLLATE "C",
    from_system TEXT COLLATE "C",
    CONSTRAINT msisdns_msisdn_key PRIMARY KEY (msisdn),
    CONSTRAINT msisdns_org_fkey FOREIGN KEY (org) REFERENCES orgs (name),
    CONSTRAINT msisdns_status_check CHECK (status IN ('OK', 'Deleted', 'Migrating', 'Migrated')),
    CONSTRAINT msisdns_from_check CHECK ((from_org IS NULL) = (from_system IS NULL))
);

-- Every SIM a number has or had. slot 0 is the current one; the others only need to differ, so that one index answers
-- "the SIMs of this number" and guarantees at most one current SIM.
CREATE TABLE imsis (
    msisdn     BIGINT NOT NULL,
    slot       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    imsi       TEXT COLLATE "C" NOT NULL,
    segment    TEXT COLLATE "C" NOT NULL,
    CONSTRAINT imsis_imsi_key PRIMARY KEY (imsi),
    CONSTRAINT imsis_msisdn_slot_key UNIQUE (msisdn, slot),
    CONSTRAINT imsis_msisdn_fkey FOREIGN KEY (msisdn) REFERENCES msisdns (msisdn) ON DELETE CASCADE,
    CONSTRAINT imsis_segment_check CHECK (segment IN ('B2B', 'B2C'))
);

-- Tokens of the built-in Entitlement Server. expires_at NULL: never.
CREATE TABLE operator_tokens (
    msisdn     BIGINT NOT NULL,
    expires_at BIGINT,
    token      TEXT COLLATE "C" NOT NULL,
    CONSTRAINT operator_tokens_token_key PRIMARY KEY (token)
);

-- What a server must know of its database before it serves it.
CREATE TABLE settings (
    name  TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    CONSTRAINT settings_name_key PRIMARY KEY (name)
);
