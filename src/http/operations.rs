//! Which operation a request asks for: what logs, metrics and traces call it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;

use super::Document;
use crate::telemetry::metrics::{Metrics, OperationMetrics};

/// Routes that no document has.
const UNDOCUMENTED: [(&str, &str); 3] = [("/health/live", "live"), ("/health/ready", "ready"), ("/metrics", "metrics")];

/// Requests for anything else: pages, documents, paths that nobody knows. Their methods are the caller's invention.
const OTHER: &str = "other";

/// What is measured of each operation, found by the route that a request took.
#[derive(Debug)]
pub struct Operations {
    by_route: HashMap<String, Vec<(Method, OperationMetrics)>>,
    other: OperationMetrics,
}

impl Operations {
    /// The operations of some documents.
    #[must_use]
    pub fn of(documents: &[&Document], metrics: &Arc<Metrics>) -> Self {
        let mut by_route: HashMap<String, Vec<_>> = HashMap::new();
        let mut add = |path: &str, method: Method, id: &str| {
            let measured = metrics.operation(id, method.as_str());
            by_route.entry(path.to_owned()).or_default().push((method, measured));
        };
        for (path, item) in documents.iter().flat_map(|document| &document.api.paths.paths) {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                if let Some(id) = operation.as_ref().and_then(|operation| operation.operation_id.as_deref()) {
                    add(path, method, id);
                }
            }
        }
        for (path, id) in UNDOCUMENTED {
            add(path, Method::GET, id);
        }
        Self { by_route, other: metrics.operation(OTHER, OTHER) }
    }

    /// That of a routed request. `HEAD` asks for that of `GET`.
    #[must_use]
    pub fn asked(&self, request: &Request) -> &OperationMetrics {
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let of_route = request.extensions().get::<MatchedPath>().and_then(|path| self.by_route.get(path.as_str()));
        let found = of_route.and_then(|methods| methods.iter().find(|(known, _)| known == method));
        found.map_or(&self.other, |(_, measured)| measured)
    }
}
