//! `/_mock/ts43`: the built-in Entitlement Server as others see it, so that a second server can use this one as its upstream.
//!
//! GSMA TS.43 in the part that an application server needs which has an operator token: `GetSubscriberDeviceInfo` of the application
//! `ap2015`. Asked without bearer token, as TS.43 has it: the operator token is what authenticates.

use std::sync::Arc;

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::SandboxHeader;
use crate::clock::Clock;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::error::{Error, Kind, Result};
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::http::params::query;
use crate::mock::sandbox::Sandbox;

/// "Application authentication" among the applications of TS.43.
const APP_ID: &str = "ap2015";
const OPERATION: &str = "GetSubscriberDeviceInfo";
/// The operations of that application that this server does not play.
const UNSUPPORTED: [&str; 4] = ["AcquireOperatorToken", "AcquireTemporaryToken", "ValidateOperatorToken", "VerifyPhoneNumber"];
const XML: &str = "text/vnd.wap.connectivity-xml";

/// `OperationResult` (GSMA TS.43 table 13).
const SUCCESS: u16 = 1;
const INVALID_OPERATION: u16 = 101;
const OPERATION_NOT_SUPPORTED: u16 = 103;

/// Ask the Entitlement Server, by query
///
/// GSMA TS.43, `GetSubscriberDeviceInfo`: the number behind an operator token.
#[utoipa::path(
    get, path = "/_mock/ts43", operation_id = "getSubscriberDeviceInfo", tag = "Outside", security(()),
    params(
        ("app" = String, Query, description = "`ap2015`", example = "ap2015"),
        ("operation" = String, Query, description = "`GetSubscriberDeviceInfo`", example = "GetSubscriberDeviceInfo"),
        ("operator_token" = String, Query, description = "The operator token", example = "abc123xyz456"),
        ("requestor_id" = Option<String>, Query, description = "Who asks; or `terminal_id`", example = "portero"),
        ("entitlement_version" = String, Query, description = "The version of TS.43", example = "12.0"),
        SandboxHeader,
    ),
    responses(
        (status = 200, description = "OK: an answer of TS.43, in XML where only that is accepted", body = AnswerInfo),
        (status = 400, response = errors::BadRequest),
        (status = 401, response = errors::Unauthorized),
        (status = 500, response = errors::InternalServerError),
        (status = 503, response = errors::Unavailable),
    )
)]
pub async fn get(Extension(sandbox): Extension<Arc<Sandbox>>, headers: HeaderMap, Params(params): Params) -> Result<Response> {
    answer(&sandbox, &headers, |name| params.get(name).cloned()).await
}

/// Ask the Entitlement Server, by body
///
/// GSMA TS.43, `GetSubscriberDeviceInfo`: the number behind an operator token.
#[utoipa::path(
    post, path = "/_mock/ts43", operation_id = "postSubscriberDeviceInfo", tag = "Outside", security(()),
    params(SandboxHeader),
    request_body = QuestionBody,
    responses(
        (status = 200, description = "OK: an answer of TS.43, in XML where only that is accepted", body = AnswerInfo),
        errors::OfBody,
        (status = 400, response = errors::BadRequest),
        (status = 401, response = errors::Unauthorized),
        (status = 500, response = errors::InternalServerError),
        (status = 503, response = errors::Unavailable),
    )
)]
pub async fn post(Extension(sandbox): Extension<Arc<Sandbox>>, headers: HeaderMap, body: JsonObject) -> Result<Response> {
    answer(&sandbox, &headers, |name| body.0.get(name).and_then(Value::as_str).map(str::to_owned)).await
}

/// An answer of TS.43
#[derive(Serialize, ToSchema)]
#[schema(as = Ts43Answer, example = json!({"Vers": {"version": "1", "validity": "0"}, "ap2015": {"OperationResult": 1, "MSISDN": "+34666777888"}}))]
pub struct AnswerInfo {
    #[serde(rename = "Vers")]
    version: VersionInfo,
    #[serde(rename = "ap2015")]
    application: ApplicationInfo,
}

/// The version of an entitlement configuration
#[derive(Serialize, ToSchema)]
#[schema(as = Ts43Version)]
pub struct VersionInfo {
    version: &'static str,
    /// How long it may be kept, in seconds.
    validity: &'static str,
}

