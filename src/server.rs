//! How a server is put together from its settings.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::auth::{KeySource, RateLimit, Scope, Secret, TokenRules, Verifier, sign};
use crate::central_node::{SimulatedNode, WillingDonors};
use crate::clock::{Clock, SystemClock};
use crate::config::{AuthConfig, EntitlementConfig, InvalidReplica, Mode, ServeConfig};
use crate::domain::org::Tenancy;
use crate::entitlement::EntitlementServer;
use crate::entitlement::measured::Measured;
use crate::entitlement::stored::StoredTokens;
use crate::entitlement::ts43::{Ts43Client, Ts43Config};
use crate::error::{Error, Kind, Result};
use crate::http::connections::{self, Bounds};
use crate::http::probes::{self, Probed};
use crate::http::tls::{Tls, TlsError};
use crate::http::{self, AppState, Document, Guard};
use crate::mock::control::{self, ControlState};
use crate::mock::demo;
use crate::mock::layers::{self, Mock};
use crate::mock::operations::Operations;
use crate::mock::page::{self, Signer};
use crate::mock::sandbox::Surroundings;
use crate::mock::sandboxes::Sandboxes;
use crate::mock::seed::Seed;
use crate::mock::template::Templates;
use crate::service::replica::Replica;
use crate::service::{Requests, World};
use crate::store::{self, DatabaseUrl, Store};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::pulse::Pulse;
use crate::worker::{self, BACKOFF, Signs, supervised};

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
    /// A mock has no replica.
    #[error("--replica-url is for --mode reference: a mock's sandboxes and clocks are its own process's")]
    MockReplica,
    /// The replica cannot be one.
    #[error("{0}")]
    Replica(#[from] InvalidReplica),
    /// The database or the keys fail.
    #[error("{}", .0.plainly())]
    Failure(#[from] Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The certificate cannot be used.
    #[error("{0}")]
    Tls(#[from] TlsError),
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
    /// By what others see how its worker is; `None`: it does not work in the background.
    pub worker: Option<Signs>,
    /// What it measures.
    pub measured: Arc<Metrics>,
    /// Where it serves metrics, if not among its routes.
    pub metrics: Option<(TcpListener, Router)>,
    /// Its certificate, if it has one.
    pub tls: Option<Arc<Tls>>,
    /// What connections may cost.
    pub bounds: Bounds,
}

impl Server {
    /// Opens the database, brings it up to date, seeds it in mock mode if it is empty, and builds the routes.
    ///
    /// # Errors
    /// [`StartError`] says what to change.
    pub async fn build(config: &ServeConfig, clocks: Clocks) -> Result<Self, StartError> {
        let secret = signing_secret(config.mode, &config.auth)?;
        let replica = config.replica.open(&config.database)?;
        if replica.is_some() && config.mode == Mode::Mock {
            return Err(StartError::MockReplica);
        }
        let mode = config.mode;
        // They take as long as a new database does, and need nothing of it.
        let documents = tokio::task::spawn_blocking(move || read_documents(mode));
        if mode == Mode::Mock {
            begin_file(&config.database.database, &*clocks.data).await?;
        }
        let store = store::open(&config.database.database, &config.database.pool).await?;
        prepare(&store, mode, clocks.data.clone()).await?;
        let documents = documents.await.map_err(|error| Error::because(Kind::Internal, error))?;
        let keys = match &config.auth.jwks {
            Some(location) => Some(KeySource::new(location.clone())?),
            None => None,
        };
        if let Some(keys) = &keys {
            keys.load(clocks.real.now()).await?;
        }
        let metrics = Arc::new(Metrics::default());
        let verifier = Verifier::new(secret.as_ref(), keys, config.auth.rules(), clocks.real.clone(), metrics.clone());
        let verifier = Arc::new(verifier.limited(config.limits.rate_limit.map(RateLimit::per_second)));
        let signs = Signs { pulse: Arc::new(Pulse::new(clocks.real.now())), real: clocks.real.clone(), metrics: metrics.clone() };
        let worker = config.worker.then_some(signs);
        let measured = metrics.clone();
        let base = Base { documents, store: store.clone(), replica, verifier, metrics, worker: worker.clone() };
        let parts = match config.mode {
            Mode::Mock => mock(config, clocks, base).await?,
            Mode::Reference => reference(config, clocks, base)?,
        };
        let Parts { router, world, sandboxes, probes } = parts;
        let metrics = match config.metrics_listen {
            Some(address) => Some((TcpListener::bind(address).await.map_err(|error| StartError::Listen(address, error))?, probes)),
            None => None,
        };
        Ok(Self { router, store, world, sandboxes, worker, measured, metrics, tls: tls(config)?, bounds: config.bounds() })
    }

    /// Serves until `shutdown` completes; then answers what is in flight and closes the database.
    ///
    /// # Errors
    /// [`StartError::DatabaseInUse`] where a mock's database is lost to another process.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) -> Result<(), StartError> {
        let stop = CancellationToken::new();
        let (world, sandboxes, stopped) = (self.world.clone(), self.sandboxes.clone(), stop.clone());
        let worlds = Arc::new(move || sandboxes.as_ref().map_or_else(|| vec![world.clone()], |sandboxes| sandboxes.worlds()));
        let worker = self.worker.map(|signs| {
            let work = move || {
                let worlds = worlds.clone();
                worker::run(move || worlds(), signs.clone(), stopped.clone())
            };
            tokio::spawn(supervised("worker", work, BACKOFF, self.measured.clone(), stop.clone()))
        });
        let replica = self.world.replica.clone().map(|replica| {
            let (store, stopped) = (self.store.clone(), stop.clone());
            let follow = move || follow(replica.clone(), store.clone(), stopped.clone());
            tokio::spawn(supervised("replica", follow, BACKOFF, self.measured.clone(), stop.clone()))
        });
        let (told, bounds) = (stop.clone().cancelled_owned(), self.bounds);
        let metrics = self.metrics.map(|(listener, router)| tokio::spawn(connections::serve(listener, None, router, told, bounds)));
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
        connections::serve(listener, self.tls, self.router, ended, bounds).await;
        stop.cancel();
        for task in worker.into_iter().chain(replica).chain(metrics) {
            // What the worker was about is undone by the database if it does not end well.
            let _ = task.await;
        }
        if let Some(replica) = &self.world.replica {
            replica.store.close().await;
        }
        self.store.close().await;
        outcome
    }
}

/// Follows a replica until the server stops.
async fn follow(replica: Arc<Replica>, store: Arc<dyn Store>, stopped: CancellationToken) {
    tokio::select! {
        () = stopped.cancelled() => {}
        never = replica.follow(&*store) => match never {},
    }
}

/// What a server of either mode stands on.
struct Base {
    documents: Vec<&'static Document>,
    store: Arc<dyn Store>,
    replica: Option<Arc<Replica>>,
    verifier: Arc<Verifier>,
    metrics: Arc<Metrics>,
    worker: Option<Signs>,
}

impl Base {
    /// What probes ask about.
    fn probed(&self, world: &World, real: &Arc<dyn Clock>) -> Probed {
        let worker = self.worker.as_ref().map(|signs| signs.pulse.clone());
        Probed { world: world.clone(), worker, real: real.clone(), metrics: self.metrics.clone(), sampled: Arc::default() }
    }

    /// What stands around routes.
    fn guard(&self, config: &ServeConfig) -> Guard {
        let limits = &config.limits;
        let guard = Guard::new(&self.documents, &self.metrics, Duration::from_secs(limits.request_timeout), limits.max_concurrency);
        if limits.cors_origin.is_empty() { guard } else { guard.with_cors(&limits.cors_origin) }
    }
}

/// Routes, the world of requests that name no sandbox, where it is a mock's, the sandboxes, and routes for a listener of their own.
struct Parts {
    router: Router,
    world: World,
    sandboxes: Option<Arc<Sandboxes>>,
    probes: Router,
}

/// The probes that belong among a server's routes, and those for a listener of their own.
fn probe_routes(config: &ServeConfig, probed: &Probed, guard: &Guard) -> (Router, Router) {
    let (health, metrics) = (probes::health(probed.clone()), probes::metrics(probed.clone()));
    let own = http::guarded(health.clone().merge(metrics.clone()), guard);
    (if config.metrics_listen.is_some() { health } else { health.merge(metrics) }, own)
}

/// A server with everything that a mock has.
async fn mock(config: &ServeConfig, clocks: Clocks, base: Base) -> Result<Parts> {
    let entitlement = entitlement_server(&config.entitlement, &base.metrics)?;
    let around = Surroundings { time: clocks.data, entitlement, templates: Templates::default() };
    let sandboxes = Arc::new(Sandboxes::new(base.store.clone(), clocks.real.clone(), config.sandboxes(), around).await?);
    let world = sandboxes.default_one().world.clone();
    let (guard, verifier) = (base.guard(config), base.verifier.clone());
    let (health, probes) = probe_routes(config, &base.probed(&world, &clocks.real), &guard);
    let state = AppState { world: world.clone(), verifier: verifier.clone() };
    let control = control::routes(ControlState { sandboxes: sandboxes.clone(), verifier: verifier.clone() });
    let signer = signing_secret(config.mode, &config.auth).ok().flatten();
    let signer = signer.map(|secret| Signer { secret, rules: config.auth.rules(), real: clocks.real.clone() });
    let routes = http::routes(&base.documents).with_state(state).merge(health).merge(control).merge(page::router(signer));
    let layers = Mock { sandboxes: sandboxes.clone(), verifier, real: clocks.real };
    Ok(Parts { router: layers::layered(routes, layers, &guard), world, sandboxes: Some(sandboxes), probes })
}

/// A server that has nothing of the mock.
fn reference(config: &ServeConfig, clocks: Clocks, base: Base) -> Result<Parts> {
    let store = base.store.clone();
    let world = World {
        entitlement: entitlement_server(&config.entitlement, &base.metrics)?.unwrap_or_else(|| Arc::new(StoredTokens::new(store.clone()))),
        central_node: Arc::new(SimulatedNode::new(Arc::new(WillingDonors))),
        clock: clocks.data,
        replica: base.replica.clone(),
        store,
        requests: Requests::default(),
    };
    let guard = base.guard(config);
    let (health, probes) = probe_routes(config, &base.probed(&world, &clocks.real), &guard);
    let routes = http::routes(&base.documents).with_state(AppState { world: world.clone(), verifier: base.verifier });
    Ok(Parts { router: http::guarded(routes.merge(health), &guard), world, sandboxes: None, probes })
}

/// The documents that a server publishes.
#[must_use]
pub fn documents(mode: Mode) -> Vec<&'static Document> {
    http::documents().chain((mode == Mode::Mock).then(control::document)).collect()
}

