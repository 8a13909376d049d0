-- Who changed what; a line for each number that an operation changed. number counts arrivals.
-- org, msisdn NULL: a command of the program, for many at once. Nothing refers to anything, for lines outlive what they tell of.
CREATE TABLE audit (
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    msisdn     INTEGER,
    operation  TEXT NOT NULL,
    org        TEXT,
    process_id TEXT,
    subject    TEXT,
    request_id TEXT,
    CONSTRAINT audit_number_key PRIMARY KEY (number AUTOINCREMENT)
) STRICT;

CREATE INDEX audit_at_idx ON audit (at, number);
CREATE INDEX audit_msisdn_idx ON audit (msisdn, at, number);

-- Lines are only ever added. A mock, which begins again with other data, begins with an empty audit.
CREATE TRIGGER audit_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit WHEN EXISTS (SELECT 1 FROM settings WHERE name = 'mode' AND value = 'reference')
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;

-- Whose personal data are still there, by age.
CREATE INDEX portability_requests_subscriber_idx ON portability_requests (created_at) WHERE subscriber IS NOT NULL;
