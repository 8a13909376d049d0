//! How a server is put together from its settings.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::auth::{KeySource, Scope, Secret, TokenRules, Verifier, sign};
use crate::central_node::{SimulatedNode, WillingDonors};
use crate::clock::{Clock, SystemClock};
use crate::config::{AuthConfig, EntitlementConfig, Mode, ServeConfig};
use crate::domain::org::Tenancy;
use crate::entitlement::EntitlementServer;
use crate::entitlement::stored::StoredTokens;
use crate::entitlement::ts43::{Ts43Client, Ts43Config};
use crate::error::{Error, Kind, Result};
use crate::http::{self, AppState, Document, connections};
use crate::mock::control::{self, ControlState};
use crate::mock::layers::{self, Mock};
use crate::mock::page::{self, Signer};
use crate::mock::sandbox::Surroundings;
use crate::mock::sandboxes::Sandboxes;
use crate::mock::seed::Seed;
use crate::mock::template::Templates;
use crate::service::World;
use crate::store::{self, Store};
use crate::worker;

/// How often a mock makes sure that its database is still its own.
const CLAIM_CHECK: Duration = Duration::from_secs(5);

/// The setting that says what a database was served as.
const MODE_SETTING: &str = "mode";

/// Why a server does not start. Each text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key is needed.
    #[error("a reference server needs a key of its own: set --jwt-secret (not the published development secret) or --jwks")]
    NoKey,
    /// Reference data are not to be played with.
    #[error("this database was served as a reference server's: mock mode and 'seed' do not touch it")]
    ReferenceDatabase,
    /// One mock server per database.
    #[error("another portero has this database; several processes on one database need Postgres and --mode reference")]
    DatabaseInUse,
    /// The database or the keys fail.
    #[error("{}", .0.plainly())]
    Failure(#[from] Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// It could not be told to stop.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
}

/// The two times that a server lives in.
#[derive(Clone)]
pub struct Clocks {
    /// Stamps and judges what is stored.
    pub data: Arc<dyn Clock>,
    /// Real time: judges tokens and the age of keys, whatever time the data live in.
    pub real: Arc<dyn Clock>,
}

impl Clocks {
    /// The machine's own clock for both.
    #[must_use]
    pub fn system() -> Self {
        Self { data: Arc::new(SystemClock), real: Arc::new(SystemClock) }
    }
}

/// A server that is ready to be served.
pub struct Server {
    /// Its routes.
    pub router: Router,
    /// Its database, to be closed at the end.
    pub store: Arc<dyn Store>,
    /// What it serves where no sandbox is named.
    pub world: World,
    /// What else a mock serves.
    pub sandboxes: Option<Arc<Sandboxes>>,
    /// Whether it works in the background.
    pub worker: bool,
    /// How long requests in flight may take once it was told to stop.
    pub drain: Duration,
}

impl Server {
    /// Opens the database, brings it up to date, seeds it in mock mode if it is empty, and builds the routes.
    ///
    /// # Errors
    /// [`StartError`] says what to change.
    pub async fn build(config: &ServeConfig, clocks: Clocks) -> Result<Self, StartError> {
        let secret = signing_secret(config.mode, &config.auth)?;
        let store = store::open(&config.database.database, &config.database.pool).await?;
        prepare(&store, config.mode, clocks.data.clone()).await?;
        let keys = match &config.auth.jwks {
            Some(location) => Some(KeySource::new(location.clone())?),
            None => None,
        };
        if let Some(keys) = &keys {
            keys.load(clocks.real.now()).await?;
        }
        let verifier = Arc::new(Verifier::new(secret.as_ref(), keys, config.auth.rules(), clocks.real.clone()));
        let (router, world, sandboxes) = match config.mode {
            Mode::Mock => mock(config, clocks, store.clone(), verifier).await?,
            Mode::Reference => reference(config, clocks, store.clone(), verifier)?,
        };
        Ok(Self { router, store, world, sandboxes, worker: config.worker, drain: config.drain() })
    }

