//! Tokens, good and bad, and the keys that sign them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portero::clock::{Clock, SystemClock};
use serde_json::{Value, json};

/// The HS256 secret of the servers under test.
pub const SECRET: &str = "a secret of the tests, with more than 32 bytes";

/// The claims of a token for `orgs` and `scope`, good for an hour from `now`.
pub fn claims(orgs: &[&str], scope: &str, now: Timestamp) -> Value {
    json!({"sub": "tester", "orgs": orgs, "scope": scope, "exp": now.as_second() + 3600})
}

/// Signs claims with [`SECRET`].
pub fn hs256(claims: &Value) -> String {
    signed(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET.as_bytes()))
}

/// A token for everything, by the machine's own clock.
pub fn for_processes() -> String {
    hs256(&claims(&["*"], "api:everything", SystemClock.now()))
}

/// Signs claims with any key under any header.
pub fn signed(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(header, claims, key).unwrap()
}

/// A token of three parts as given, the first two in base64.
pub fn raw(header: &str, claims: &str, signature: &str) -> String {
    format!("{}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims))
}

/// A private key of the tests.
#[derive(Debug, Clone, Copy)]
pub struct TestKey {
    /// Its `kid` in the key set.
    pub kid: &'static str,
    /// What it signs with.
    pub algorithm: Algorithm,
    pem: &'static str,
}

/// RSA, 2048 bits.
pub const RSA: TestKey = TestKey { kid: "rsa", algorithm: Algorithm::RS256, pem: include_str!("keys/rsa.pem") };
/// The public half of [`RSA`], as it is usually handed out.
pub const RSA_PUBLIC_PEM: &str = include_str!("keys/rsa-public.pem");
/// P-256.
pub const P256: TestKey = TestKey { kid: "p256", algorithm: Algorithm::ES256, pem: include_str!("keys/p256.pem") };
/// The P-256 key that follows [`P256`].
pub const P256_NEXT: TestKey = TestKey { kid: "p256-next", algorithm: Algorithm::ES256, pem: include_str!("keys/p256-next.pem") };
/// Ed25519.
pub const ED25519: TestKey = TestKey { kid: "ed25519", algorithm: Algorithm::EdDSA, pem: include_str!("keys/ed25519.pem") };

impl TestKey {
    /// The key that signs.
    pub fn signing(self) -> EncodingKey {
        let pem = self.pem.as_bytes();
        match self.algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem).unwrap(),
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem).unwrap(),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem).unwrap(),
            other => panic!("no key for {other:?}"),
        }
    }

    /// Signs claims, naming its `kid`.
    pub fn sign(self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) };
        signed(&header, claims, &self.signing())
    }

    /// Its public half as it stands in a key set.
    pub fn public_jwk(self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.signing(), self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(&jwk).unwrap()
    }
}

/// A key set of the public halves of some keys.
pub fn key_set(keys: &[TestKey]) -> Value {
    json!({"keys": keys.iter().map(|key| key.public_jwk()).collect::<Vec<_>>()})
}
