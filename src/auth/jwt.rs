//! Verifying and signing tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use super::Principal;
use super::jwks::KeySource;
use super::rate::RateLimit;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::telemetry::metrics::Metrics;

/// The secret of a mock server that was given none. It is published: a reference server refuses it.
pub const DEVELOPMENT_SECRET: &str = "portero-development-secret-which-everybody-knows";

/// Seconds by which clocks may differ.
const LEEWAY: f64 = 60.0;

/// Bytes of tokens that may be remembered as verified.
const CACHE_BYTES: u64 = 8 << 20;

/// A shared HS256 secret of at least 32 bytes (RFC 7518 §3.2: no shorter than the hash). Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The secret is shorter than 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret must have at least 32 bytes")]
pub struct WeakSecret;

impl std::str::FromStr for Secret {
    type Err = WeakSecret;

    fn from_str(text: &str) -> Result<Self, WeakSecret> {
        if text.len() < 32 { Err(WeakSecret) } else { Ok(Self(text.to_owned())) }
    }
}

impl Secret {
    /// The secret of [`DEVELOPMENT_SECRET`].
    #[must_use]
    pub fn development() -> Self {
        Self(DEVELOPMENT_SECRET.to_owned())
    }

    /// Whether this is the published development secret.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.0 == DEVELOPMENT_SECRET
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What tokens must satisfy besides their signature.
#[derive(Debug, Clone, Default)]
pub struct TokenRules {
    /// The only `iss` accepted, if set.
    pub issuer: Option<String>,
    /// An `aud` that must be among the token's, if set.
    pub audience: Option<String>,
}

/// Verifies tokens, and remembers those it has verified: an `EdDSA` check costs more than the query it guards.
pub struct Verifier {
    secret: Option<DecodingKey>,
    keys: Option<KeySource>,
    rules: TokenRules,
    clock: Arc<dyn Clock>,
    verified: Cache<String, Verified>,
    rate_limit: Option<RateLimit>,
    metrics: Arc<Metrics>,
}

#[derive(Clone)]
struct Verified {
    principal: Arc<Principal>,
    /// Seconds since 1970, as in the token.
    expires_at: f64,
    /// Of the keys that verified it.
    edition: u64,
}

#[derive(Deserialize)]
struct JoseHeader {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    #[serde(default)]
    orgs: Vec<String>,
    #[serde(default)]
    scope: String,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl Verifier {
    /// A verifier that accepts HS256 with `secret`, and RS256, ES256 and `EdDSA` with `keys`.
    #[must_use]
    pub fn new(secret: Option<&Secret>, keys: Option<KeySource>, rules: TokenRules, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let verified = Cache::builder()
            .max_capacity(CACHE_BYTES)
            .weigher(|token: &String, _| u32::try_from(token.len() + 256).unwrap_or(u32::MAX))
            .time_to_live(Duration::from_mins(10))
            .build();
        let secret = secret.map(|secret| DecodingKey::from_secret(secret.0.as_bytes()));
        Self { secret, keys, rules, clock, verified, rate_limit: None, metrics }
    }

    /// The same, with a limit to how often a caller may ask.
    #[must_use]
    pub fn limited(self, rate_limit: Option<RateLimit>) -> Self {
        Self { rate_limit, ..self }
    }

    /// Counts a request of a caller. Callers are told apart by their `sub`; those without one share a limit.
    ///
    /// # Errors
    /// [`Kind::RateLimited`] where it asks too often.
    pub fn admit(&self, caller: &Principal) -> Result<()> {
        let Some(limit) = &self.rate_limit else { return Ok(()) };
        if limit.admits(caller.subject.as_deref().unwrap_or_default(), self.clock.now()) {
            return Ok(());
        }
        self.metrics.rate_limited.inc();
        Err(Error::new(Kind::RateLimited, "the token asks more often than it may"))
    }

    /// The caller that a token speaks for.
    ///
    /// # Errors
    /// [`Kind::InvalidToken`] with the reason; [`Kind::Unavailable`] while the keys cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Arc<Principal>> {
        let present = self.clock.now();
        let now = seconds(present);
        let edition = self.keys.as_ref().map_or(0, |keys| keys.edition(present));
        if let Some(known) = self.verified.get(token)
            && now < known.expires_at
            && known.edition == edition
        {
            self.metrics.token_hits.inc();
            return Ok(known.principal);
        }
        self.metrics.token_misses.inc();
        // Once for each token; and so it takes no room in what every request needs.
        let claims = Box::pin(self.checked_claims(token)).await?;
        let expires_at = claims.exp.ok_or_else(|| refused("the token has no expiry"))?;
        if now >= expires_at + LEEWAY {
            return Err(refused("the token has expired"));
        }
        if claims.nbf.is_some_and(|nbf| now + LEEWAY < nbf) {
            return Err(refused("the token is not valid yet"));
        }
        let principal = Arc::new(Principal::from_claims(claims.sub, &claims.orgs, &claims.scope));
        self.verified.insert(token.to_owned(), Verified { principal: principal.clone(), expires_at, edition });
        Ok(principal)
    }

