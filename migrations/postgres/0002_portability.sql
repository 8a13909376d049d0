-- The registry of the Central Node, and the portabilities.

CREATE TABLE operators (
    id               BIGINT NOT NULL,
    network_operator TEXT COLLATE "C" NOT NULL,
    code             TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    individual_quota TEXT COLLATE "C" NOT NULL,
    multiple_quota   BIGINT NOT NULL,
    change_quota     BIGINT NOT NULL,
    status           TEXT COLLATE "C" NOT NULL,
    status_date      BIGINT NOT NULL,
    backup           BIGINT NOT NULL,
    CONSTRAINT operators_code_key PRIMARY KEY (code),
    CONSTRAINT operators_id_key UNIQUE (id),
    CONSTRAINT operators_status_check CHECK (status IN ('ACTIVO', 'DESHABILITADO', 'ALTA_EXTRAORDINARIA')),
    CONSTRAINT operators_backup_check CHECK (backup IN (0, 1))
);

CREATE TABLE nrn_ranges (
    operator TEXT COLLATE "C" NOT NULL,
    id       BIGINT NOT NULL,
    initial  BIGINT NOT NULL,
    final    BIGINT NOT NULL,
    CONSTRAINT nrn_ranges_operator_id_key PRIMARY KEY (operator, id),
    CONSTRAINT nrn_ranges_operator_fkey FOREIGN KEY (operator) REFERENCES operators (code) ON DELETE CASCADE
);

CREATE TABLE msisdn_ranges (
    operator TEXT COLLATE "C" NOT NULL,
    id       BIGINT NOT NULL,
    initial  BIGINT NOT NULL,
    final    BIGINT NOT NULL,
    CONSTRAINT msisdn_ranges_operator_id_key PRIMARY KEY (operator, id),
    CONSTRAINT msisdn_ranges_operator_fkey FOREIGN KEY (operator) REFERENCES operators (code) ON DELETE CASCADE
);

-- Holidays besides the national ones, as 2026-12-24.
CREATE TABLE holidays (
    day TEXT COLLATE "C" NOT NULL,
    CONSTRAINT holidays_day_key PRIMARY KEY (day)
);

-- Numbers that have been ported: their operator of today, and the NRN of their last porting.
CREATE TABLE ported_numbers (
    msisdn   BIGINT NOT NULL,
    operator TEXT COLLATE "C" NOT NULL,
    nrn      TEXT COLLATE "C" NOT NULL,
    CONSTRAINT ported_numbers_msisdn_key PRIMARY KEY (msisdn)
);

-- What a recipient asked for. digest: of the request's meaning, by which a repeat is told from another request.
-- subscriber: personal data, here and nowhere else. org NULL: an operator outside.
CREATE TABLE portability_requests (
    created_at         BIGINT NOT NULL,
    id                 TEXT COLLATE "C" NOT NULL,
    org                TEXT COLLATE "C",
    contract_code      TEXT COLLATE "C" NOT NULL,
    digest             TEXT COLLATE "C" NOT NULL,
    external_reference TEXT COLLATE "C",
    subscriber         TEXT,
    CONSTRAINT portability_requests_id_key PRIMARY KEY (id),
    CONSTRAINT portability_requests_org_contract_code_key UNIQUE (org, contract_code),
    CONSTRAINT portability_requests_org_fkey FOREIGN KEY (org) REFERENCES orgs (name)
);

-- One number of one process, shared by both parties. recipient_org, donor_org NULL: an operator outside.
-- due_at: when time alone changes it next.
CREATE TABLE portings (
    msisdn             BIGINT NOT NULL,
    version            BIGINT NOT NULL,
    due_at             BIGINT,
    opens_at           BIGINT,
    registered_at      BIGINT,
    tv_start           BIGINT,
    tv_end             BIGINT,
    window_at          BIGINT,
    cancel_limit       BIGINT,
    chosen_window      BIGINT,
    reply_deadline     BIGINT,
    unsent_at          BIGINT,
    id                 TEXT COLLATE "C" NOT NULL,
    request_id         TEXT COLLATE "C" NOT NULL,
    process_id         TEXT COLLATE "C",
    access_type        TEXT COLLATE "C" NOT NULL,
    contract_code      TEXT COLLATE "C" NOT NULL,
    icc_id             TEXT COLLATE "C",
    nrn_receptor       TEXT COLLATE "C" NOT NULL,
    recipient_operator TEXT COLLATE "C" NOT NULL,
    recipient_org      TEXT COLLATE "C",
    donor_operator     TEXT COLLATE "C",
    donor_org          TEXT COLLATE "C",
    state              TEXT COLLATE "C" NOT NULL,
    cause              TEXT COLLATE "C",
    message_type       TEXT COLLATE "C" NOT NULL,
    silence            TEXT COLLATE "C",
    unsent_answer      TEXT COLLATE "C",
    CONSTRAINT portings_id_key PRIMARY KEY (id),
    CONSTRAINT portings_request_id_fkey FOREIGN KEY (request_id) REFERENCES portability_requests (id),
    CONSTRAINT portings_state_check CHECK (state IN ('AENV', 'ASOL', 'ACON', 'AREC', 'ACAN', 'APOR'))
);

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
    number        BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    recipient_rol BIGINT NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    porting_id    TEXT COLLATE "C" NOT NULL,
    org           TEXT COLLATE "C" NOT NULL,
    CONSTRAINT portabilities_number_key PRIMARY KEY (number),
    CONSTRAINT portabilities_id_key UNIQUE (id),
    CONSTRAINT portabilities_porting_id_recipient_rol_key UNIQUE (porting_id, recipient_rol),
    CONSTRAINT portabilities_porting_id_fkey FOREIGN KEY (porting_id) REFERENCES portings (id),
    CONSTRAINT portabilities_org_fkey FOREIGN KEY (org) REFERENCES orgs (name),
    CONSTRAINT portabilities_recipient_rol_check CHECK (recipient_rol IN (0, 1))
);

CREATE INDEX portabilities_org_number_idx ON portabilities (org, number);

-- What happened to a porting. notification_code: the nine digits of the Node's mailbox.
CREATE TABLE portability_events (
    notification_code BIGINT NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100000001),
    at                BIGINT NOT NULL,
    porting_id        TEXT COLLATE "C" NOT NULL,
    id                TEXT COLLATE "C" NOT NULL,
    message_type      TEXT COLLATE "C" NOT NULL,
    cause             TEXT COLLATE "C",
    CONSTRAINT portability_events_notification_code_key PRIMARY KEY (notification_code),
    CONSTRAINT portability_events_id_key UNIQUE (id),
    CONSTRAINT portability_events_porting_id_fkey FOREIGN KEY (porting_id) REFERENCES portings (id)
);

CREATE INDEX portability_events_porting_idx ON portability_events (porting_id, notification_code);

-- Counters: the sequence of a process id's first 18 characters, the requests of an operator's day.
CREATE TABLE counters (
    name  TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT counters_name_key PRIMARY KEY (name)
);
