//! What a caller may ask of a list: `filter`, `limit` and `cursor`; and the link to the next page.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::header::LINK;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Portabilities;
use crate::domain::filter::Predicate;
use crate::domain::listing::Portability;
use crate::error::{Error, Kind, Result, Violation};
use crate::http::params::{invalid, query};
use crate::service::portability::read::{ListScope, Listing};

/// The most portabilities of a page, and how many it has where the caller does not say.
const MAX_LIMIT: u32 = 1_000;

/// The query parameter of a list that has no pages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// Add filter to get portabilites: the comparisons of SCIM filters (RFC 7644 §3.4.2.2) over the members of a list.
    #[param(max_length = 2_000, example = "state eq \"ASOL\" and (recipient_rol eq true or donor_operator ne \"005\")")]
    filter: Option<String>,
}

/// The query parameters of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Add filter to get portabilites: the comparisons of SCIM filters (RFC 7644 §3.4.2.2) over the members of a list.
    #[param(max_length = 2_000, example = "state eq \"ASOL\" and (recipient_rol eq true or donor_operator ne \"005\")")]
    filter: Option<String>,
    /// How many portabilities a page has at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1_000, default = 1_000)]
    limit: Option<String>,
    /// Where the page begins: as the `Link` of the page before has it.
    cursor: Option<String>,
}

/// What must hold of the portabilities of a list.
#[derive(Debug)]
pub struct Filter(pub Option<Predicate>);

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let asked: FilterQuery = query(parts, state).await?;
        parse_filter(asked.filter.as_deref()).map(Self)
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    filter: Option<Predicate>,
    limit: u32,
    cursor: Option<Cursor>,
    /// The path and the parameters that were asked with.
    path: String,
    asked: PageQuery,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let asked = query(parts, state).await?;
        Self::new(parts.uri.path(), asked)
    }
}

/// The answer with a page: the link to the next one, and the portabilities.
pub type Listed = (Option<[(HeaderName, String); 1]>, Json<Portabilities>);

impl Page {
    fn new(path: &str, asked: PageQuery) -> Result<Self> {
        Ok(Self {
            filter: parse_filter(asked.filter.as_deref())?,
            limit: asked.limit.as_deref().map_or(Ok(MAX_LIMIT), parse_limit).map_err(|tag| invalid("Limit", tag))?,
            cursor: asked
                .cursor
                .as_deref()
                .map(|text| Cursor::parse(text).ok_or("cursor"))
                .transpose()
                .map_err(|tag| invalid("Cursor", tag))?,
            path: path.to_owned(),
            asked,
        })
    }

    /// What to ask the service for: one more than the page holds tells whether there is a next one.
    pub fn listing(&self, scope: ListScope) -> Listing {
        Listing { scope, filter: self.filter.clone(), before: self.cursor.map(|cursor| cursor.0), limit: self.limit + 1 }
    }

    /// The answer with what the service has found.
    pub fn answer(&self, mut found: Vec<Portability>) -> Listed {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_next = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| has_next);
        (last.map(|last| [(LINK, self.link_after(last))]), Json(found[..].into()))
    }

    /// The link to the page that begins after this portability: what was asked, with another cursor.
    fn link_after(&self, last: &Portability) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = [("filter", &self.asked.filter), ("limit", &self.asked.limit)];
        query.extend_pairs(kept.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
        query.append_pair("cursor", &Cursor(last.number).to_string());
        format!("<{}?{}>; rel=\"next\"", self.path, query.finish())
    }
}

/// An empty filter is none.
fn parse_filter(text: Option<&str>) -> Result<Option<Predicate>> {
    let parsed = text.filter(|text| !text.is_empty()).map(Predicate::parse).transpose();
    parsed.map_err(|error| {
        let violation = Violation { field: "Filter".to_owned(), tag: "filter" };
        Error::quoting(Kind::Invalid, format!("{violation}: {error}"))
    })
}

fn parse_limit(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("numeric");
    }
    match text.parse() {
        Ok(0) => Err("min"),
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err("max"),
    }
}

/// Where a page begins: after the portability of this number. Callers see a text that means nothing to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor(i64);

/// The first byte of a cursor, so that a later form cannot be mistaken for this one.
const CURSOR_VERSION: u8 = 1;