/// What the application says
#[derive(Serialize, ToSchema)]
#[schema(as = Ts43Application)]
pub struct ApplicationInfo {
    /// 1: success, 101: invalid operation, 103: operation not supported.
    #[serde(rename = "OperationResult")]
    result: u16,
    /// The number behind the token, as E.164 writes it, where the result is 1.
    #[serde(rename = "MSISDN", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    msisdn: Option<String>,
}

/// The parameters of a question
#[derive(ToSchema)]
#[schema(as = Ts43Question)]
#[expect(dead_code, reason = "only the documents mention it: answer reads the parameters")]
pub struct QuestionBody {
    app: String,
    operation: String,
    operator_token: String,
    requestor_id: Option<String>,
    terminal_id: Option<String>,
    entitlement_version: String,
}

/// The parameters of the query.
pub struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        query(parts, state).await.map(Self)
    }
}

async fn answer(sandbox: &Sandbox, headers: &HeaderMap, param: impl Fn(&str) -> Option<String>) -> Result<Response> {
    let needed = |name: &str| param(name).ok_or_else(|| Error::new(Kind::BadRequest, format!("the parameter {name} is missing")));
    let (app, operation) = (needed("app")?, needed("operation")?);
    needed("entitlement_version")?;
    needed("requestor_id").or_else(|_| needed("terminal_id"))?;
    if app != APP_ID {
        return Err(Error::new(Kind::BadRequest, format!("the only application is {APP_ID}")));
    }
    if operation != OPERATION {
        let result = if UNSUPPORTED.contains(&&*operation) { OPERATION_NOT_SUPPORTED } else { INVALID_OPERATION };
        return Ok(written(headers, result, None));
    }
    let token = OperatorToken::parse(&needed("operator_token")?);
    let token = token.map_err(|_| Error::new(Kind::BadRequest, "the operator_token is malformed"))?;
    let msisdn = sandbox.world.store.number_of_token(&token, sandbox.clock.now()).await?;
    let msisdn = msisdn.ok_or_else(|| Error::new(Kind::InvalidToken, "the operator token is unknown or has expired"))?;
    Ok(written(headers, SUCCESS, Some(msisdn)))
}

/// JSON or, where that is all the caller takes, a WAP provisioning document.
fn written(headers: &HeaderMap, result: u16, msisdn: Option<Msisdn>) -> Response {
    let msisdn = msisdn.map(Msisdn::international);
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains(XML) && !accept.contains("json") {
        return ([(header::CONTENT_TYPE, XML)], xml(result, msisdn.as_deref())).into_response();
    }
    let version = VersionInfo { version: "1", validity: "0" };
    Json(AnswerInfo { version, application: ApplicationInfo { result, msisdn } }).into_response()
}

/// Nothing in it needs escaping.
fn xml(result: u16, msisdn: Option<&str>) -> String {
    let msisdn = msisdn.map(|msisdn| format!("<parm name=\"MSISDN\" value=\"{msisdn}\"/>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\">\
         <characteristic type=\"VERS\"><parm name=\"version\" value=\"1\"/><parm name=\"validity\" value=\"0\"/></characteristic>\
         <characteristic type=\"APPLICATION\"><parm name=\"AppID\" value=\"{APP_ID}\"/>\
         <parm name=\"OperationResult\" value=\"{result}\"/>{msisdn}</characteristic></wap-provisioningdoc>\n"
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn xml_for_those_who_take_nothing_else() {
        for (accept, expected) in [
            (None, "application/json"),
            (Some("*/*"), "application/json"),
            (Some("application/json, text/vnd.wap.connectivity-xml"), "application/json"),
            (Some("text/vnd.wap.connectivity-xml"), XML),
        ] {
            let headers = accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept)));
            let answer = written(&HeaderMap::from_iter(headers), SUCCESS, None);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], expected, "{accept:?}");
        }
    }

    #[test]
    fn the_document_says_what_the_json_says() {
        let document = xml(SUCCESS, Some("+34666777888"));
        let document = roxmltree::Document::parse(&document).unwrap();
        let application = document.descendants().find(|node| node.attribute("type") == Some("APPLICATION")).unwrap();
        let parms: Vec<_> =
            application.children().map(|parm| (parm.attribute("name").unwrap(), parm.attribute("value").unwrap())).collect();
        assert_eq!(parms, [("AppID", "ap2015"), ("OperationResult", "1"), ("MSISDN", "+34666777888")]);
        assert!(!xml(103, None).contains("MSISDN"));
    }
}
