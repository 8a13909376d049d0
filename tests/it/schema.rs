//! The two migration trees make the same schema: what one database refuses, the other refuses too.

use std::collections::BTreeSet;

use regex::Regex;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use crate::support::database::{root, with_database};
use crate::support::{Database, Engine};

/// One thing of a schema, in words that both databases share.
type Facts = BTreeSet<String>;

fn migrations(tree: &str) -> Vec<(String, String)> {
    let dir = root().join("migrations").join(tree);
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named =
        |file: &std::path::PathBuf| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(file).unwrap());
    files.iter().map(named).collect()
}

#[test]
fn the_trees_have_the_same_migrations() {
    let names = |tree| migrations(tree).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("postgres"), names("sqlite"));
    for (number, name) in (1..).zip(names("postgres")) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} does not come next");
    }
}

/// A server that runs goes on with the schema of a newer one: a migration takes nothing away, but for two indexes that others stand in for.
#[test]
fn migrations_take_nothing_away() {
    let taking = Regex::new(r"(?i)\b(?:DROP|RENAME|DELETE\s+FROM|ALTER\s+COLUMN)\b[^;]*").unwrap();
    for tree in ["postgres", "sqlite"] {
        let migrations = migrations(tree);
        let code = |text: &str| text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
        let code: Vec<_> = migrations.iter().map(|(_, text)| code(text)).collect();
        let taken: Vec<_> = code.iter().flat_map(|text| taking.find_iter(text)).map(|found| found.as_str()).collect();
        assert_eq!(taken, ["DROP INDEX portings_recipient_due_idx", "DROP INDEX portings_donor_due_idx"], "{tree}");
    }
}

/// The databases give back check constraints in words of their own, so the trees' are compared.
#[test]
fn the_trees_have_the_same_checks() {
    let checks = |tree| -> Facts {
        let text: String = migrations(tree).into_iter().map(|(_, text)| text).collect();
        let check = Regex::new(r"(?s)CONSTRAINT\s+([a-z0-9_]+)\s+CHECK\s*(\(.*?\))\s*(?:,\s*\n|\n\s*\)|;)").unwrap();
        let found: Facts = check
            .captures_iter(&text)
            .map(|found| found[0].split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches([',', ')', ' ']).to_owned())
            .collect();
        assert_eq!(
            found.len(),
            text.matches("CHECK").count(),
            "a check of {tree} without a name, or in a form that this test does not read"
        );
        found
    };
    assert_eq!(checks("postgres"), checks("sqlite"));
}

#[tokio::test]
async fn the_databases_have_the_same_schema() {
    let facts = async |engine, read: fn(String) -> std::pin::Pin<Box<dyn Future<Output = Facts>>>| {
        let found = std::cell::RefCell::new(Facts::new());
        with_database(engine, async |database: Database| {
            database.store().await.close().await;
            *found.borrow_mut() = read(database.url.clone()).await;
        })
        .await;
        found.into_inner()
    };
    let postgres = facts(Engine::Postgres, |url| Box::pin(facts_of_postgres(url))).await;
    let sqlite = facts(Engine::Sqlite, |url| Box::pin(facts_of_sqlite(url))).await;
    assert!(postgres.contains("msisdns.from_org TEXT null") && postgres.contains("imsis unique imsis_msisdn_slot_key (msisdn, slot)"));
    let differences: Vec<_> = postgres.symmetric_difference(&sqlite).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

async fn facts_of_postgres(url: String) -> Facts {
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let queries = [
        "SELECT table_name || '.' || column_name || ' ' || replace(replace(upper(data_type), 'BIGINT', 'INTEGER'), 'BYTEA', 'BLOB')
                || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END
           FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT t.relname || CASE WHEN i.indisunique THEN ' unique ' ELSE ' index ' END || x.relname || ' ('
                || string_agg(a.attname, ', ' ORDER BY k.place) || CASE WHEN i.indpred IS NULL THEN ')' ELSE ') partial' END
           FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
           JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
           CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, place)
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
          WHERE k.place <= i.indnkeyatts GROUP BY t.relname, x.relname, i.indisunique, i.indpred",
        "SELECT t.relname || ' references ' || r.relname || ' ('
                || (SELECT string_agg(a.attname || ' = ' || b.attname, ', ' ORDER BY k.place)
                      FROM unnest(c.conkey, c.confkey) WITH ORDINALITY k (here, there, place)
                      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.here
                      JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.there)
                || ') on delete ' || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END
           FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid WHERE c.contype = 'f'",
        "SELECT t.relname || ' constraint ' || c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
           JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' WHERE c.contype IN ('p', 'u', 'c', 'f')",
    ];
    let mut facts = Facts::new();
    for query in queries {
        let rows = sqlx::query(query).fetch_all(&mut conn).await.unwrap();
        facts.extend(rows.iter().map(|row| row.get::<String, _>(0)).filter(|fact| !fact.contains("_sqlx_migrations")));
    }
    facts
}

async fn facts_of_sqlite(url: String) -> Facts {
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    let queries = [
        "SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 0 THEN ' null' ELSE ' not null' END
           FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        "SELECT m.name || ' references ' || f.\"table\" || ' (' || group_concat(f.\"from\" || ' = ' || coalesce(f.\"to\", f.\"from\"), ', ')
                || ') on delete ' || f.on_delete
           FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' GROUP BY m.name, f.id",
    ];
    let mut facts = Facts::new();
    for query in queries {
        let rows = sqlx::query(query).fetch_all(&mut conn).await.unwrap();
        facts.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    let indexes = sqlx::query(
        "SELECT m.name, i.name, i.\"unique\", i.partial, (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name) ORDER BY seqno)
           FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c'",
    );
    facts.extend(indexes.fetch_all(&mut conn).await.unwrap().iter().map(index_fact));
    // SQLite forgets the names of constraints, but keeps the text that made the table.
    let constraint = Regex::new(r"(?s)CONSTRAINT\s+([a-z0-9_]+)\s+(PRIMARY KEY|UNIQUE|CHECK|FOREIGN KEY)\s*(\([^)]*\))").unwrap();
    for row in sqlx::query("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetch_all(&mut conn).await.unwrap() {
        let (table, sql): (String, String) = (row.get(0), row.get(1));
        for found in constraint.captures_iter(&sql) {
            facts.insert(format!("{table} constraint {}", &found[1]));
            if matches!(&found[2], "PRIMARY KEY" | "UNIQUE") {
                // How the next number is found is not the schema's matter.
                let columns = found[3].replace(" AUTOINCREMENT", "");
                facts.insert(format!("{table} unique {} {columns}", &found[1]));
            }
        }
    }
    facts.retain(|fact| !fact.contains("_sqlx_migrations"));
    facts
}

fn index_fact(row: &SqliteRow) -> String {
    let (table, name, columns): (String, String, String) = (row.get(0), row.get(1), row.get(4));
    let (unique, partial): (bool, bool) = (row.get(2), row.get(3));
    format!("{table} {} {name} ({columns}){}", if unique { "unique" } else { "index" }, if partial { " partial" } else { "" })
}
