//! A server that somebody else runs: it answers as it is told, and counts.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;

use super::app::serve_routes;

/// A server with one answer, whatever it is asked.
pub struct Stub {
    /// Where it is, with a path.
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    answer: (StatusCode, String),
    queries: Vec<String>,
}

impl Stub {
    /// Starts one that answers 200 with this body.
    pub async fn start(body: impl Into<String>) -> Self {
        let state = Arc::new(Mutex::new(State { answer: (StatusCode::OK, body.into()), queries: Vec::new() }));
        let shared = state.clone();
        let answer = move |RawQuery(query): RawQuery| async move {
            let mut state = shared.lock().unwrap();
            state.queries.push(query.unwrap_or_default());
            state.answer.clone()
        };
        let url = serve_routes(Router::new().fallback(answer)).await + "/stub";
        Self { url, state }
    }

    /// What it answers from now on.
    pub fn answers(&self, status: u16, body: impl Into<String>) {
        self.state.lock().unwrap().answer = (StatusCode::from_u16(status).unwrap(), body.into());
    }

    /// The queries of the requests so far.
    pub fn queries(&self) -> Vec<String> {
        self.state.lock().unwrap().queries.clone()
    }

    /// How often it was asked so far.
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().queries.len()
    }
}
