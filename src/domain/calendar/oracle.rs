//! Answers of the Central Node's test environment (`central-node.tsv`), for tests to compare with.

use jiff::Timestamp;

/// One process of the Central Node.
pub(crate) struct Row {
    /// Its `process_id`.
    pub(crate) reference: &'static str,
    /// When it was registered.
    pub(crate) created: Timestamp,
    /// The end of Tv, where it is known.
    pub(crate) tv_end: Option<Timestamp>,
    /// The window; a number return has none.
    pub(crate) window: Option<Timestamp>,
    /// Who chose the window: `true` the customer, `false` the Node, `?` not told, `inferred` the
    /// customer, since it is not the default one.
    pub(crate) by_customer: &'static str,
    /// The state it was left in.
    pub(crate) state: &'static str,
    /// When it came to that state; for APOR, when it was confirmed.
    pub(crate) state_at: Option<Timestamp>,
    /// Why.
    pub(crate) cause: &'static str,
}

/// Every row.
pub(crate) fn rows() -> Vec<Row> {
    let table = include_str!("central-node.tsv");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let heading = lines.next().unwrap();
    assert_eq!(heading, "reference\tcreated\tlimit_tv_end\twindow\tby_customer\tstate\tstate_at\tcause");
    lines.map(row).collect()
}

fn row(line: &'static str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let instant = |cell: usize| (!cells[cell].is_empty()).then(|| instant(cells[cell]));
    Row {
        reference: cells[0],
        created: instant(1).unwrap(),
        tv_end: instant(2),
        window: instant(3),
        by_customer: cells[4],
        state: cells[5],
        state_at: instant(6),
        cause: cells[7],
    }
}

fn instant(cell: &str) -> Timestamp {
    cell.trim_start_matches("confirmed ").parse().unwrap()
}