/// The same, and besides all that is made of them once: whoever needed it first would wait for it.
fn read_documents(mode: Mode) -> Vec<&'static Document> {
    if mode == Mode::Mock {
        let _ = Operations::published();
    }
    documents(mode)
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

/// Lets a file that is new begin as a copy of the demo data: nothing of them has to be written a second time.
async fn begin_file(database: &DatabaseUrl, clock: &dyn Clock) -> Result<()> {
    let Some(path) = database.new_file() else { return Ok(()) };
    let demo = demo::play(clock.now()).await?.image().await?;
    if let Err(error) = demo.put(path) {
        // Such as a file system without links, or somebody who was quicker: what is there is opened as any other, or it is said why it cannot be.
        tracing::debug!(%error, "a new database does not begin as a copy");
    }
    Ok(())
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
            let has_schema = claim_for_mock(&**store).await?;
            // Where there is no schema there are no data: what a new database begins with is made while it is migrated.
            let beginning = async { if has_schema { Ok(None) } else { Seed::Demo.made(clock.clone()).await.map(Some) } };
            let ((), beginning) = tokio::try_join!(store.migrate(), beginning)?;
            match beginning {
                Some(demo) => demo.fill(&**store).await?,
                None if store.is_empty().await? => Seed::Demo.made(clock).await?.fill(&**store).await?,
                None => {}
            }
        }
    }
    Ok(())
}

