-- Portings of 2025-01-13 from euskaltel to masmovil, beside the demo data, for the numbers from 600600001 on. psql's variables: `rows`, how many;
-- `ended`, whether all of them are over (APOR), or due: every other one ACON with the window past, the others ASOL whose donor has not answered.
CREATE TEMP TABLE t AS SELECT 1736755200000000::bigint AS created, 3600000000::bigint AS hour;
INSERT INTO portability_requests (created_at, id, org, contract_code, digest)
SELECT created + i, 'r' || i, 'masmovil', '005B' || lpad(i::text, 7, '0'), '' FROM t, generate_series(1, :rows) i;
INSERT INTO msisdns (msisdn, checked_at, org, belongs_to, status)
SELECT 34600600000 + i, 0, 'euskaltel', 'ektnet', 'OK' FROM generate_series(1, least(:rows, 99999)) i ON CONFLICT DO NOTHING;
INSERT INTO portings (id, request_id, msisdn, version, access_type, contract_code, nrn_receptor, recipient_operator, recipient_org,
       donor_operator, donor_org, process_id, registered_at, tv_start, tv_end, window_at, cancel_limit, silence, state, message_type,
       due_at, reply_deadline, due_state, due_cause, due_message_type)
SELECT gen_random_uuid(), 'r' || i, 34600600000 + i, 1, 'INDIVIDUAL', '005B' || lpad(i::text, 7, '0'), '741111', '005', 'masmovil',
       '006', 'euskaltel', '005006112501130900' || lpad((i % 99999 + 1)::text, 5, '0'), created, created + 5 * hour, created + 11 * hour,
       created + 41 * hour, created + 29 * hour, 'REJECTS',
       CASE WHEN :ended THEN 'APOR' WHEN i % 2 = 0 THEN 'ACON' ELSE 'ASOL' END,
       CASE WHEN :ended THEN 'PORTABILIDAD_EFECTIVA' WHEN i % 2 = 0 THEN 'CONFIRMACION_ALTA' ELSE 'SOLICITUD_ALTA' END,
       CASE WHEN NOT :ended THEN created + CASE WHEN i % 2 = 0 THEN 41 ELSE 11 END * hour END,
       CASE WHEN NOT :ended AND i % 2 = 1 THEN created + 11 * hour END,
       CASE WHEN NOT :ended THEN CASE WHEN i % 2 = 0 THEN 'APOR' ELSE 'AREC' END END,
       CASE WHEN NOT :ended AND i % 2 = 1 THEN 'RECH_NORES' END,
       CASE WHEN NOT :ended THEN CASE WHEN i % 2 = 0 THEN 'PORTABILIDAD_EFECTIVA' ELSE 'RECHAZO_ALTA' END END
  FROM t, generate_series(1, :rows) i;
INSERT INTO portabilities (id, porting_id, org, recipient_rol)
SELECT gen_random_uuid(), p.id, o.name, (o.name = 'masmovil')::int FROM portings p, (VALUES ('masmovil'), ('euskaltel')) o (name)
 WHERE p.request_id LIKE 'r%' ORDER BY p.msisdn;
INSERT INTO portability_events (at, porting_id, id, message_type)
SELECT created, p.id, gen_random_uuid(), 'SOLICITUD_ALTA' FROM portings p, t WHERE p.request_id LIKE 'r%';
VACUUM (ANALYZE);
