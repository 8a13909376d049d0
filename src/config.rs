//! Every setting, as flags and environment variables: this file is the documentation of both.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::auth::{JwksLocation, Secret, TokenRules};
use crate::entitlement::ts43::AccessToken;
use crate::http::connections::Bounds;
use crate::mock::sandboxes::Limits;
use crate::service::replica::Replica;
use crate::store::{self, DatabaseUrl, PoolSettings};

/// What the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// A mock for integrators: seeds an empty database, has a control plane and a published development secret.
    Mock,
    /// A reference server: needs a key of its own, and has nothing of the mock.
    Reference,
}

/// Settings of `portero serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeConfig {
    /// The address to listen on. Port 0 takes a free one; the start-up block says which.
    #[arg(long, env = "PORTERO_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Where metrics are served without anything else but health. Unset: at `/metrics` of the address above.
    #[arg(long, env = "PORTERO_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate, where there is TLS.
    #[command(flatten)]
    pub tls: TlsConfig,
    #[command(flatten)]
    /// Where the data are.
    pub database: DatabaseConfig,
    /// Where lists may be read.
    #[command(flatten)]
    pub replica: ReplicaConfig,
    /// What the server is for.
    #[arg(long, env = "PORTERO_MODE", default_value = "mock", value_enum)]
    pub mode: Mode,
    /// Which tokens hold.
    #[command(flatten)]
    pub auth: AuthConfig,
    /// Which Entitlement Server knows operator tokens.
    #[command(flatten)]
    pub entitlement: EntitlementConfig,
    /// Whether due transitions are applied in the background. Answers are right without; what nobody reads or changes then waits.
    #[arg(long, env = "PORTERO_WORKER", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub worker: bool,
    /// What callers may cost.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// How long requests in flight may take once the server was told to stop, in seconds.
    #[arg(long, env = "PORTERO_DRAIN_TIMEOUT", default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS")]
    pub drain_timeout: u64,
    /// How many sandboxes a mock has at most, the default one included.
    #[arg(long, env = "PORTERO_MAX_SANDBOXES", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "N")]
    pub max_sandboxes: u32,
    /// How long a mock's sandbox lives without requests, in seconds.
    #[arg(long, env = "PORTERO_SANDBOX_IDLE", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(1..), value_name = "SECONDS")]
    pub sandbox_idle: u32,
    /// What is logged.
    #[command(flatten)]
    pub logs: LogConfig,
}

impl ServeConfig {
    /// [`ServeConfig::max_sandboxes`] and [`ServeConfig::sandbox_idle`].
    #[must_use]
    pub fn sandboxes(&self) -> Limits {
        Limits {
            most: usize::try_from(self.max_sandboxes).unwrap_or(usize::MAX),
            idle: SignedDuration::from_secs(self.sandbox_idle.into()),
        }
    }

    /// What connections may cost.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            most: usize::try_from(self.limits.max_connections).unwrap_or(usize::MAX),
            head: usize::try_from(self.limits.max_head_bytes).unwrap_or(usize::MAX),
            patience: Duration::from_secs(self.limits.client_timeout),
            drain: Duration::from_secs(self.drain_timeout),
        }
    }
}

/// TLS.
#[derive(Debug, Clone, Args)]
pub struct TlsConfig {
    /// The certificate to serve TLS with, and those that lead to its root: a PEM file, read again at SIGHUP. Unset: no TLS.
    #[arg(long, env = "PORTERO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key: a PEM file, read again at SIGHUP.
    #[arg(long, env = "PORTERO_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// What callers may cost.
#[derive(Debug, Clone, Args)]
pub struct LimitsConfig {
    /// How long a request may take before it is answered 503, in seconds.
    #[arg(long, env = "PORTERO_REQUEST_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    pub request_timeout: u64,
    /// How many requests may be in flight before others are answered 503 at once. Probes are not counted out.
    #[arg(long, env = "PORTERO_MAX_CONCURRENCY", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    pub max_concurrency: u32,
    /// How many connections of clients there may be before others wait to be accepted.
    #[arg(long, env = "PORTERO_MAX_CONNECTIONS", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    pub max_connections: u32,
    /// How many bytes the line and headers of a request may have.
    #[arg(long, env = "PORTERO_MAX_HEAD_BYTES", default_value_t = 32_768, value_parser = clap::value_parser!(u32).range(8192..=1_048_576), value_name = "BYTES")]
    pub max_head_bytes: u32,
    /// How long a client may take to send a request's line and headers, send nothing, or take in nothing of an answer, in seconds.
    #[arg(long, env = "PORTERO_CLIENT_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    pub client_timeout: u64,
    /// How many requests a second a caller (`sub`) may make before others are answered 429. Unset: any number.
    #[arg(long, env = "PORTERO_RATE_LIMIT", value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    pub rate_limit: Option<u32>,
    /// An origin whose pages may call this server from a browser, such as `https://example.org`; may be repeated. Unset: none.
    #[arg(long, env = "PORTERO_CORS_ORIGIN", value_delimiter = ',', value_parser = origin, value_name = "ORIGIN")]
    pub cors_origin: Vec<HeaderValue>,
}

/// An origin as browsers send it (RFC 6454 §6.2): scheme, host, and a port that is not the scheme's.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let url: Url = text.parse().map_err(|error| format!("not an origin: {error}"))?;
    let canonical = url.origin().ascii_serialization();
    if canonical != text {
        return Err(format!("not an origin, which would be '{canonical}'"));
    }
    canonical.parse().map_err(|_| "not an origin".to_owned())
}

