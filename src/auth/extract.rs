//! Extractors whose type is the permission: a handler that takes a [`Caller`] or an [`OrgCaller`] cannot run without it.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::{Principal, Scope, Verifier};
use crate::domain::audit::{Actor, RequestId};
use crate::domain::org::{OrgName, Tenancy};
use crate::error::{Error, Kind, Result};
use crate::service::{World, registry};

/// A permission, as a type.
pub trait Permission: Send + Sync {
    /// The scope that grants it.
    const SCOPE: Scope;
}

/// Reading the inventory.
#[derive(Debug)]
pub struct ReadMsisdns;
impl Permission for ReadMsisdns {
    const SCOPE: Scope = Scope::MsisdnsRead;
}

/// Changing the inventory.
#[derive(Debug)]
pub struct WriteMsisdns;
impl Permission for WriteMsisdns {
    const SCOPE: Scope = Scope::MsisdnsWrite;
}

/// Reading portabilities, operators and who holds a number.
#[derive(Debug)]
pub struct ReadPortabilities;
impl Permission for ReadPortabilities {
    const SCOPE: Scope = Scope::PortabilitiesRead;
}

/// Requesting, answering and cancelling portabilities.
#[derive(Debug)]
pub struct WritePortabilities;
impl Permission for WritePortabilities {
    const SCOPE: Scope = Scope::PortabilitiesWrite;
}

/// The mock's control plane.
#[derive(Debug)]
pub struct ControlMock;
impl Permission for ControlMock {
    const SCOPE: Scope = Scope::Mock;
}

/// Who calls: the owner of the request's token, which holds.
///
/// # Errors
/// [`Kind::Unauthenticated`] or [`Kind::InvalidToken`], with a text that says which of the two and why.
pub async fn identify(parts: &Parts, verifier: &Verifier) -> Result<Arc<Principal>> {
    let principal = verifier.verify(bearer(parts)?).await?;
    tracing::Span::current().record("sub", principal.subject.as_deref());
    Ok(principal)
}

/// The owner of the request's token, who does not ask more often than it may.
///
/// # Errors
/// As for [`identify`], and [`Kind::RateLimited`].
pub async fn authenticate(parts: &Parts, verifier: &Verifier) -> Result<Arc<Principal>> {
    let principal = identify(parts, verifier).await?;
    verifier.admit(&principal)?;
    Ok(principal)
}

/// A caller with a permission, for whichever orgs its token lists.
#[derive(Debug)]
pub struct Caller<P> {
    principal: Arc<Principal>,
    permission: PhantomData<P>,
}

impl<P> Caller<P> {
    /// The orgs it may see.
    #[must_use]
    pub fn tenancy(&self) -> &Tenancy {
        &self.principal.tenancy
    }
}

impl<P, S> FromRequestParts<S> for Caller<P>
where
    P: Permission,
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let principal = authenticate(parts, &Arc::<Verifier>::from_ref(state)).await?;
        if !principal.may(P::SCOPE) {
            return Err(Error::new(Kind::Forbidden, format!("the token lacks the scope {}", P::SCOPE)));
        }
        Ok(Self { principal, permission: PhantomData })
    }
}

/// A caller with a permission for the org of the path, which exists: whoever changes something there.
#[derive(Debug)]
pub struct OrgCaller<P> {
    actor: Actor,
    permission: PhantomData<P>,
}

impl<P> Deref for OrgCaller<P> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl<P, S> FromRequestParts<S> for OrgCaller<P>
where
    P: Permission,
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
    World: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let caller = Caller::<P>::from_request_parts(parts, state).await?;
        let name = org_of_path(parts, state).await?;
        // A name that cannot be an org's is in no token but one for every org, and then it is an unknown org.
        let granted = name.as_ref().map_or(*caller.tenancy() == Tenancy::Every, |name| caller.tenancy().sees(name));
        if !granted {
            return Err(Error::new(Kind::Forbidden, "the token is not for this org"));
        }
        let name = name.ok_or_else(|| Error::not_found("Org"))?;
        tracing::Span::current().record("org", name.as_str());
        let Ok(world) = World::from_request_parts(parts, state).await;
        let org = registry::org(&world, &name).await?;
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let actor = Actor { org, subject: caller.principal.subject.clone(), request_id };
        Ok(Self { actor, permission: PhantomData })
    }
}

/// The org that the path names: `{org}` in one API, `{orgs}` in the other.
async fn org_of_path<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Option<OrgName>> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Error::new(Kind::BadRequest, "the path is not UTF-8 when percent-decoded"))?;
    let named = params.iter().find(|(name, _)| matches!(*name, "org" | "orgs"));
    Ok(named.and_then(|(_, value)| OrgName::parse(value).ok()))
}

/// The token of an `Authorization: Bearer …` header.
fn bearer(parts: &Parts) -> Result<&str> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        return Err(Error::new(Kind::Unauthenticated, "the bearer token is missing"));
    };
    if headers.next().is_some() {
        return Err(Error::new(Kind::InvalidToken, "there is more than one Authorization header"));
    }
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::new(Kind::Unauthenticated, "the Authorization header is not of the form 'Bearer TOKEN'"));
    }
    Ok(token.trim())
}
