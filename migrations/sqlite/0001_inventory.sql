-- The inventory of numbers.
--
-- Instants are microseconds since 1970-01-01T00:00:00Z, so that both databases keep and compare them alike
-- (for people: datetime(checked_at / 1000000, 'unixepoch')). A number is its E.164 digits as an integer: 8 bytes in the row and in every key,
-- which matters at 60 million of them. Unique constraints are named table_columns_key on both databases.

CREATE TABLE orgs (
    name          TEXT NOT NULL,
    operator_code TEXT NOT NULL,
    nrn           TEXT NOT NULL,
    home_system   TEXT NOT NULL,
    tenant_id     INTEGER NOT NULL,
    bit           INTEGER NOT NULL,
    tier          INTEGER NOT NULL,
    CONSTRAINT orgs_name_key PRIMARY KEY (name)
) STRICT;

-- The order of columns is that of the other database.
CREATE TABLE msisdns (
    msisdn      INTEGER NOT NULL,
    checked_at  INTEGER NOT NULL,
    org         TEXT NOT NULL,
    belongs_to  TEXT NOT NULL,
    status      TEXT NOT NULL,
    from_org    TEXT,
    from_system TEXT,
    CONSTRAINT msisdns_msisdn_key PRIMARY KEY (msisdn),
    CONSTRAINT msisdns_org_fkey FOREIGN KEY (org) REFERENCES orgs (name),
    CONSTRAINT msisdns_status_check CHECK (status IN ('OK', 'Deleted', 'Migrating', 'Migrated')),
    CONSTRAINT msisdns_from_check CHECK ((from_org IS NULL) = (from_system IS NULL))
) STRICT;

-- Every SIM a number has or had. slot 0 is the current one; the others only need to differ, so that one index answers
-- "the SIMs of this number" and guarantees at most one current SIM.
CREATE TABLE imsis (
    msisdn     INTEGER NOT NULL,
    slot       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    imsi       TEXT NOT NULL,
    segment    TEXT NOT NULL,
    CONSTRAINT imsis_imsi_key PRIMARY KEY (imsi),
    CONSTRAINT imsis_msisdn_slot_key UNIQUE (msisdn, slot),
    CONSTRAINT imsis_msisdn_fkey FOREIGN KEY (msisdn) REFERENCES msisdns (msisdn) ON DELETE CASCADE,
    CONSTRAINT imsis_segment_check CHECK (segment IN ('B2B', 'B2C'))
) STRICT;

-- Tokens of the built-in Entitlement Server. expires_at NULL: never.
CREATE TABLE operator_tokens (
    msisdn     INTEGER NOT NULL,
    expires_at INTEGER,
    token      TEXT NOT NULL,
    CONSTRAINT operator_tokens_token_key PRIMARY KEY (token)
) STRICT;

-- What a server must know of its database before it serves it.
CREATE TABLE settings (
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT settings_name_key PRIMARY KEY (name)
) STRICT;
