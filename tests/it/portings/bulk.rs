//! Thousands of portings, written past the store: their whole life is due, for all of it lies in the past.

use crate::support::conn::Conn;
use crate::support::portings::madrid;

/// The numbers of the series begin here: DIGI's, as the tests load it.
pub const FIRST_MSISDN: i64 = 34_607_500_000;

fn micros(local: &str) -> i64 {
    madrid(local).as_microsecond()
}

/// Writes portings of masmovil, from DIGI: `asked` of them registered in January 2025 with an answer that Tv will send, and after them
/// `waiting` that were sent to a closed Node. Each has a number of its own, from [`FIRST_MSISDN`] on. A row in the inventory for every
/// tenth.
pub async fn write(conn: &mut Conn, asked: i64, waiting: i64) {
    let total = asked + waiting;
    let series = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {total})");
    let contract = "'005' || substr(CAST(100000000 + i AS TEXT), 2)";
    let [registered, tv_start, tv_end, limit, window, opening] = [
        "2025-01-13T09:00:00",
        "2025-01-13T14:00:00",
        "2025-01-13T20:00:00",
        "2025-01-14T14:00:00",
        "2025-01-15T02:00:00",
        "2025-01-13T08:00:00",
    ]
    .map(micros);
    conn.run(&format!(
        "{series} INSERT INTO portability_requests (created_at, id, org, contract_code, digest, external_reference)
         SELECT {opening} - 1000000 + i, 'r' || i, 'masmovil', {contract}, '', 'REF' || i FROM n"
    ))
    .await;
    conn.run(&format!(
        "{series} INSERT INTO portings (id, request_id, msisdn, version, access_type, contract_code, nrn_receptor, recipient_operator,
             recipient_org, donor_operator, process_id, state, message_type, due_at, opens_at, registered_at, tv_start, tv_end, window_at,
             cancel_limit, silence, reply_deadline, unsent_answer, unsent_at, due_state, due_message_type, then_at, then_state,
             then_message_type)
         SELECT 'p' || i, 'r' || i, {FIRST_MSISDN} + i, 1, 'INDIVIDUAL', {contract}, '741111', '005', 'masmovil', '075',
             CASE WHEN i <= {asked} THEN '005075112501130900' || substr(CAST(100000 + i AS TEXT), 2) END,
             CASE WHEN i <= {asked} THEN 'ASOL' ELSE 'AENV' END, CASE WHEN i <= {asked} THEN 'SOLICITUD_ALTA' ELSE 'ENVIO_ALTA' END,
             CASE WHEN i <= {asked} THEN {tv_start} ELSE {opening} END, CASE WHEN i > {asked} THEN {opening} END,
             CASE WHEN i <= {asked} THEN {registered} END, CASE WHEN i <= {asked} THEN {tv_start} END,
             CASE WHEN i <= {asked} THEN {tv_end} END, CASE WHEN i <= {asked} THEN {window} END, CASE WHEN i <= {asked} THEN {limit} END,
             CASE WHEN i <= {asked} THEN 'REJECTS' END, CASE WHEN i <= {asked} THEN {tv_end} END,
             CASE WHEN i <= {asked} THEN 'ACCEPT' END, CASE WHEN i <= {asked} THEN {tv_start} END,
             CASE WHEN i <= {asked} THEN 'ACON' END, CASE WHEN i <= {asked} THEN 'CONFIRMACION_ALTA' END,
             CASE WHEN i <= {asked} THEN {window} END, CASE WHEN i <= {asked} THEN 'APOR' END,
             CASE WHEN i <= {asked} THEN 'PORTABILIDAD_EFECTIVA' END
         FROM n"
    ))
    .await;
    conn.run(&format!(
        "{series} INSERT INTO portabilities (id, porting_id, org, recipient_rol) SELECT 'v' || i, 'p' || i, 'masmovil', 1 FROM n"
    ))
    .await;
    conn.run(&format!(
        "{series} INSERT INTO portability_events (at, porting_id, id, message_type)
         SELECT {registered} - 7200000000, 'p' || i, 'e' || i, CASE WHEN i <= {asked} THEN 'SOLICITUD_ALTA' ELSE 'ENVIO_ALTA' END FROM n"
    ))
    .await;
    conn.run(&format!(
        "{series} INSERT INTO msisdns (msisdn, checked_at, org, belongs_to, status)
         SELECT {FIRST_MSISDN} + i, 0, 'euskaltel', 'ektnet', 'Migrated' FROM n WHERE i % 10 = 0"
    ))
    .await;
}

/// Requires that each of these portings has lived its whole life exactly once, each event at its time, and that nothing else has happened.
pub async fn check(conn: &mut Conn, asked: i64, waiting: i64) {
    let [tv, window, opening] = ["2025-01-13T14:00:00", "2025-01-15T02:00:00", "2025-01-13T08:00:00"].map(micros);
    let total = asked + waiting;
    for (what, sql, expected) in [
        ("still active", "SELECT COUNT(*) FROM portings WHERE state <> 'APOR' OR due_at IS NOT NULL".to_owned(), 0),
        ("ported", "SELECT COUNT(*) FROM portings".to_owned(), total),
        ("written more than once", "SELECT COUNT(*) FROM portings WHERE version <> 2".to_owned(), 0),
        ("events", "SELECT COUNT(*) FROM portability_events".to_owned(), total * 3 + waiting),
        ("registered", event("SOLICITUD_ALTA", opening), waiting),
        ("confirmed", event("CONFIRMACION_ALTA", tv), total),
        ("moved", event("PORTABILIDAD_EFECTIVA", window), total),
        (
            "an event twice",
            "SELECT COUNT(*) FROM (SELECT 1 FROM portability_events GROUP BY porting_id, message_type HAVING COUNT(*) > 1) d".to_owned(),
            0,
        ),
        ("references", "SELECT COUNT(DISTINCT process_id) FROM portings".to_owned(), total),
        (
            "the last reference of the opening",
            "SELECT CAST(COALESCE(MAX(substr(process_id, 19)), '0') AS INTEGER) FROM portings WHERE process_id LIKE '005075112501130800%'"
                .to_owned(),
            waiting,
        ),
        (
            "owned",
            format!(
                "SELECT COUNT(*) FROM ported_numbers WHERE operator = '005' AND nrn = '741111' AND msisdn > {FIRST_MSISDN} AND msisdn < {FIRST_MSISDN} + 100000"
            ),
            total,
        ),
        (
            "in the inventory",
            format!(
                "SELECT COUNT(*) FROM msisdns WHERE org = 'masmovil' AND belongs_to = 'mas-stack' AND status = 'OK' AND checked_at = {window}"
            ),
            total / 10,
        ),
        ("portabilities", "SELECT COUNT(*) FROM portabilities".to_owned(), total),
    ] {
        // Postgres has two widths of integers.
        let sql = format!("SELECT CAST(({sql}) AS BIGINT)");
        assert_eq!(conn.number(&sql).await, expected, "{what}");
    }
}

fn event(message_type: &str, at: i64) -> String {
    format!("SELECT COUNT(DISTINCT porting_id) FROM portability_events WHERE message_type = '{message_type}' AND at = {at}")
}