    /// Serves until `shutdown` completes; then answers what is in flight and closes the database.
    ///
    /// # Errors
    /// [`StartError::DatabaseInUse`] where a mock's database is lost to another process.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) -> Result<(), StartError> {
        let stop = CancellationToken::new();
        let (world, sandboxes) = (self.world, self.sandboxes.clone());
        let worlds = move || sandboxes.as_ref().map_or_else(|| vec![world.clone()], |sandboxes| sandboxes.worlds());
        let worker = self.worker.then(|| tokio::spawn(worker::run(worlds, stop.clone())));
        let mut outcome = Ok(());
        let ended = async {
            tokio::select! {
                () = shutdown => {}
                lost = keep_claim(&*self.store) => outcome = Err(lost),
            }
            if let Some(sandboxes) = &self.sandboxes {
                sandboxes.end_streams();
            }
        };
        connections::serve(listener, self.router, ended, self.drain).await;
        stop.cancel();
        if let Some(worker) = worker {
            // What it was about is undone by the database if it does not end well.
            let _ = worker.await;
        }
        self.store.close().await;
        outcome
    }
}

/// Routes, the world of requests that name no sandbox, and where it is a mock's, the sandboxes.
type Parts = (Router, World, Option<Arc<Sandboxes>>);

/// A server with everything that a mock has.
async fn mock(config: &ServeConfig, clocks: Clocks, store: Arc<dyn Store>, verifier: Arc<Verifier>) -> Result<Parts> {
    let around = Surroundings { time: clocks.data, entitlement: entitlement_server(&config.entitlement)?, templates: Templates::default() };
    let sandboxes = Arc::new(Sandboxes::new(store, clocks.real.clone(), config.sandboxes(), around).await?);
    let world = sandboxes.default_one().world.clone();
    let state = AppState { world: world.clone(), verifier: verifier.clone() };
    let control = control::routes(ControlState { sandboxes: sandboxes.clone(), verifier: verifier.clone() });
    let signer = signing_secret(config.mode, &config.auth).ok().flatten();
    let signer = signer.map(|secret| Signer { secret, rules: config.auth.rules(), real: clocks.real.clone() });
    let routes = http::routes(documents(Mode::Mock)).with_state(state).merge(control).merge(page::router(signer));
    let layers = Mock { sandboxes: sandboxes.clone(), verifier, real: clocks.real };
    Ok((layers::layered(routes, layers, config.request_timeout()), world, Some(sandboxes)))
}

/// A server that has nothing of the mock.
fn reference(config: &ServeConfig, clocks: Clocks, store: Arc<dyn Store>, verifier: Arc<Verifier>) -> Result<Parts> {
    let world = World {
        entitlement: entitlement_server(&config.entitlement)?.unwrap_or_else(|| Arc::new(StoredTokens::new(store.clone()))),
        central_node: Arc::new(SimulatedNode::new(Arc::new(WillingDonors))),
        clock: clocks.data,
        store,
    };
    let routes = http::routes(documents(Mode::Reference)).with_state(AppState { world: world.clone(), verifier });
    Ok((http::guarded(routes, config.request_timeout()), world, None))
}

/// The documents that a server publishes.
#[must_use]
pub fn documents(mode: Mode) -> Vec<Document> {
    let mut documents = http::documents();
    if mode == Mode::Mock {
        documents.push(control::document());
    }
    documents
}

/// Watches over the claim on a mock's database, which ends with the connection that holds it: taken again, unless another process was quicker.
async fn keep_claim(store: &dyn Store) -> StartError {
    loop {
        tokio::time::sleep(CLAIM_CHECK).await;
        match store.keep_claim().await {
            Ok(true) => {}
            Ok(false) => return StartError::DatabaseInUse,
            Err(error) => tracing::warn!(cause = error.story(), "the claim on the database could not be checked"),
        }
    }
}

/// The HS256 secret of a server: its own, or in mock mode the published one where there is no key at all.
///
/// # Errors
/// [`StartError::NoKey`] for a reference server without a key of its own.
pub fn signing_secret(mode: Mode, auth: &AuthConfig) -> Result<Option<Secret>, StartError> {
    match (&auth.jwt_secret, mode) {
        (Some(secret), Mode::Reference) if secret.is_development() => Err(StartError::NoKey),
        (None, Mode::Reference) if auth.jwks.is_none() => Err(StartError::NoKey),
        (None, Mode::Mock) if auth.jwks.is_none() => Ok(Some(Secret::development())),
        (secret, _) => Ok(secret.clone()),
    }
}