/// Makes a database this process's own, for seeding a mock, and brings it up to date.
///
/// # Errors
/// [`StartError::ReferenceDatabase`] and [`StartError::DatabaseInUse`].
pub async fn take_for_mock(store: &dyn Store) -> Result<(), StartError> {
    claim_for_mock(store).await?;
    Ok(store.migrate().await?)
}

/// Makes a database this process's own. Whether it has a schema, of whatever age.
async fn claim_for_mock(store: &dyn Store) -> Result<bool, StartError> {
    // Asked before migrating, for a reference server's schema is not a mock's to change. A failure means that there is no schema yet;
    // a database that is broken in another way fails in the migration.
    let mode = store.setting(MODE_SETTING).await;
    if matches!(&mode, Ok(Some(mode)) if mode == "reference") {
        return Err(StartError::ReferenceDatabase);
    }
    if !store.claim().await? {
        return Err(StartError::DatabaseInUse);
    }
    Ok(mode.is_ok())
}

/// The configured Entitlement Server; `None`: the built-in one is to answer.
fn entitlement_server(config: &EntitlementConfig, metrics: &Arc<Metrics>) -> Result<Option<Arc<dyn EntitlementServer>>> {
    let Some(base_url) = config.entitlement_url.clone() else { return Ok(None) };
    let mut settings = Ts43Config::new(base_url, config.entitlement_requestor_id.clone(), config.entitlement_version.clone());
    settings.access_token.clone_from(&config.entitlement_access_token);
    let client = Ts43Client::new(settings).map_err(|error| Error::because(Kind::Internal, error))?;
    Ok(Some(Arc::new(Measured::new(client, metrics.clone()))))
}

