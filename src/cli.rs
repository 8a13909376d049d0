//! The commands.

mod audit;
mod bulk;
mod purge;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use jiff::SignedDuration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::auth::{Scope, sign};
use crate::clock::{Clock, SystemClock};
use crate::config::{AuthConfig, DatabaseConfig, LogConfig, LogFormat, Mode, SentryDsn, ServeConfig};
use crate::dataset::DataSet;
use crate::error::Error;
use crate::mock::seed::Seed;
use crate::server::{self, StartError};
use crate::service::registry;
use crate::store;
use crate::telemetry::traces::{Traces, TracesError};

/// The Discovery API v2 and the Portability API v1 of the MasStack platform: a mock that remembers, and a reference server.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the APIs.
    Serve(Box<ServeConfig>),
    /// Print a token, and nothing else.
    Token(TokenArgs),
    /// Bring the database's schema up to date.
    Migrate(DatabaseConfig),
    /// Fill an empty database of a mock server.
    Seed(SeedArgs),
    /// Add or replace registry data (orgs), in either mode; what is loaded already stays.
    Load(LoadArgs),
    /// Add numbers in bulk from a CSV file: all of them, or none.
    Import(bulk::ImportArgs),
    /// Write the numbers to a CSV file, as they are at one instant.
    Export(bulk::ExportArgs),
    /// Print who changed what and when, as JSON lines, the earliest first.
    Audit(audit::AuditArgs),
    /// Erase the subscribers of requests whose portings ended long ago.
    Purge(purge::PurgeArgs),
    /// Print an API's document (OpenAPI 3.1), or compare it with the committed one.
    Openapi(OpenapiArgs),
    /// Ask a server whether it is ready: exit status 0, or 1 and a reason.
    Healthcheck(HealthcheckArgs),
}

#[derive(Debug, Args)]
struct TokenArgs {
    /// An org the token is for; may be repeated. '*' is every org.
    #[arg(long = "org", required = true, value_name = "ORG")]
    orgs: Vec<String>,
    /// What the token allows, separated by blanks.
    #[arg(long, default_value = Scope::Everything.as_str())]
    scope: String,
    /// How long the token holds: `90s`, `1h`, `30d`, or ISO 8601.
    #[arg(long, default_value = "1h")]
    ttl: SignedDuration,
    /// Whom the token speaks for (`sub`).
    #[arg(long, default_value = "portero")]
    subject: String,
    #[command(flatten)]
    auth: AuthConfig,
}

#[derive(Debug, Args)]
struct SeedArgs {
    /// `demo`, `empty`, or a data set's JSON file.
    data: String,
    /// Replace what the database holds.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    database: DatabaseConfig,
}

#[derive(Debug, Args)]
struct LoadArgs {
    /// A data set's JSON file.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseConfig,
}

#[derive(Debug, Args)]
struct OpenapiArgs {
    /// Compare with the committed files instead of printing.
    #[arg(long)]
    check: bool,
    /// Write the committed files instead of printing.
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Where the committed files are.
    #[arg(long, default_value = "openapi", value_name = "DIR")]
    dir: PathBuf,
    /// Which API; every one if unset.
    api: Option<String>,
}

#[derive(Debug, Args)]
struct HealthcheckArgs {
    /// The server's URL; if unset, that of `PORTERO_LISTEN` on this machine.
    url: Option<String>,
    #[arg(long, env = "PORTERO_LISTEN", default_value = "127.0.0.1:8080", hide = true)]
    listen: std::net::SocketAddr,
    /// Only whether there is one counts here.
    #[arg(long, env = "PORTERO_TLS_CERT", hide = true)]
    tls_cert: Option<PathBuf>,
}

