//! Public keys as a JSON Web Key Set (RFC 7517), from a file or a URL.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::{Mutex, RwLock};

use crate::error::{Error, Kind, Result};

/// The keys are asked for at most this often, whatever tokens arrive.
const LEAST_INTERVAL: SignedDuration = SignedDuration::from_secs(60);
/// Keys older than this are asked for again, so that a withdrawn key stops working.
const MAX_AGE: SignedDuration = SignedDuration::from_secs(600);
/// How long a server of keys may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How large a key set may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Where a key set is: a URL or a file's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksLocation {
    /// `http://…` or `https://…`
    Url(reqwest::Url),
    /// Anything else.
    File(PathBuf),
}

impl FromStr for JwksLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return text.parse().map(Self::Url).map_err(|error| format!("not a URL: {error}"));
        }
        Ok(Self::File(text.into()))
    }
}

/// A key set that is asked for again when it grows old or a token names a key it does not have.
#[derive(Clone)]
pub struct KeySource(Arc<Inner>);

struct Inner {
    location: JwksLocation,
    http: reqwest::Client,
    loaded: RwLock<Loaded>,
    /// How often the keys were had.
    edition: AtomicU64,
    /// When they are to be asked for again, in microseconds since 1970.
    renewal: AtomicI64,
    /// When the keys were last asked for. Held while asking, so that one asks for all.
    asked: Mutex<Option<Timestamp>>,
}

#[derive(Default)]
struct Loaded {
    keys: Vec<Key>,
    at: Option<Timestamp>,
}

struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
}

/// Why a key set could not be had.
#[derive(Debug, thiserror::Error)]
enum JwksError {
    #[error("reading the key set: {0}")]
    File(#[from] std::io::Error),
    #[error("asking for the key set: {0}")]
    Http(#[from] reqwest::Error),
    #[error("the key set has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the key set is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the key set has no key that can be used here")]
    Empty,
}

impl KeySource {
    /// Keys of `location`, not asked for yet.
    ///
    /// # Errors
    /// [`Kind::Internal`] where the HTTP client cannot be made.
    pub fn new(location: JwksLocation) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::because(Kind::Internal, error))?;
        let (edition, renewal) = (AtomicU64::default(), AtomicI64::new(i64::MAX));
        Ok(Self(Arc::new(Inner { location, http, loaded: RwLock::default(), edition, renewal, asked: Mutex::default() })))
    }

    /// Asks for the keys now, so that a wrong path or URL shows at start-up.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] where no usable keys can be had.
    pub async fn load(&self, now: Timestamp) -> Result<()> {
        self.refresh(now).await
    }

    /// A number that grows whenever the keys are had anew: what an earlier edition has verified need not hold any more. Has them asked for again
    /// where they are old, without waiting for them.
    #[must_use]
    pub fn edition(&self, now: Timestamp) -> u64 {
        let (due, now_micros) = (self.0.renewal.load(Ordering::Relaxed), now.as_microsecond());
        let next = now_micros.saturating_add(micros(LEAST_INTERVAL));
        // Of a clock that has been set back, nobody knows how old they are.
        let is_due = due != i64::MAX && (now_micros > due || due - now_micros > micros(MAX_AGE));
        if is_due && self.0.renewal.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let source = self.clone();
            tokio::spawn(async move { source.refresh(now).await });
        }
        self.0.edition.load(Ordering::Relaxed)
    }

    /// The keys that may have signed a token: those of its algorithm, of its `kid` where it has one.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] while no keys have ever been had.
    pub async fn candidates(&self, algorithm: Algorithm, kid: Option<&str>, now: Timestamp) -> Result<Vec<DecodingKey>> {
        let (found, age) = self.look(algorithm, kid, now).await;
        if found.is_empty() {
            self.refresh(now).await.or_else(|error| if age.is_some() { Ok(()) } else { Err(error) })?;
            let (found, age) = self.look(algorithm, kid, now).await;
            return age.map(|_| found).ok_or_else(|| Error::because(Kind::Unavailable, "no key set has been had yet"));
        }
        Ok(found)
    }

    async fn look(&self, algorithm: Algorithm, kid: Option<&str>, now: Timestamp) -> (Vec<DecodingKey>, Option<SignedDuration>) {
        let loaded = self.0.loaded.read().await;
        let fits = |key: &&Key| key.algorithm == algorithm && (kid.is_none() || key.kid.as_deref() == kid);
        let found = loaded.keys.iter().filter(fits).map(|key| key.verifying.clone()).collect();
        (found, loaded.at.map(|at| now.duration_since(at)))
    }

    /// Asks for the keys, unless that was done a moment ago. Keys that were had once are kept when it fails.
    async fn refresh(&self, now: Timestamp) -> Result<()> {
        let mut asked = self.0.asked.lock().await;
        if asked.is_some_and(|at| now.duration_since(at).abs() < LEAST_INTERVAL) {
            return Ok(());
        }
        *asked = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                *self.0.loaded.write().await = Loaded { keys, at: Some(now) };
                self.0.renewal.store(now.as_microsecond().saturating_add(micros(MAX_AGE)), Ordering::Relaxed);
                self.0.edition.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "the key set could not be refreshed");
                Err(Error::because(Kind::Unavailable, error))
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, JwksError> {
        let text = match &self.0.location {
            JwksLocation::File(path) => tokio::fs::read(path).await?,
            JwksLocation::Url(url) => {
                let mut answer = self.0.http.get(url.clone()).send().await?.error_for_status()?;
                let mut text = Vec::new();
                while let Some(chunk) = answer.chunk().await? {
                    text.extend_from_slice(&chunk);
                    if text.len() > MAX_BYTES {
                        return Err(JwksError::TooLarge);
                    }
                }
                text
            }
        };
        let keys = usable_keys(&text)?;
        if keys.is_empty() { Err(JwksError::Empty) } else { Ok(keys) }
    }
}

fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The signature keys among those of a set; a key of another kind does not spoil the rest.
fn usable_keys(text: &[u8]) -> Result<Vec<Key>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(text)?;
    Ok(set.keys.into_iter().filter_map(usable_key).collect())
}

fn usable_key(value: serde_json::Value) -> Option<Key> {
    let declared = value.get("alg").and_then(serde_json::Value::as_str).map(str::to_owned);
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, "RS256"),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => (Algorithm::ES256, "ES256"),
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => (Algorithm::EdDSA, "EdDSA"),
        _ => return None,
    };
    if declared.is_some_and(|declared| declared != name) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(Key { kid: jwk.common.key_id, algorithm, verifying: key })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    /// Keys of RFC 7517 and RFC 8037, a symmetric one, and one of a kind that nobody knows.
    const SETS: &[&str] = &[
        r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}]}"#,
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA"},{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}]}"#,
        r#"{"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs","e":"AQAB","alg":"RS256","kid":"a"},{"kty":"none"}]}"#,
    ];

    #[test]
    fn the_keys_of_a_set() {
        let counts = SETS.iter().map(|set| usable_keys(set.as_bytes()).unwrap().len()).collect::<Vec<_>>();
        assert_eq!(counts, [1, 1, 1]);
    }

    proptest! {
        /// What cannot be used is left out; what is used can check a signature without panicking.
        #[test]
        fn any_text_is_answered(text in mangled(SETS), message in any::<[u8; 8]>()) {
            for key in usable_keys(text.as_bytes()).unwrap_or_default() {
                let signature = "AAAA";
                prop_assert!(!jsonwebtoken::crypto::verify(signature, &message, &key.verifying, key.algorithm).unwrap_or(false));
            }
        }
    }
}
