-- Numbers 610000000 to 610999999 for masmovil, each with a SIM and every fourth with an earlier one, beside the demo data. Checked against
-- each other by their making, so without triggers.
SET session_replication_role = replica;
INSERT INTO msisdns (msisdn, checked_at, org, belongs_to, status)
SELECT 34610000000 + i, 1760000000000000, 'masmovil', 'mas-stack', 'OK' FROM generate_series(0, 999999) i;
INSERT INTO imsis (msisdn, slot, created_at, imsi, segment)
SELECT 34610000000 + i, 0, 1760000000000000, '21404' || lpad(i::text, 10, '0'), 'B2C' FROM generate_series(0, 999999) i;
INSERT INTO imsis (msisdn, slot, created_at, imsi, segment)
SELECT 34610000000 + i, 1, 1750000000000000, '21405' || lpad(i::text, 10, '0'), 'B2C' FROM generate_series(0, 999999, 4) i;
-- What the limit server writes: a number with its SIM in one row.
CREATE TABLE bench_numbers (
    msisdn     BIGINT PRIMARY KEY,
    imsi       TEXT NOT NULL,
    org        TEXT COLLATE "C" NOT NULL REFERENCES orgs (name),
    belongs_to TEXT NOT NULL,
    status     TEXT NOT NULL,
    checked_at BIGINT NOT NULL
);
VACUUM (ANALYZE);
CHECKPOINT;
