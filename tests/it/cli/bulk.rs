//! `portero import` and `export`

use std::fmt::Write as _;
use std::process::Stdio;

use crate::support::conn::Conn;
use crate::support::database::{ScratchDir, with_database};
use crate::support::process::{Output, portero, run};
use crate::support::{Database, Engine, both_databases};

const HEADER: &str = "msisdn,org,imsi,segment,belongs_to,status,checked_at,imsi_created_at,from_org,from_belongs_to,earlier_imsis\n";

/// Lines of which all but the first are bad, from the second line of a file on.
const BAD: [&str; 18] = [
    "644555001,masmovil,214049000001001,,,,2026-01-01T00:00:00Z,,,",
    "12,masmovil,,,,,,,,",
    ",masmovil,,,,,,,,",
    "644555002,nobody,,,,,,,,",
    "644555002,masmovil,x,,,,,,,",
    "644555002,masmovil,,B2X,,,,,,",
    "644555002,masmovil,,,x,,,,,",
    "644555002,masmovil,,,,Gone,,,,",
    "644555002,masmovil,,,,,yesterday,,,",
    "644555002,masmovil,,,,,,yoigo,,",
    "644555002,masmovil,214049000001002,,,,,,,214049000001003",
    "644555002,masmovil,,,,,,,,214049000001003;B2C;2026-01-01T00:00:00Z",
    "644555002,masmovil",
    "644555000,masmovil,214049000001004,,,,,,,",
    "644555003,masmovil,214049000001000,,,,,,,",
    "644555001,masmovil,214049000001005,,,,,,,",
    "644555004,masmovil,214049000001001,,,,,,,",
    "644555005,masmovil,214049000001006,,,,,,,214049000001006;B2C;2026-01-01T00:00:00Z",
];

/// What is said of them, and of a line that is not UTF-8: first what a line says by itself, then what the database knows.
const COMPLAINTS: [&str; 18] = [
    "3: msisdn is not valid",
    "4: msisdn is missing",
    "5: org is not one of this database's",
    "6: imsi is not valid",
    "7: segment is not valid",
    "8: belongs_to is not valid",
    "9: status is not valid",
    "10: checked_at is not valid",
    "11: from_org and from_belongs_to go together",
    "12: earlier_imsis is not valid",
    "13: imsi is missing, but there are earlier_imsis",
    "14: has 2 columns, not 10",
    "20: is not UTF-8",
    "15: msisdn is already in the inventory, or above",
    "16: a SIM is already a number's in the inventory, or above",
    "17: msisdn is already in the inventory, or above",
    "18: a SIM is already a number's in the inventory, or above",
    "19: a SIM is already a number's in the inventory, or above",
];

fn command(database: &Database, args: &[&str]) -> Output {
    run(portero(args).args(["--database", &database.url]))
}

#[track_caller]
fn says(output: &Output, code: i32, stderr: &str) {
    assert_eq!((output.code, output.stderr.as_str()), (code, stderr));
}

/// What `export` writes of the inventory.
fn inventory(database: &Database) -> String {
    let output = command(database, &["export", "-"]);
    says(&output, 0, "");
    output.stdout
}

/// The demo data without their numbers.
async fn registry(database: &Database) {
    says(&command(database, &["seed", "demo", "--replace"]), 0, "");
    database.execute("DELETE FROM imsis").await;
    database.execute("DELETE FROM msisdns").await;
}