/// Brings a database into the state that its mode needs.
async fn prepare(store: &Arc<dyn Store>, mode: Mode, clock: Arc<dyn Clock>) -> Result<(), StartError> {
    match mode {
        Mode::Reference => {
            store.migrate().await?;
            let mut unit = store.begin(Tenancy::Every).await?;
            unit.setting_put(MODE_SETTING, "reference").await?;
            unit.commit().await?;
        }
        Mode::Mock => {
            take_for_mock(&**store).await?;
            if store.is_empty().await? {
                Seed::Demo.fill(&**store, clock).await?;
            }
        }
    }
    Ok(())
}

/// Makes a database this process's own, for serving or seeding a mock.
///
/// # Errors
/// [`StartError::ReferenceDatabase`] and [`StartError::DatabaseInUse`].
pub async fn take_for_mock(store: &dyn Store) -> Result<(), StartError> {
    // Asked before migrating, for a reference server's schema is not a mock's to change. A failure means that there is no schema yet;
    // a database that is broken in another way fails in the migration.
    let mode = store.setting(MODE_SETTING).await.unwrap_or_default();
    if mode.as_deref() == Some("reference") {
        return Err(StartError::ReferenceDatabase);
    }
    if !store.claim().await? {
        return Err(StartError::DatabaseInUse);
    }
    store.migrate().await?;
    Ok(())
}

/// The configured Entitlement Server; `None`: the built-in one is to answer.
fn entitlement_server(config: &EntitlementConfig) -> Result<Option<Arc<dyn EntitlementServer>>> {
    let Some(base_url) = config.entitlement_url.clone() else { return Ok(None) };
    let mut settings = Ts43Config::new(base_url, config.entitlement_requestor_id.clone(), config.entitlement_version.clone());
    settings.access_token.clone_from(&config.entitlement_access_token);
    let client = Ts43Client::new(settings).map_err(|error| Error::because(Kind::Internal, error))?;
    Ok(Some(Arc::new(client)))
}

/// Listens, says where, and serves until the process is told to stop.
///
/// # Errors
/// [`StartError`] says what to change.
pub async fn run(config: &ServeConfig) -> Result<(), StartError> {
    // Before anything else: a signal must not end the process halfway, nor be ignored while the database is waited for.
    let told_to_stop = told_to_stop().map_err(StartError::Signals)?;
    tokio::pin!(told_to_stop);
    let server = tokio::select! {
        server = Server::build(config, Clocks::system()) => server?,
        () = &mut told_to_stop => return Ok(()),
    };
    let listen_error = |error| StartError::Listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    announce(config, address)?;
    server.serve(listener, told_to_stop).await
}

/// A token for every org and everything, for a day: what the start-up block of a mock server shows.
fn everything_token(secret: &Secret, rules: &TokenRules) -> Result<String, Error> {
    let day = Duration::from_hours(24);
    sign(secret, rules, "portero", &["*".to_owned()], Scope::Everything.as_str(), SystemClock.now(), day)
}

/// The start-up block: where, over what, and in mock mode a token and a curl that work.
fn announce(config: &ServeConfig, address: SocketAddr) -> Result<(), StartError> {
    // Every address is no address to go to.
    let host = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    let address = SocketAddr::new(host, address.port());
    let mode = if config.mode == Mode::Mock { "mock" } else { "reference" };
    let database = &config.database.database;
    let mut block =
        format!("portero listens on http://{address}\n  database  {database}\n  mode      {mode}\n  docs      http://{address}/docs\n");
    if let (Mode::Mock, Some(secret)) = (config.mode, signing_secret(config.mode, &config.auth)?) {
        let token = everything_token(&secret, &config.auth.rules())?;
        if secret.is_development() {
            block.push_str("  key       the published development secret: for trying out, on a machine of your own\n");
        }
        let curl = format!("curl http://{address}/v2/msisdns/666777888 -H 'Authorization: Bearer {token}'");
        block.extend(["  token     ", &token, "\n\n", &curl, "\n"]);
    }
    // A closed standard output is no reason not to serve.
    let _ = std::io::stdout().lock().write_all(block.as_bytes());
    Ok(())
}

/// Listens for SIGTERM and Ctrl-C from now on; the future completes at the first of them.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {},
                _ = interrupt.recv() => {},
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