/// The configured certificate, if any.
fn tls(config: &ServeConfig) -> Result<Option<Arc<Tls>>, TlsError> {
    let (Some(certificate), Some(key)) = (config.tls.tls_cert.clone(), config.tls.tls_key.clone()) else { return Ok(None) };
    Tls::load(certificate, key).map(Arc::new).map(Some)
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
    if let Some(tls) = server.tls.clone() {
        renew(tls).map_err(StartError::Signals)?;
    }
    announce(config, address, server.metrics.as_ref().and_then(|(listener, _)| listener.local_addr().ok()))?;
    server.serve(listener, told_to_stop).await
}

/// A token for every org and everything, for a day: what the start-up block of a mock server shows.
fn everything_token(secret: &Secret, rules: &TokenRules) -> Result<String, Error> {
    let day = Duration::from_hours(24);
    sign(secret, rules, "portero", &["*".to_owned()], Scope::Everything.as_str(), SystemClock.now(), day)
}

/// The start-up block: where, over what, and in mock mode a token and a curl that work.
fn announce(config: &ServeConfig, address: SocketAddr, metrics: Option<SocketAddr>) -> Result<(), StartError> {
    let address = reachable(address);
    let scheme = if config.tls.tls_cert.is_some() { "https" } else { "http" };
    let mode = if config.mode == Mode::Mock { "mock" } else { "reference" };
    let database = &config.database.database;
    let url = format!("{scheme}://{address}");
    let mut block = format!("portero listens on {url}\n  database  {database}\n  mode      {mode}\n  docs      {url}/docs\n");
    if let Some(metrics) = metrics {
        block.extend(["  metrics   http://", &reachable(metrics).to_string(), "/metrics\n"]);
    }
    if let (Mode::Mock, Some(secret)) = (config.mode, signing_secret(config.mode, &config.auth)?) {
        let token = everything_token(&secret, &config.auth.rules())?;
        if secret.is_development() {
            block.push_str("  key       the published development secret: for trying out, on a machine of your own\n");
        }
        let curl = format!("curl {url}/v2/msisdns/666777888 -H 'Authorization: Bearer {token}'");
        block.extend(["  token     ", &token, "\n\n", &curl, "\n"]);
    }
    // A closed standard output is no reason not to serve.
    let _ = std::io::stdout().lock().write_all(block.as_bytes());
    Ok(())
}

/// An address to go to: that of every interface is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    SocketAddr::new(host, address.port())
}

/// Reads the certificate again at every SIGHUP from now on.
fn renew(tls: Arc<Tls>) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangups = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                match tls.reload() {
                    Ok(()) => tracing::info!("the certificate was read again"),
                    Err(error) => tracing::error!(%error, "the certificate stays what it was"),
                }
            }
        });
    }
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