/// Why a command failed, for the person at the terminal.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{}", .0.plainly())]
    Failure(#[from] Error),
    #[error("the database holds data already: --replace throws them away")]
    NotEmpty,
    #[error("there is no API '{0}': {1}")]
    UnknownApi(String, String),
    #[error("{0} is not what this binary generates: 'portero openapi --write' brings it up to date")]
    Outdated(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}: {1}")]
    Header(PathBuf, String),
    #[error("{0} has {1} bad lines: nothing was imported; --skip-bad leaves them out")]
    BadLines(PathBuf, u64),
    #[error("a token needs a secret: --jwt-secret")]
    NoSecret,
    #[error("--older-than reaches back before there was time")]
    Age,
    #[error("--ttl must be positive")]
    Ttl,
    #[error("--log: {0}")]
    Log(#[from] tracing_subscriber::filter::ParseError),
    #[error("{0}")]
    Traces(#[from] TracesError),
    #[error("not ready: {0}")]
    NotReady(String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Parses the command line and runs the command.
pub async fn run() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| discreet(error).exit());
    match cli.command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "portero: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is wrong with the command line, without the value where that is a secret: a mistyped one is often almost the right one.
fn discreet(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::ValueValidation {
        return error;
    }
    let mut cli = Cli::command();
    cli.build();
    let secrets = cli.get_subcommands().flat_map(clap::Command::get_arguments).filter(|setting| setting.is_hide_env_values_set());
    let secrets: Vec<_> = secrets.map(ToString::to_string).collect();
    if matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(setting)) if secrets.contains(setting)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

impl Command {
    async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Serve(config) => {
                let observed = observe(&config.logs)?;
                let outcome = server::run(&config).await;
                if let Some(traces) = observed.traces {
                    traces.end().await;
                }
                Ok(outcome?)
            }
            Self::Token(args) => args.run(),
            Self::Migrate(config) => {
                let store = store::open(&config.database, &config.pool).await?;
                store.migrate().await?;
                store.close().await;
                Ok(())
            }
            Self::Seed(args) => args.run().await,
            Self::Load(args) => args.run().await,
            Self::Import(args) => args.run().await,
            Self::Export(args) => args.run().await,
            Self::Audit(args) => args.run().await,
            Self::Purge(args) => args.run().await,
            Self::Openapi(args) => args.run(),
            Self::Healthcheck(args) => args.run().await,
        }
    }
}

/// What must be ended in good order.
struct Observed {
    /// Sends what is left when it is dropped.
    _sentry: sentry::ClientInitGuard,
    traces: Option<Traces>,
}

/// Starts the log, and Sentry and traces where they are wanted.
fn observe(config: &LogConfig) -> Result<Observed, CommandError> {
    // Notices of Postgres such as "already exists, skipping" tell an operator nothing.
    let filter = EnvFilter::try_new(format!("sqlx::postgres::notice=warn,{}", config.log))?;
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let log = match config.log_format {
        LogFormat::Json => log.json().flatten_event(true).boxed(),
        LogFormat::Pretty => log.boxed(),
    };
    let traces = config.otlp_endpoint.as_ref().map(Traces::to).transpose()?;
    match &traces {
        // Each has its own filter, for what is traced is not logged and the other way round.
        Some(traces) => tracing_subscriber::registry().with(log.with_filter(filter)).with(traces.layer()).init(),
        None => tracing_subscriber::registry().with(log).with(filter).init(),
    }
    let mut options = sentry::ClientOptions::default();
    options.dsn = config.sentry_dsn.as_ref().map(|SentryDsn(dsn)| dsn.clone());
    options.release = sentry::release_name!();
    Ok(Observed { _sentry: sentry::init(options), traces })
}

impl TokenArgs {
    fn run(self) -> Result<(), CommandError> {
        let secret = server::signing_secret(Mode::Mock, &self.auth)?.ok_or(CommandError::NoSecret)?;
        let ttl = Duration::try_from(self.ttl).map_err(|_| CommandError::Ttl)?;
        let token = sign(&secret, &self.auth.rules(), &self.subject, &self.orgs, &self.scope, SystemClock.now(), ttl)?;
        print(&format!("{token}\n"))
    }
}

impl SeedArgs {
    async fn run(self) -> Result<(), CommandError> {
        let store = store::open(&self.database.database, &self.database.pool).await?;
        server::take_for_mock(&*store).await?;
        if !self.replace && !store.is_empty().await? {
            return Err(CommandError::NotEmpty);
        }
        let seed = match Seed::named(&self.data) {
            Some(seed) => seed,
            None => Seed::Data(DataSet::parse(&read(Path::new(&self.data))?)?.into()),
        };
        seed.made(Arc::new(SystemClock)).await?.fill(&*store).await?;
        store.close().await;
        Ok(())
    }
}

impl LoadArgs {
    async fn run(self) -> Result<(), CommandError> {
        let data = DataSet::parse(&read(&self.file)?)?;
        let store = store::open(&self.database.database, &self.database.pool).await?;
        store.migrate().await?;
        registry::load(&*store, &data).await?;
        store.close().await;
        Ok(())
    }
}

impl OpenapiArgs {
    fn run(self) -> Result<(), CommandError> {
        let mut documents = server::documents(Mode::Mock);
        if let Some(api) = &self.api {
            let names: Vec<_> = documents.iter().map(|document| document.name).collect();
            let known = names.join(", ");
            documents.retain(|document| document.name == api);
            if documents.is_empty() {
                return Err(CommandError::UnknownApi(api.clone(), known));
            }
        }
        for document in documents {
            let (path, text) = (self.dir.join(document.file), document.to_json()?);
            if self.check {
                if read(&path)? != text {
                    return Err(CommandError::Outdated(path));
                }
            } else if self.write {
                std::fs::write(&path, text).map_err(|error| CommandError::File(path, error))?;
            } else {
                print(&text)?;
            }
        }
        Ok(())
    }
}

impl HealthcheckArgs {
    async fn run(self) -> Result<(), CommandError> {
        let not_ready = |error: &dyn std::fmt::Display| CommandError::NotReady(error.to_string());
        let url = self.url.unwrap_or_else(|| {
            let host = if self.listen.ip().is_unspecified() { std::net::Ipv4Addr::LOCALHOST.into() } else { self.listen.ip() };
            let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
            format!("{scheme}://{}", std::net::SocketAddr::new(host, self.listen.port()))
        });
        // The certificate is for another name than this machine's own address, and nothing secret is sent or believed.
        let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).timeout(Duration::from_secs(2)).build();
        let request = client.map_err(|error| not_ready(&error))?.get(format!("{}/health/ready", url.trim_end_matches('/')));
        let answer = request.send().await.map_err(|error| not_ready(&error))?;
        if answer.status().is_success() { Ok(()) } else { Err(not_ready(&answer.status())) }
    }
}

fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| CommandError::File(path.to_owned(), error))
}

fn print(text: &str) -> Result<(), CommandError> {
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| CommandError::File("standard output".into(), error))
}