/// Where the data are.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// `sqlite:FILE`, `sqlite::memory:` or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite:portero.db", hide_env_values = true, value_name = "URL")]
    pub database: DatabaseUrl,
    /// How many connections.
    #[command(flatten)]
    pub pool: PoolSettings,
}

/// Where lists may be read.
#[derive(Debug, Clone, Args)]
pub struct ReplicaConfig {
    /// A Postgres standby of the database, for lists and exports: one server, not an address that leads to several. Unset: there is none.
    #[arg(long, env = "PORTERO_REPLICA_URL", hide_env_values = true, value_name = "URL")]
    pub replica_url: Option<DatabaseUrl>,
    /// How far the standby may be behind before nothing is read from it, in milliseconds.
    #[arg(long, env = "PORTERO_REPLICA_MAX_LAG", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=3_600_000), value_name = "MS")]
    pub replica_max_lag: u32,
}

impl ReplicaConfig {
    /// The standby of a database, if there is to be one.
    ///
    /// # Errors
    /// Where one of them is not Postgres.
    pub fn open(&self, database: &DatabaseConfig) -> Result<Option<Arc<Replica>>, InvalidReplica> {
        let Some(url) = &self.replica_url else { return Ok(None) };
        let (DatabaseUrl::Postgres(_), DatabaseUrl::Postgres(options)) = (&database.database, url) else { return Err(InvalidReplica) };
        let store = store::open_standby(options, &database.pool);
        Ok(Some(Arc::new(Replica::new(store, Duration::from_millis(self.replica_max_lag.into())))))
    }
}

/// A replica of something else than Postgres.
#[derive(Debug, thiserror::Error)]
#[error("--replica-url is for a standby of Postgres: both it and --database must be postgres://…")]
pub struct InvalidReplica;

/// Which tokens hold.
#[derive(Debug, Clone, Args)]
pub struct AuthConfig {
    /// The shared secret of HS256 tokens, 32 bytes or more. In mock mode a published one is used when there is no key at all.
    #[arg(long, env = "PORTERO_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<Secret>,
    /// The public keys of RS256, ES256 and `EdDSA` tokens: a JWKS file or URL.
    #[arg(long, env = "PORTERO_JWKS", value_name = "FILE|URL")]
    pub jwks: Option<JwksLocation>,
    /// The only issuer (`iss`) accepted. Unset: any.
    #[arg(long, env = "PORTERO_JWT_ISSUER", value_name = "ISS")]
    pub jwt_issuer: Option<String>,
    /// The audience (`aud`) tokens must be for. Unset: any.
    #[arg(long, env = "PORTERO_JWT_AUDIENCE", value_name = "AUD")]
    pub jwt_audience: Option<String>,
}

impl AuthConfig {
    /// What tokens must satisfy besides their signature.
    #[must_use]
    pub fn rules(&self) -> TokenRules {
        TokenRules { issuer: self.jwt_issuer.clone(), audience: self.jwt_audience.clone() }
    }
}

/// Which Entitlement Server knows operator tokens (GSMA TS.43).
#[derive(Debug, Clone, Args)]
pub struct EntitlementConfig {
    /// The Entitlement Server's base URL. Unset: the built-in one answers from stored tokens.
    #[arg(long, env = "PORTERO_ENTITLEMENT_URL", value_name = "URL")]
    pub entitlement_url: Option<Url>,
    /// How this server names itself there (`requestor_id`).
    #[arg(long, env = "PORTERO_ENTITLEMENT_REQUESTOR_ID", default_value = "portero", value_name = "ID")]
    pub entitlement_requestor_id: String,
    /// The TS.43 version both sides speak (`entitlement_version`).
    #[arg(long, env = "PORTERO_ENTITLEMENT_VERSION", default_value = "12.0", value_name = "VERSION")]
    pub entitlement_version: String,
    /// The access token it must show there, if any (`access_token`).
    #[arg(long, env = "PORTERO_ENTITLEMENT_ACCESS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub entitlement_access_token: Option<AccessToken>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Where Sentry is, with the key that lets others report to it; its `Debug` hides both.
#[derive(Clone)]
pub struct SentryDsn(pub sentry::types::Dsn);

impl FromStr for SentryDsn {
    type Err = sentry::types::ParseDsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Debug for SentryDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SentryDsn(…)")
    }
}

/// What is logged, and where failures are reported.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// What is logged: `error`, `warn`, `info`, `debug`, or directives such as `portero=debug,sqlx=warn`.
    #[arg(long, env = "PORTERO_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// How a log line looks.
    #[arg(long, env = "PORTERO_LOG_FORMAT", default_value = "pretty", value_enum)]
    pub log_format: LogFormat,
    /// Where failures of the server itself are reported.
    #[arg(long, env = "PORTERO_SENTRY_DSN", hide_env_values = true, value_name = "DSN")]
    pub sentry_dsn: Option<SentryDsn>,
    /// Where traces go: the base URL of an OTLP receiver (HTTP, protobuf), such as `http://127.0.0.1:4318`. Unset: there are none.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<Url>,
}
