//! What a journal never shows: bearer tokens, cookies, keys and operator tokens. Everything else is the tester's own and stays.

use axum::http::HeaderMap;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Whether the name of a header or a query parameter says that its value is a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["auth", "cookie", "token", "secret", "password", "api-key", "apikey"].iter().any(|secret| name.contains(secret))
        && name != "www-authenticate"
}

/// Headers as they may be shown, those of one name joined by commas.
pub fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |name: &str| {
        if is_secret(name) {
            return REDACTED.to_owned();
        }
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        values.join(", ")
    };
    headers.keys().map(|name| (name.as_str().to_owned(), shown(name.as_str()))).collect()
}

/// A path as it may be shown: an operator token is as good as the number behind it.
pub fn path(path: &str) -> String {
    let mut after_token = false;
    let shown = path.split('/').map(|segment| {
        let shown = if after_token && !segment.is_empty() { REDACTED } else { segment };
        after_token = segment.to_ascii_lowercase().contains("token");
        shown
    });
    shown.collect::<Vec<_>>().join("/")
}

/// A query as it may be shown.
pub fn query(query: &str) -> String {
    let shown = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => parameter.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let of = |name: &'static str| {
            let mut map = HeaderMap::new();
            map.append(name, "one".parse().unwrap());
            map.append(name, "two".parse().unwrap());
            headers(&map)
        };
        for secret in ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-access-token", "x-auth"] {
            assert_eq!(of(secret), [(secret.to_owned(), REDACTED.to_owned())]);
        }
        for plain in ["content-type", "x-sandbox", "prefer", "www-authenticate", "feature-flag.preserve-the-prefix"] {
            assert_eq!(of(plain), [(plain.to_owned(), "one, two".to_owned())]);
        }
    }

    #[test]
    fn operator_tokens_are_not_shown() {
        for (sent, shown) in [
            ("/v2/operatorToken/abc123xyz456", "/v2/operatorToken/[redacted]"),
            ("/v2/operatortokens/a%2Fb/c", "/v2/operatortokens/[redacted]/c"),
            ("/v2/operatorToken/", "/v2/operatorToken/"),
            ("/v2/msisdns/666777888", "/v2/msisdns/666777888"),
            ("/", "/"),
        ] {
            assert_eq!(path(sent), shown);
        }
        assert_eq!(query("embed=tenant&access_token=abc&x"), "embed=tenant&access_token=[redacted]&x");
    }
}