    /// The claims of a token whose signature, issuer and audience hold.
    async fn checked_claims(&self, token: &str) -> Result<Claims> {
        let header = jose_header(token).ok_or_else(|| refused("the token is malformed"))?;
        if header.crit.is_some() {
            return Err(refused("the token has a critical extension, and none is known here"));
        }
        let algorithm = match header.alg.as_str() {
            "HS256" => Algorithm::HS256,
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(refused("the token's algorithm is not accepted")),
        };
        let candidates = self.candidates(algorithm, header.kid.as_deref()).await?;
        let validation = self.validation(algorithm);
        let mut refusal = refused("no key is known for the token");
        for key in &candidates {
            match jsonwebtoken::decode::<Claims>(token, key, &validation) {
                Ok(data) => return Ok(data.claims),
                Err(error) => refusal = refused(reason(error.kind())),
            }
        }
        Err(refusal)
    }

    async fn candidates(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Vec<DecodingKey>> {
        if algorithm == Algorithm::HS256 {
            return Ok(self.secret.iter().cloned().collect());
        }
        match &self.keys {
            Some(keys) => keys.candidates(algorithm, kid, self.clock.now()).await,
            None => Ok(vec![]),
        }
    }

    /// The times are checked by this file, by the injected clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        validation.validate_aud = self.rules.audience.is_some();
        if let Some(audience) = &self.rules.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        if let Some(issuer) = &self.rules.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        validation
    }
}

#[expect(clippy::cast_precision_loss, reason = "JWT times are JSON numbers, and seconds need 34 of the 53 bits")]
fn seconds(instant: Timestamp) -> f64 {
    instant.as_second() as f64
}

fn refused(reason: &'static str) -> Error {
    Error::new(Kind::InvalidToken, reason)
}

/// The header of a token of three parts.
fn jose_header(token: &str) -> Option<JoseHeader> {
    let mut parts = token.split('.');
    let (header, _claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "the token's signature is wrong",
        ErrorKind::InvalidAudience => "the token is for another audience",
        ErrorKind::InvalidIssuer => "the token is from another issuer",
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => "the token names no audience",
        ErrorKind::MissingRequiredClaim(_) => "the token names no issuer",
        ErrorKind::InvalidAlgorithm => "the token's algorithm does not fit its key",
        ErrorKind::Json(_) | ErrorKind::InvalidClaimFormat(_) => "the token's claims are malformed",
        _ => "the token is malformed",
    }
}

/// The claims of a token of ours.
#[derive(Serialize)]
struct Issued<'a> {
    sub: &'a str,
    orgs: &'a [String],
    scope: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// A token for `orgs` (`*`: every one) and `scope` (space-separated) that `secret` signs, good for `ttl` from `now`.
///
/// # Errors
/// [`Kind::Internal`] where the cryptographic library refuses to sign.
pub fn sign(
    secret: &Secret,
    rules: &TokenRules,
    subject: &str,
    orgs: &[String],
    scope: &str,
    now: Timestamp,
    ttl: Duration,
) -> Result<String> {
    let claims = Issued {
        sub: subject,
        orgs,
        scope,
        iat: now.as_second(),
        exp: now.as_second().saturating_add_unsigned(ttl.as_secs()),
        iss: rules.issuer.as_deref(),
        aud: rules.audience.as_deref(),
    };
    let key = EncodingKey::from_secret(secret.0.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|error| Error::because(Kind::Internal, error))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SystemClock;
    use crate::mangled::mangled;

    /// A token with this header and these claims, whatever they are, signed with the development secret.
    fn signed(header: &str, claims: &str) -> String {
        let message = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
        let key = EncodingKey::from_secret(DEVELOPMENT_SECRET.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    /// Whom a token speaks for: nothing of it is waited for.
    fn verified(token: &str, rules: TokenRules) -> Result<Arc<Principal>> {
        let verifier = Verifier::new(Some(&Secret::development()), None, rules, Arc::new(SystemClock), Arc::default());
        verifier.verify(token).now_or_never().unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_answered(
            header in mangled(&[r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"EdDSA","kid":"1","crit":null}"#]),
            claims in mangled(&[
                r#"{"sub":"crm","orgs":["masmovil"],"scope":"api:everything","exp":4102444800,"nbf":0.5,"iss":"a","aud":["b"]}"#,
                r#"{"orgs":["*"],"scope":"mock portabilities:read","exp":1e300}"#,
            ]),
            ruled: bool,
        ) {
            let rules = TokenRules { issuer: ruled.then(|| "a".to_owned()), audience: ruled.then(|| "b".to_owned()) };
            let outcome = verified(&signed(&header, &claims), rules);
            prop_assert!(outcome.as_ref().map_or_else(|error| error.kind() == Kind::InvalidToken, |_| true), "{:?}", outcome);
        }

        #[test]
        fn any_text_is_answered_that_nobody_signed(token in mangled(&[
            "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.e30.",
        ])) {
            prop_assert_eq!(verified(&token, TokenRules::default()).unwrap_err().kind(), Kind::InvalidToken);
        }
    }
}
