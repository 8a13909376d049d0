-- What time alone will make of a porting: at due_at, and after that at then_at. So a list shows it without waiting for it to be written.
-- Nothing is foreseen of what waits for the Central Node (AENV), which decides.
ALTER TABLE portings ADD COLUMN due_state TEXT COLLATE "C";
ALTER TABLE portings ADD COLUMN due_cause TEXT COLLATE "C";
ALTER TABLE portings ADD COLUMN due_message_type TEXT COLLATE "C";
ALTER TABLE portings ADD COLUMN then_at BIGINT;
ALTER TABLE portings ADD COLUMN then_state TEXT COLLATE "C";
ALTER TABLE portings ADD COLUMN then_cause TEXT COLLATE "C";
ALTER TABLE portings ADD COLUMN then_message_type TEXT COLLATE "C";

-- Of the portings that are there already: an answer to be sent, the silence of a donor that cannot answer, and any other silence.
UPDATE portings SET due_state = 'ACON', due_message_type = 'CONFIRMACION_ALTA'
 WHERE state = 'ASOL' AND CASE WHEN unsent_at < reply_deadline THEN unsent_answer = 'ACCEPT' ELSE silence = 'ACCEPTS' AND reply_deadline = tv_end END;
UPDATE portings SET due_state = 'AREC', due_message_type = 'RECHAZO_ALTA',
       due_cause = CASE WHEN unsent_at < reply_deadline THEN unsent_answer ELSE 'RECH_NORES' END
 WHERE state = 'ASOL' AND due_state IS NULL;
UPDATE portings SET then_at = window_at, then_state = 'APOR', then_message_type = 'PORTABILIDAD_EFECTIVA' WHERE due_state = 'ACON';
UPDATE portings SET due_state = 'APOR', due_message_type = 'PORTABILIDAD_EFECTIVA' WHERE state = 'ACON';

-- An org's readings wait for the Node's decisions alone, and what awaits its answer is looked for by deadline.
DROP INDEX portings_recipient_due_idx;
DROP INDEX portings_donor_due_idx;
CREATE INDEX portings_recipient_waiting_idx ON portings (recipient_org, due_at) WHERE state = 'AENV';
CREATE INDEX portings_donor_waiting_idx ON portings (donor_org, due_at) WHERE state = 'AENV';
CREATE INDEX portings_donor_asked_idx ON portings (donor_org, reply_deadline) WHERE state = 'ASOL' AND unsent_answer IS NULL;
