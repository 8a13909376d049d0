//! A server under test, and a client that checks every answer.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use clap::Parser;
use portero::clock::Clock;
use portero::config::ServeConfig;
use portero::error::Kind;
use portero::mock::sandboxes::Sandboxes;
use portero::server::{Clocks, Server, StartError};
use portero::service::World;
use portero::store::Store;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::ManualClock;
use super::{Database, contract, tokens};

/// A server on a port of its own, with clocks that stand still.
pub struct App {
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Where it serves metrics, if on a port of their own.
    pub metrics_url: Option<String>,
    /// The clock of what is stored.
    pub clock: Arc<ManualClock>,
    /// The clock of tokens and keys.
    pub real_time: Arc<ManualClock>,
    /// Its database, as it sees it.
    pub store: Arc<dyn Store>,
    /// What it serves, for what no request can ask for.
    pub world: World,
    /// Its sandboxes, if it is a mock.
    pub sandboxes: Option<Arc<Sandboxes>>,
    client: reqwest::Client,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), StartError>>,
}

/// The settings of `portero serve`, read as the program reads them.
#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    config: ServeConfig,
}

/// What `portero serve` with these flags is told.
pub fn config(database: &str, flags: &[&str]) -> ServeConfig {
    let fixed = ["portero", "--database", database, "--jwt-secret", tokens::SECRET];
    Flags::parse_from(fixed.iter().chain(flags)).config
}

/// As [`config`], without the tests' secret.
pub fn config_without_secret(database: &str, flags: &[&str]) -> ServeConfig {
    Flags::parse_from(["portero", "--database", database].iter().chain(flags)).config
}

impl App {
    /// Serves a database with flags of `portero serve`.
    pub async fn serve(database: &Database, flags: &[&str]) -> Self {
        Self::start(&config(&database.url, flags)).await.unwrap()
    }

    /// Serves with these settings.
    pub async fn start(config: &ServeConfig) -> Result<Self, StartError> {
        Self::start_changed(config, |_| ()).await
    }

    /// Serves with flags of `portero serve`, after what they made has been changed.
    pub async fn changed(database: &Database, flags: &[&str], change: impl FnOnce(&mut Server)) -> Self {
        Self::start_changed(&config(&database.url, flags), change).await.unwrap()
    }

    async fn start_changed(config: &ServeConfig, change: impl FnOnce(&mut Server)) -> Result<Self, StartError> {
        let (clock, real_time) = (Arc::new(ManualClock::default()), Arc::new(ManualClock::default()));
        let mut server = Server::build(config, Clocks { data: clock.clone(), real: real_time.clone() }).await?;
        change(&mut server);
        let metrics_url = server.metrics.as_ref().map(|(listener, _)| format!("http://{}", listener.local_addr().unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (store, world, sandboxes) = (server.store.clone(), server.world.clone(), server.sandboxes.clone());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(listener, stop.clone().cancelled_owned()));
        Ok(Self { url, metrics_url, clock, real_time, store, world, sandboxes, client: client(), stop, serving })
    }

    /// Ends it, as SIGTERM does: its database is closed then.
    pub async fn stop(self) {
        self.stop.cancel();
        drop(self.client);
        self.serving.await.unwrap().unwrap();
    }

    /// A call with a token for everything.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let token = self.token(&["*"], "api:everything");
        let request = self.client.request(method.clone(), format!("{}{path}", self.url));
        Call { request, method, path: path.to_owned(), token: Some(token) }
    }

    /// A token of this server's own secret, good for an hour.
    pub fn token(&self, orgs: &[&str], scope: &str) -> String {
        tokens::hs256(&tokens::claims(orgs, scope, self.real_time.now()))
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// `PUT` with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// `PATCH` with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).json(body)
    }

    /// `DELETE`
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }
}

/// Serves any routes, guarded as the program's own are, on a port of their own; returns where.
pub async fn serve_routes(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A client that takes nothing from the environment.
pub fn client() -> reqwest::Client {
    // Nothing is asked over TLS here, and reading the certificates of the system takes longer than a test.
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A call that is being put together. Awaiting it sends it.
pub struct Call {
    request: reqwest::RequestBuilder,
    method: Method,
    path: String,
    token: Option<String>,
}

impl Call {
    /// With this token in place of the one for everything.
    pub fn token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Without token.
    pub fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    /// With one more header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With any body.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.header(CONTENT_TYPE, content_type).body(body), ..self }
    }

    async fn send(self) -> Answer {
        let request = match &self.token {
            Some(token) => self.request.bearer_auth(token),
            None => self.request,
        };
        let answer = Answer::read(request.send().await.unwrap()).await;
        contract::check(&self.method, &self.path, &answer);
        answer
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(answer: reqwest::Response) -> Self {
        Self { status: answer.status().as_u16(), headers: answer.headers().clone(), body: answer.text().await.unwrap() }
    }

    /// A header, or nothing where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Requires a status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Requires the envelope of a kind of failure with this `componentMsg`.
    #[track_caller]
    pub fn fails(&self, kind: Kind, component_msg: &str) {
        let envelope = self.json();
        let got = (self.status, envelope["id"].as_str().unwrap(), envelope["componentMsg"].as_str().unwrap());
        assert_eq!(got, (kind.status(), kind.id(), component_msg));
    }

    /// Requires the envelope of a kind of failure, whatever it says.
    #[track_caller]
    pub fn fails_with(&self, kind: Kind) {
        assert_eq!((self.status, &self.json()["id"]), (kind.status(), &kind.id().into()), "{}", self.body);
    }

    /// Requires 400 for one field that breaks one rule.
    #[track_caller]
    pub fn violates(&self, field: &str, tag: &str) {
        self.fails(Kind::Invalid, &format!("Error:Field validation for '{field}' failed on the '{tag}' tag"));
    }
}
