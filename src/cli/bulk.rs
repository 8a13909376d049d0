//! `import` and `export`: numbers in bulk, as CSV.

use std::fs::File;
use std::io::{IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use csv::{ErrorKind, Position};
use indicatif::{ProgressBar, ProgressStyle};

use super::CommandError;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{DatabaseConfig, ReplicaConfig};
use crate::dataset::csv::{Columns, Known, Line};
use crate::domain::inventory::NewNumber;
use crate::domain::listing::PortedNumber;
use crate::server::StartError;
use crate::service::bulk::{self, Count, Numbered, Rest};
use crate::service::replica::Replica;
use crate::store::{self, Store, UnitOfWork};

/// Bad lines that are told one by one.
const TOLD: u64 = 100;
/// Rows read at once: they are all that is in memory.
const PAGE: u32 = 5_000;

/// How long a replica may take to show that it is recent enough.
const REPLICA_PATIENCE: Duration = Duration::from_secs(3);

/// What a file is of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Subject {
    /// The numbers of the orgs, with their SIMs.
    Inventory,
    /// The numbers that are not with their range's operator.
    PortedNumbers,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A CSV file; `-` is standard input.
    file: PathBuf,
    /// What the file is of.
    #[arg(long, value_enum, default_value = "inventory", value_name = "SUBJECT")]
    of: Subject,
    /// Import the other lines of a file that has bad ones. Otherwise nothing of it is imported.
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    database: DatabaseConfig,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The CSV file to write; `-` is standard output.
    file: PathBuf,
    /// What to write.
    #[arg(long, value_enum, default_value = "inventory", value_name = "SUBJECT")]
    of: Subject,
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(flatten)]
    replica: ReplicaConfig,
}

impl ImportArgs {
    pub async fn run(self) -> Result<(), CommandError> {
        let store = store::open(&self.database.database, &self.database.pool).await?;
        store.migrate().await?;
        let known = bulk::known(&*store, SystemClock.now()).await?;
        let count = match self.of {
            Subject::Inventory => self.read(&*store, &known, async |unit, rows| bulk::numbers(unit, rows).await).await,
            Subject::PortedNumbers => self.read(&*store, &known, async |unit, rows| bulk::ported_numbers(unit, rows).await).await,
        };
        store.close().await;
        let count = count?;
        match count.bad {
            0 => tell(&format!("{} lines imported", count.good)),
            bad if self.skip_bad => tell(&format!("{} lines imported, {bad} left out", count.good)),
            bad => return Err(CommandError::BadLines(self.file, bad)),
        }
        Ok(())
    }

    async fn read<T: Line>(
        &self,
        store: &dyn Store,
        known: &Known,
        take: impl AsyncFn(&mut dyn UnitOfWork, Vec<Numbered<T>>) -> crate::error::Result<Vec<Numbered<String>>>,
    ) -> Result<Count, CommandError> {
        let (source, progress) = open(&self.file)?;
        let mut reader = csv::Reader::from_reader(progress.wrap_read(source));
        let unreadable = |error: csv::Error| CommandError::File(self.file.clone(), error.into());
        let columns = Columns::of::<T>(reader.headers().map_err(unreadable)?);
        let columns = columns.map_err(|reason| CommandError::Header(self.file.clone(), reason))?;
        let lines = reader.into_records().map(|record| match record {
            Ok(record) => Ok((record.position().map_or(0, Position::line), T::read(&columns.fields(&record), known))),
            Err(error) => bad_line(error).map_err(unreadable),
        });
        let mut told = 0;
        let complain = |(line, reason): Numbered<String>| {
            told += 1;
            if told <= TOLD {
                progress.suspend(|| tell(&format!("{}:{line}: {reason}", self.file.display())));
            }
        };
        let rest = if self.skip_bad { Rest::Taken } else { Rest::Refused };
        let count = bulk::take_in(store, lines, rest, known.now, take, complain).await?;
        progress.finish_and_clear();
        if count.bad > TOLD {
            tell(&format!("and {} more", count.bad - TOLD));
        }
        Ok(count)
    }
}

/// A line that is not CSV of this file's columns; any other failure is the file's.
fn bad_line<T>(error: csv::Error) -> Result<Numbered<Result<T, String>>, csv::Error> {
    let line = error.position().map_or(0, Position::line);
    match error.kind() {
        ErrorKind::Utf8 { .. } => Ok((line, Err("is not UTF-8".to_owned()))),
        ErrorKind::UnequalLengths { expected_len, len, .. } => Ok((line, Err(format!("has {len} columns, not {expected_len}")))),
        _ => Err(error),
    }
}

