//! Bodies of the control plane: strict, for a misspelt member that is ignored would be a test that tests nothing.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::http::body::{JsonObject, pascal_case};

/// A body that is a `T`, and has no member that a `T` does not know.
#[derive(Debug)]
pub struct Strict<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let JsonObject(members) = JsonObject::from_request(request, state).await?;
        serde_path_to_error::deserialize(Value::Object(members)).map(Self).map_err(|error| {
            let (path, cause) = (pascal_case(&error.path().to_string()), error.inner());
            Error::new(Kind::Invalid, format!("Error:Field validation for '{path}' failed: {cause}"))
        })
    }
}
