-- The registry of the Central Node, and the portabilities.

CREATE TABLE operators (
    id               INTEGER NOT NULL,
    network_operator TEXT NOT NULL,
    code             TEXT NOT NULL,
    name             TEXT NOT NULL,
    individual_quota TEXT NOT NULL,
    multiple_quota   INTEGER NOT NULL,
    change_quota     INTEGER NOT NULL,
    status           TEXT NOT NULL,
    status_date      INTEGER NOT NULL,
    backup           INTEGER NOT NULL,
    CONSTRAINT operators_code_key PRIMARY KEY (code),
    CONSTRAINT operators_id_key UNIQUE (id),
    CONSTRAINT operators_status_check CHECK (status IN ('ACTIVO', 'DESHABILITADO', 'ALTA_EXTRAORDINARIA')),
    CONSTRAINT operators_backup_check CHECK (backup IN (0, 1))
) STRICT;

CREATE TABLE nrn_ranges (
    operator TEXT NOT NULL,
    id       INTEGER NOT NULL,
    initial  INTEGER NOT NULL,
    final    INTEGER NOT NULL,
    CONSTRAINT nrn_ranges_operator_id_key PRIMARY KEY (operator, id),
    CONSTRAINT nrn_ranges_operator_fkey FOREIGN KEY (operator) REFERENCES operators (code) ON DELETE CASCADE
) STRICT;

CREATE TABLE msisdn_ranges (
    operator TEXT NOT NULL,
    id       INTEGER NOT NULL,
    initial  INTEGER NOT NULL,
    final    INTEGER NOT NULL,
    CONSTRAINT msisdn_ranges_operator_id_key PRIMARY KEY (operator, id),
    CONSTRAINT msisdn_ranges_operator_fkey FOREIGN KEY (operator) REFERENCES operators (code) ON DELETE CASCADE
) STRICT;

-- Holidays besides the national ones, as 2026-12-24.
CREATE TABLE holidays (
    day TEXT NOT NULL,
    CONSTRAINT holidays_day_key PRIMARY KEY (day)
) STRICT;

-- Numbers that have been ported: their operator of today, and the NRN of their last porting.
CREATE TABLE ported_numbers (
    msisdn   INTEGER NOT NULL,
    operator TEXT NOT NULL,
    nrn      TEXT NOT NULL,
    CONSTRAINT ported_numbers_msisdn_key PRIMARY KEY (msisdn)
) STRICT;

-- What a recipient asked for. digest: of the request's meaning, by which a repeat is told from another request.
-- subscriber: personal data, here and nowhere else. org NULL: an operator outside.
CREATE TABLE portability_requests (
    created_at         INTEGER NOT NULL,
    id                 TEXT NOT NULL,
    org                TEXT,
    contract_code      TEXT NOT NULL,
    digest             TEXT NOT NULL,
    external_reference TEXT,
    subscriber         TEXT,
    CONSTRAINT portability_requests_id_key PRIMARY KEY (id),
    CONSTRAINT portability_requests_org_contract_code_key UNIQUE (org, contract_code),
    CONSTRAINT portability_requests_org_fkey FOREIGN KEY (org) REFERENCES orgs (name)
) STRICT;

