//! Path and header parameters that several operations share.

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::domain::imsi::{Imsi, InvalidImsi};
use crate::domain::msisdn::Msisdn;
use crate::error::{Error, Kind, Result, Violation};

/// A parameter that breaks a rule of its form.
pub fn invalid(field: &str, tag: &'static str) -> Error {
    Violation { field: field.to_owned(), tag }.into()
}

/// The rule that a text breaks which is not an IMSI.
pub fn parse_imsi(text: &str) -> Result<Imsi, &'static str> {
    Imsi::parse(text).map_err(|error| match error {
        InvalidImsi::NotNumeric => "numeric",
        InvalidImsi::Length => "len",
    })
}

/// A path parameter, percent-decoded. It has no U+0000, which not every database can be asked for.
pub async fn path_param<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Result<String> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Error::new(Kind::BadRequest, "the path is not UTF-8 when percent-decoded"))?;
    let found = params.iter().find(|(param, _)| *param == name).map(|(_, value)| value.to_owned());
    let value = found.ok_or_else(|| Error::because(Kind::Internal, format!("a route without the parameter {name}")))?;
    if value.contains('\0') { Err(Error::new(Kind::BadRequest, "the path has a NUL character")) } else { Ok(value) }
}

/// The parameters of the query that `T` names; others are ignored.
pub async fn query<T: DeserializeOwned, S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<T> {
    let query = Query::<T>::from_request_parts(parts, state).await;
    query.map(|Query(params)| params).map_err(|_| Error::new(Kind::BadRequest, "the query is unreadable, or names a parameter twice"))
}

/// The `{msisdn}` of a path, in any of its accepted forms.
#[derive(Debug)]
pub struct MsisdnPath(pub Msisdn);

impl<S: Send + Sync> FromRequestParts<S> for MsisdnPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let text = path_param(parts, state, "msisdn").await?;
        Msisdn::parse(&text).map(Self).map_err(|_| invalid("Msisdn", "msisdn"))
    }
}

/// The `{imsi}` of a path.
#[derive(Debug)]
pub struct ImsiPath(pub Imsi);

impl<S: Send + Sync> FromRequestParts<S> for ImsiPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let text = path_param(parts, state, "imsi").await?;
        parse_imsi(&text).map(Self).map_err(|tag| invalid("Imsi", tag))
    }
}

/// The `{processId}` of a path, as the caller wrote it: what is no process's id is that of an unknown one.
#[derive(Debug)]
pub struct ProcessPath(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ProcessPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        path_param(parts, state, "processId").await.map(Self)
    }
}

/// How numbers are written in an answer: `feature-flag.preserve-the-prefix: yes` asks for `+34666777888`, anything else for `666777888`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFormat {
    /// `666777888`
    National,
    /// `+34666777888`
    International,
}

impl NumberFormat {
    /// Writes a number.
    pub fn write(self, msisdn: Msisdn) -> String {
        match self {
            Self::National => msisdn.to_string(),
            Self::International => msisdn.international(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NumberFormat {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let flag = parts.headers.get("feature-flag.preserve-the-prefix");
        Ok(if flag.is_some_and(|value| value == "yes") { Self::International } else { Self::National })
    }
}