impl Cursor {
    /// The cursor of this text, `None` for any that was not made here.
    fn parse(text: &str) -> Option<Self> {
        match *URL_SAFE_NO_PAD.decode(text).ok()? {
            [CURSOR_VERSION, ref number @ ..] => number.try_into().ok().map(i64::from_be_bytes).map(Self),
            _ => None,
        }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = vec![CURSOR_VERSION];
        bytes.extend(self.0.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::msisdn::Msisdn;
    use crate::http::portability::answer::tests::whole;
    use crate::mangled::mangled;

    fn page(query: &str) -> Result<Page> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let asked = PageQuery { filter: value("filter"), limit: value("limit"), cursor: value("cursor") };
        Page::new("/v1/orgs/masmovil/portabilities", asked)
    }

    /// The link and the length of the page, where the service has found so many, numbered down from 100.
    fn answer(query: &str, found: i64) -> (Option<String>, usize) {
        let found = (0..found).map(|place| Portability { number: 100 - place, ..whole() }).collect();
        let (link, Json(page)) = self::page(query).unwrap().answer(found);
        let length = serde_json::to_value(page).unwrap().as_array().unwrap().len();
        (
            link.map(|[(name, link)]| {
                assert_eq!(name, LINK);
                link
            }),
            length,
        )
    }

    #[test]
    fn nothing_asked_is_everything() {
        let expected = Listing { scope: ListScope::All, filter: None, before: None, limit: 1_001 };
        assert_eq!(page("").unwrap().listing(ListScope::All), expected);
        assert_eq!(page("filter=").unwrap().listing(ListScope::All), expected);
    }

    #[test]
    fn everything_asked() {
        let scope = ListScope::Number(Msisdn::parse("634443633").unwrap());
        let filter = Predicate::parse("state eq \"ASOL\"").unwrap();
        assert_eq!(
            page(&format!("filter=state+eq+%22ASOL%22&limit=5&cursor={}", Cursor(7))).unwrap().listing(scope.clone()),
            Listing { scope, filter: Some(filter), before: Some(7), limit: 6 }
        );
    }

    #[test]
    fn what_breaks_a_rule() {
        for (query, message) in [
            ("limit=", "Error:Field validation for 'Limit' failed on the 'numeric' tag"),
            ("limit=ten", "Error:Field validation for 'Limit' failed on the 'numeric' tag"),
            ("limit=-1", "Error:Field validation for 'Limit' failed on the 'numeric' tag"),
            ("limit=0", "Error:Field validation for 'Limit' failed on the 'min' tag"),
            ("limit=1001", "Error:Field validation for 'Limit' failed on the 'max' tag"),
            ("limit=99999999999999999999", "Error:Field validation for 'Limit' failed on the 'max' tag"),
            ("cursor=", "Error:Field validation for 'Cursor' failed on the 'cursor' tag"),
            ("cursor=7", "Error:Field validation for 'Cursor' failed on the 'cursor' tag"),
            ("filter=color+eq+%22x%22", "Error:Field validation for 'Filter' failed on the 'filter' tag: column 1: unknown field 'color'"),
        ] {
            let error = page(query).unwrap_err();
            assert_eq!((error.kind(), error.detail()), (Kind::Invalid, message), "{query}");
        }
    }

    #[test]
    fn a_page_links_to_the_next_if_there_is_one() {
        let next = |query: &str, last| format!("</v1/orgs/masmovil/portabilities?{query}cursor={}>; rel=\"next\"", Cursor(last));
        assert_eq!(answer("", 1_000), (None, 1_000));
        assert_eq!(answer("", 1_001), (Some(next("", -899)), 1_000));
        assert_eq!(answer("limit=2", 0), (None, 0));
        assert_eq!(answer("limit=2", 2), (None, 2));
        assert_eq!(answer("limit=2&cursor=AQAAAAAAAABl", 3), (Some(next("limit=2&", 99)), 2));
        assert_eq!(answer("filter=state+eq+%22A%26B%22&limit=1", 2), (Some(next("filter=state+eq+%22A%26B%22&limit=1&", 100)), 1));
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_back(number: i64) {
            prop_assert_eq!(Cursor::parse(&Cursor(number).to_string()), Some(Cursor(number)));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["AQAAAAAAAABl", "AX__________", "1", "1000"])) {
            prop_assert!(Cursor::parse(&text).is_none_or(|cursor| cursor.to_string() == text));
            prop_assert!(parse_limit(&text).map_or(true, |limit| (1..=MAX_LIMIT).contains(&limit)));
        }
    }
}