-- One number of one process, shared by both parties. recipient_org, donor_org NULL: an operator outside.
-- due_at: when time alone changes it next.
CREATE TABLE portings (
    msisdn             INTEGER NOT NULL,
    version            INTEGER NOT NULL,
    due_at             INTEGER,
    opens_at           INTEGER,
    registered_at      INTEGER,
    tv_start           INTEGER,
    tv_end             INTEGER,
    window_at          INTEGER,
    cancel_limit       INTEGER,
    chosen_window      INTEGER,
    reply_deadline     INTEGER,
    unsent_at          INTEGER,
    id                 TEXT NOT NULL,
    request_id         TEXT NOT NULL,
    process_id         TEXT,
    access_type        TEXT NOT NULL,
    contract_code      TEXT NOT NULL,
    icc_id             TEXT,
    nrn_receptor       TEXT NOT NULL,
    recipient_operator TEXT NOT NULL,
    recipient_org      TEXT,
    donor_operator     TEXT,
    donor_org          TEXT,
    state              TEXT NOT NULL,
    cause              TEXT,
    message_type       TEXT NOT NULL,
    silence            TEXT,
    unsent_answer      TEXT,
    CONSTRAINT portings_id_key PRIMARY KEY (id),
    CONSTRAINT portings_request_id_fkey FOREIGN KEY (request_id) REFERENCES portability_requests (id),
    CONSTRAINT portings_state_check CHECK (state IN ('AENV', 'ASOL', 'ACON', 'AREC', 'ACAN', 'APOR'))
) STRICT;

-- One active process per number: this index is what guarantees it.
CREATE UNIQUE INDEX portings_active_key ON portings (msisdn) WHERE state IN ('AENV', 'ASOL', 'ACON');
-- Many fall due at the same instant, for all windows are at the same hour: the number tells them apart, as in the order of batches.
CREATE INDEX portings_due_idx ON portings (due_at, msisdn) WHERE due_at IS NOT NULL;
CREATE INDEX portings_waiting_idx ON portings (due_at) WHERE state = 'AENV';
CREATE INDEX portings_recipient_due_idx ON portings (recipient_org, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX portings_donor_due_idx ON portings (donor_org, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX portings_process_idx ON portings (process_id) WHERE process_id IS NOT NULL;
CREATE INDEX portings_msisdn_idx ON portings (msisdn);
CREATE INDEX portings_request_idx ON portings (request_id);

-- A porting as one org sees it. number counts arrivals: the order of lists.
CREATE TABLE portabilities (
    number        INTEGER NOT NULL,
    recipient_rol INTEGER NOT NULL,
    id            TEXT NOT NULL,
    porting_id    TEXT NOT NULL,
    org           TEXT NOT NULL,
    CONSTRAINT portabilities_number_key PRIMARY KEY (number AUTOINCREMENT),
    CONSTRAINT portabilities_id_key UNIQUE (id),
    CONSTRAINT portabilities_porting_id_recipient_rol_key UNIQUE (porting_id, recipient_rol),
    CONSTRAINT portabilities_porting_id_fkey FOREIGN KEY (porting_id) REFERENCES portings (id),
    CONSTRAINT portabilities_org_fkey FOREIGN KEY (org) REFERENCES orgs (name),
    CONSTRAINT portabilities_recipient_rol_check CHECK (recipient_rol IN (0, 1))
) STRICT;

CREATE INDEX portabilities_org_number_idx ON portabilities (org, number);

-- What happened to a porting. notification_code: the nine digits of the Node's mailbox.
CREATE TABLE portability_events (
    notification_code INTEGER NOT NULL,
    at                INTEGER NOT NULL,
    porting_id        TEXT NOT NULL,
    id                TEXT NOT NULL,
    message_type      TEXT NOT NULL,
    cause             TEXT,
    CONSTRAINT portability_events_notification_code_key PRIMARY KEY (notification_code AUTOINCREMENT),
    CONSTRAINT portability_events_id_key UNIQUE (id),
    CONSTRAINT portability_events_porting_id_fkey FOREIGN KEY (porting_id) REFERENCES portings (id)
) STRICT;

INSERT INTO sqlite_sequence (name, seq) VALUES ('portability_events', 100000000);

CREATE INDEX portability_events_porting_idx ON portability_events (porting_id, notification_code);

-- Counters: the sequence of a process id's first 18 characters, the requests of an operator's day.
CREATE TABLE counters (
    name  TEXT NOT NULL,
    value INTEGER NOT NULL,
    CONSTRAINT counters_name_key PRIMARY KEY (name)
) STRICT;
