//! Examples of the documents, besides those that stand beside their schemas: the named ones of an operation's answers and those of headers;
//! and links from an answer to what can be asked next.

use serde_json::Value;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::Link;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};

/// The name of the example that stands for an answer when none is asked for by name, in place of its schema's own.
pub const DEFAULT: &str = "default";

/// A document that gets examples and links.
pub struct Examples<'a>(pub &'a mut OpenApi);

impl Examples<'_> {
    /// The example that stands beside a schema.
    pub fn of_schema(&self, name: &str) -> Value {
        let schema = self.0.components.as_ref().and_then(|components| components.schemas.get(name));
        let schema = schema.and_then(|schema| serde_json::to_value(schema).ok());
        schema.and_then(|mut schema| Some(schema.get_mut("example")?.take())).unwrap_or_default()
    }

    /// Adds an example that answers can refer to.
    pub fn define(&mut self, name: &str, summary: &str, value: Value) {
        let example = ExampleBuilder::new().summary(summary).value(Some(value)).build();
        self.0.components.get_or_insert_default().examples.insert(name.to_owned(), RefOr::T(example));
    }

    /// Names examples of an operation's answer: pairs of a name and what [`Examples::define`] was told.
    pub fn name(&mut self, operation: &str, status: &str, named: &[(&str, &str)]) {
        let Some(content) = self.response(operation, status).and_then(json_of) else { return };
        for (name, defined) in named {
            let reference = Ref::new(format!("#/components/examples/{defined}"));
            content.examples.insert((*name).to_owned(), RefOr::Ref(reference));
        }
    }

    /// Gives a header of an operation's answer an example.
    pub fn header(&mut self, operation: &str, status: &str, header: &str, example: &str) {
        let response = self.response(operation, status);
        if let Some(RefOr::T(header)) = response.and_then(|response| response.headers.get_mut(header)) {
            header.example = Some(example.into());
        }
    }

    /// Says what an operation's answer leads to: under the target's own name, with the values of its parameters as runtime expressions.
    pub fn link(&mut self, operation: &str, status: &str, target: &str, parameters: &[(&str, &str)]) {
        let Some(response) = self.response(operation, status) else { return };
        let link = parameters.iter().fold(Link::builder().operation_id(target), |link, (name, value)| link.parameter(*name, *value));
        response.links.insert(target.to_owned(), RefOr::T(link.build()));
    }

    fn response(&mut self, operation: &str, status: &str) -> Option<&mut Response> {
        let paths = self.0.paths.paths.values_mut();
        let mut operations = paths.flat_map(|path| {
            let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
            operations.into_iter().flatten()
        });
        let found: &mut Operation = operations.find(|found| found.operation_id.as_deref() == Some(operation))?;
        match found.responses.responses.get_mut(status)? {
            RefOr::T(response) => Some(response),
            RefOr::Ref(_) => None,
        }
    }
}

fn json_of(response: &mut Response) -> Option<&mut Content> {
    match response.content.get_mut("application/json")? {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    }
}