impl ExportArgs {
    pub async fn run(self) -> Result<(), CommandError> {
        let store = store::open(&self.database.database, &self.database.pool).await?;
        let replica = self.replica.open(&self.database).map_err(StartError::from)?;
        let mut unit = source(&store, replica.as_deref()).await.snapshot().await?;
        let progress = bar(ProgressBar::no_length(), "{spinner} {human_pos} numbers, {per_sec}");
        let failed = |error: csv::Error| CommandError::File(self.file.clone(), error.into());
        let target = Target::create(&self.file)?;
        let mut writer = csv::Writer::from_writer(target);
        match self.of {
            Subject::Inventory => {
                let page =
                    async |unit: &mut dyn UnitOfWork, last: Option<&NewNumber>| unit.numbers(last.map(|last| last.msisdn), PAGE).await;
                write(&mut *unit, &mut writer, &progress, page, failed).await?;
            }
            Subject::PortedNumbers => {
                let page = async |unit: &mut dyn UnitOfWork, last: Option<&PortedNumber>| {
                    unit.ported_numbers(last.map(|last| last.msisdn), PAGE).await
                };
                write(&mut *unit, &mut writer, &progress, page, failed).await?;
            }
        }
        drop(unit);
        store.close().await;
        progress.finish_and_clear();
        let target = writer.into_inner().map_err(|error| CommandError::File(self.file.clone(), error.into_error()))?;
        target.keep(&self.file)
    }
}

/// Where to read: a replica that is recent enough, or becomes so as long as a request would wait for it, else the database itself.
async fn source<'s>(store: &'s Arc<dyn Store>, replica: Option<&'s Replica>) -> &'s dyn Store {
    let Some(replica) = replica else { return &**store };
    tokio::select! {
        never = replica.follow(&**store) => match never {},
        () = replica.usable() => &*replica.store,
        () = tokio::time::sleep(REPLICA_PATIENCE) => {
            tell("the replica cannot be used: reading from the database itself");
            &**store
        }
    }
}

/// Writes every page after the other.
async fn write<T: Line>(
    unit: &mut dyn UnitOfWork,
    writer: &mut csv::Writer<Target>,
    progress: &ProgressBar,
    page: impl AsyncFn(&mut dyn UnitOfWork, Option<&T>) -> crate::error::Result<Vec<T>>,
    failed: impl Fn(csv::Error) -> CommandError,
) -> Result<(), CommandError> {
    let (required, optional) = T::COLUMNS;
    writer.write_record(required.iter().chain(optional)).map_err(&failed)?;
    let mut rows = page(unit, None).await?;
    while !rows.is_empty() {
        for row in &rows {
            writer.write_record(row.write()).map_err(&failed)?;
        }
        progress.inc(rows.len() as u64);
        rows = page(unit, rows.last()).await?;
    }
    Ok(())
}

/// Where an export goes: beside the file first, so that what had the name before is whole until this is.
enum Target {
    Standard(std::io::Stdout),
    Beside(Beside),
}

/// A file that is gone again, unless it has got the name it is meant for.
struct Beside {
    file: File,
    path: PathBuf,
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Nothing has this name any more once the file has another one.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Target {
    fn create(path: &Path) -> Result<Self, CommandError> {
        if path == Path::new("-") {
            return Ok(Self::Standard(std::io::stdout()));
        }
        let path = path.with_added_extension("part");
        let file = File::create(&path).map_err(|error| CommandError::File(path.clone(), error))?;
        Ok(Self::Beside(Beside { file, path }))
    }

    /// Gives it its name.
    fn keep(self, path: &Path) -> Result<(), CommandError> {
        let Self::Beside(beside) = self else { return Ok(()) };
        let kept = beside.file.sync_all().and_then(|()| std::fs::rename(&beside.path, path));
        kept.map_err(|error| CommandError::File(path.to_owned(), error))
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Standard(stdout) => stdout.write(bytes),
            Self::Beside(beside) => beside.file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Standard(stdout) => stdout.flush(),
            Self::Beside(beside) => beside.file.flush(),
        }
    }
}

/// A file, and a bar that shows on a terminal how much of it has been read.
fn open(path: &Path) -> Result<(Box<dyn Read>, ProgressBar), CommandError> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), bar(ProgressBar::no_length(), "{spinner} {bytes} read, {bytes_per_sec}")));
    }
    let failed = |error| CommandError::File(path.to_owned(), error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((Box::new(file), bar(ProgressBar::new(length), "{wide_bar} {percent}%, {eta} left")))
}

/// A bar of this shape, hidden where nobody looks.
fn bar(bar: ProgressBar, shape: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    bar.with_style(ProgressStyle::with_template(shape).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