both_databases! {
    async fn what_was_exported_can_be_imported(database: Database) {
        says(&command(&database, &["seed", "demo", "--replace"]), 0, "");
        let dir = ScratchDir::new();
        let file = dir.file("numbers.csv", "what it was before");
        says(&command(&database, &["export", &file]), 0, "");
        let exported = std::fs::read_to_string(&file).unwrap();
        assert!(!std::path::Path::new(&format!("{file}.part")).exists());
        assert_eq!(exported, inventory(&database));
        let line = "666777888,masmovil,2140420422222227,B2B,mas-stack,OK,2025-01-15T10:30:00Z,2025-01-15T10:30:00Z,yoigo,mas-stack,\
            214040119172971;B2B;2024-06-03T08:15:00Z\n";
        assert!(exported.starts_with(HEADER) && exported.lines().count() > 10, "{exported}");
        assert!(exported.contains(line), "{exported}");

        registry(&database).await;
        assert_eq!(inventory(&database), HEADER);
        let count = exported.lines().count() - 1;
        says(&command(&database, &["import", &file]), 0, &format!("{count} lines imported\n"));
        assert_eq!(inventory(&database), exported);
    }

    async fn an_export_that_fails(database: Database) {
        says(&command(&database, &["seed", "demo", "--replace"]), 0, "");
        database.execute("ALTER TABLE imsis RENAME TO lost").await;
        let dir = ScratchDir::new();
        let file = dir.file("numbers.csv", "what it was before");
        assert_eq!(command(&database, &["export", &file]).code, 1);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "what it was before");
        assert_eq!(std::fs::read_dir(&*dir).unwrap().count(), 1, "nothing is left beside it");
    }

    async fn what_a_line_leaves_out(database: Database) {
        registry(&database).await;
        let dir = ScratchDir::new();
        let file = dir.file("numbers.csv", "imsi,msisdn,org,checked_at\n214049000001111,+34644555666,euskaltel,2026-01-01T01:00:00+01:00\n,644555667,r,2026-01-01T00:00:00Z\n");
        says(&command(&database, &["import", &file]), 0, "2 lines imported\n");
        let euskaltel = "644555666,euskaltel,214049000001111,B2C,ektnet,OK,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,,,\n";
        let r = "644555667,r,,,r,OK,2026-01-01T00:00:00Z,,,,\n";
        assert_eq!(inventory(&database), format!("{HEADER}{euskaltel}{r}"));
    }

    /// Each is named with its line and what is wrong; without a word to the contrary nothing of the file is imported.
    async fn bad_lines(database: Database) {
        registry(&database).await;
        let dir = ScratchDir::new();
        let good = dir.file("good.csv", "msisdn,org,imsi,checked_at\n644555000,masmovil,214049000001000,2026-01-01T00:00:00Z\n");
        says(&command(&database, &["import", &good]), 0, "1 lines imported\n");
        let before = inventory(&database);
        let mut lines = b"msisdn,org,imsi,segment,belongs_to,status,checked_at,from_org,from_belongs_to,earlier_imsis\n".to_vec();
        lines.extend_from_slice(BAD.join("\n").as_bytes());
        lines.extend_from_slice(b"\n644555006,\xff,,,,,,,,\n644555007,r,214049000001007,B2B,,,2026-01-01T00:00:00Z,,,\n");
        let file = dir.file("bad.csv", &lines);
        let told = COMPLAINTS.map(|complaint| format!("{file}:{complaint}\n")).concat();
        let refused = command(&database, &["import", &file]);
        says(&refused, 1, &format!("{told}portero: {file} has 18 bad lines: nothing was imported; --skip-bad leaves them out\n"));
        assert_eq!(inventory(&database), before);

        says(&command(&database, &["import", "--skip-bad", &file]), 0, &format!("{told}2 lines imported, 18 left out\n"));
        let one = "644555001,masmovil,214049000001001,B2C,mas-stack,OK,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,,,\n";
        let seven = "644555007,r,214049000001007,B2B,r,OK,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,,,\n";
        assert_eq!(inventory(&database), format!("{before}{one}{seven}"));
    }

    /// More than is taken in at once, the last of them bad.
    async fn all_of_a_long_file_or_nothing(database: Database) {
        registry(&database).await;
        let mut text = String::from("msisdn,org,imsi\n");
        for number in 0..20_100_u64 {
            writeln!(text, "{},masmovil,{}", 640_000_000 + number, 214_049_100_000_000 + number).unwrap();
        }
        let good = ScratchDir::new();
        let good = good.file("good.csv", &text);
        let dir = ScratchDir::new();
        text.push_str("640000000,masmovil,214049200000000\n");
        let bad = dir.file("bad.csv", &text);
        let refused = command(&database, &["import", &bad]);
        let complaint = format!("{bad}:20102: msisdn is already in the inventory, or above\n");
        says(&refused, 1, &format!("{complaint}portero: {bad} has 1 bad lines: nothing was imported; --skip-bad leaves them out\n"));
        assert_eq!(inventory(&database), HEADER);
        std::fs::write(&good, text.trim_end_matches("640000000,masmovil,214049200000000\n")).unwrap();
        says(&command(&database, &["import", &good]), 0, "20100 lines imported\n");
        assert_eq!(inventory(&database).lines().count(), 20_101);
    }

    async fn ported_numbers(database: Database) {
        registry(&database).await;
        database.execute("DELETE FROM ported_numbers").await;
        let dir = ScratchDir::new();
        let import = |text: &str| {
            let file = dir.file("ported.csv", text);
            let output = command(&database, &["import", "--of", "ported-numbers", &file]);
            (output.code, output.stderr.replace(&file, "FILE"))
        };
        assert_eq!(import("msisdn,operator,nrn\n644555001,075,704075\n644555002,005,741111\n"), (0, "2 lines imported\n".to_owned()));
        // What is known already is replaced, and the last line of a number counts.
        assert_eq!(import("msisdn,operator,nrn\n644555003,005,741111\n644555001,003,703003\n644555001,006,750000\n"), (0, "3 lines imported\n".to_owned()));
        let (code, complaint) = import("msisdn,operator,nrn\n644555004,000,741111\n644555005,005,7\n");
        let told = "FILE:2: operator is not one of this database's\nFILE:3: nrn is not valid\n";
        assert_eq!((code, complaint.strip_prefix(told)), (1, Some("portero: FILE has 2 bad lines: nothing was imported; --skip-bad leaves them out\n")));
        let exported = command(&database, &["export", "--of", "ported-numbers", "-"]).stdout;
        assert_eq!(exported, "msisdn,operator,nrn\n644555001,006,750000\n644555002,005,741111\n644555003,005,741111\n");
    }

    async fn files_that_are_not_of_this_kind(database: Database) {
        registry(&database).await;
        let dir = ScratchDir::new();
        for (text, complaint) in [
            ("number,org\n", "there is no column 'number', only msisdn, org, imsi, "),
            ("org,imsi\n", "the column 'msisdn' is missing"),
            ("msisdn,org,org\n", "the column 'org' is there twice"),
            ("", "the column 'msisdn' is missing"),
        ] {
            let file = dir.file("numbers.csv", text);
            let output = command(&database, &["import", &file]);
            assert!(output.code == 1 && output.stderr.starts_with(&format!("portero: {file}: {complaint}")), "{output:?}");
        }
        let missing = command(&database, &["import", "no/such.csv"]);
        assert!(missing.code == 1 && missing.stderr.starts_with("portero: no/such.csv: "), "{missing:?}");
    }

    async fn from_standard_input(database: Database) {
        registry(&database).await;
        let mut import = portero(&["import", "-", "--database", &database.url]);
        let mut import = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut import.stdin.take().unwrap(), b"msisdn,org\n644555001,masmovil\n").unwrap();
        let output = import.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"1 lines imported\n".as_slice()));
        assert_eq!(inventory(&database).lines().count(), 2);
    }
}

/// Postgres would go on planning for the table that it was: what comes next would read all SIMs for each number.
#[tokio::test]
async fn what_is_imported_is_planned_for() {
    with_database(Engine::Postgres, async |database: Database| {
        registry(&database).await;
        let lines: String = (0..5_000_u64).fold("msisdn,org,imsi\n".to_owned(), |mut text, number| {
            writeln!(text, "{},masmovil,{}", 640_000_000 + number, 214_049_100_000_000 + number).unwrap();
            text
        });
        let dir = ScratchDir::new();
        says(&command(&database, &["import", &dir.file("numbers.csv", lines)]), 0, "5000 lines imported\n");
        let mut conn = Conn::open(&database).await;
        for table in ["msisdns", "imsis"] {
            assert_eq!(conn.number(&format!("SELECT reltuples::BIGINT FROM pg_class WHERE relname = '{table}'")).await, 5_000, "{table}");
        }
        conn.close().await;
    })
    .await;
}
