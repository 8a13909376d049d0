//! The commands.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

use crate::auth::{Scope, sign};
use crate::clock::{Clock, SystemClock};
use crate::config::{AuthConfig, DatabaseConfig, LogConfig, LogFormat, Mode, ServeConfig};
use crate::dataset::DataSet;
use crate::error::Error;
use crate::mock::seed::Seed;
use crate::server::{self, StartError};
use crate::service::registry;
use crate::store;

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
    #[error("a token needs a secret: --jwt-secret")]
    NoSecret,
    #[error("--ttl must be positive")]
    Ttl,
    #[error("--log: {0}")]
    Log(#[from] tracing_subscriber::filter::ParseError),
    #[error("not ready: {0}")]
    NotReady(String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Parses the command line and runs the command.
pub async fn run() -> ExitCode {
    match Cli::parse().command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "portero: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Command {
    async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Serve(config) => {
                let _sentry = observe(&config.logs)?;
                Ok(server::run(&config).await?)
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
            Self::Openapi(args) => args.run(),
            Self::Healthcheck(args) => args.run().await,
        }
    }
}

/// Starts the log, and Sentry where it is wanted; the guard sends what is left when it is dropped.
fn observe(config: &LogConfig) -> Result<sentry::ClientInitGuard, CommandError> {
    // Notices of Postgres such as "already exists, skipping" tell an operator nothing.
    let filter = EnvFilter::try_new(format!("sqlx::postgres::notice=warn,{}", config.log))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Json => log.json().flatten_event(true).init(),
        LogFormat::Pretty => log.init(),
    }
    let mut options = sentry::ClientOptions::default();
    options.dsn.clone_from(&config.sentry_dsn);
    options.release = sentry::release_name!();
    Ok(sentry::init(options))
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
        seed.fill(&*store, Arc::new(SystemClock)).await?;
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
            format!("http://{}", std::net::SocketAddr::new(host, self.listen.port()))
        });
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
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
