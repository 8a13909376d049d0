//! Who calls, and what they may do: bearer tokens (RFC 6750) that are JWTs (RFC 7519).

pub mod extract;
mod jwks;
mod jwt;
mod rate;

pub use jwks::{JwksLocation, KeySource};
pub use jwt::{DEVELOPMENT_SECRET, Secret, TokenRules, Verifier, WeakSecret, sign};
pub use rate::RateLimit;

use crate::domain::codes::codes;
use crate::domain::org::{OrgName, Tenancy};

codes! {
    /// What a token allows (`scope`, RFC 8693 §4.2).
    pub enum Scope {
        /// Reading the inventory.
        MsisdnsRead = "msisdns:read",
        /// Changing the inventory.
        MsisdnsWrite = "msisdns:write",
        /// Reading portabilities.
        PortabilitiesRead = "portabilities:read",
        /// Requesting, answering and cancelling portabilities.
        PortabilitiesWrite = "portabilities:write",
        /// The mock's control plane.
        Mock = "mock",
        /// All of them: the platform's own OIDC scope.
        Everything = "api:everything",
    }
}

/// A caller whose token holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's `sub`, where it has one.
    pub subject: Option<String>,
    /// The orgs it may act for.
    pub tenancy: Tenancy,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Principal {
    /// Reads a token's claims. Names that cannot be an org's and scopes of other services mean nothing here.
    fn from_claims(subject: Option<String>, orgs: &[String], scope: &str) -> Self {
        let every = orgs.iter().any(|org| org == "*");
        let named = orgs.iter().filter_map(|org| OrgName::parse(org).ok()).collect();
        let tenancy = if every { Tenancy::Every } else { Tenancy::Orgs(named) };
        Self { subject, tenancy, scopes: scope.split_ascii_whitespace().filter_map(Scope::parse).collect() }
    }

    /// Whether the token allows `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Everything)
    }
}
