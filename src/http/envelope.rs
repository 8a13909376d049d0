//! The published error envelope, on every answer of status 400 and above, whoever produced it.

use std::any::Any;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use serde::Serialize;
use utoipa::{ToResponse, ToSchema};

use crate::error::{Error, Kind};

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorEnvelope)]
#[expect(non_snake_case, reason = "the published names")]
pub struct Envelope {
    /// What exactly was wrong.
    #[schema(example = "Error:Field validation for 'Imsi' failed on the 'required' tag")]
    pub componentMsg: String,
    /// A stable code of the kind of error.
    #[schema(example = "MM0000001", pattern = "^MM[0-9]{7}$")]
    pub id: &'static str,
    /// The fixed sentence of the id.
    #[schema(example = "Invalid inbound entity")]
    pub msg: &'static str,
    /// The id of this very answer: it stands in the log and in Sentry.
    #[schema(example = "0f5a1c2e9b7d4f60a1b2c3d4e5f60718", pattern = "^[0-9a-f]{32}$")]
    pub sentryCode: String,
    /// The status of the answer.
    #[schema(example = 400, minimum = 400, maximum = 599)]
    pub status: u16,
}

impl Envelope {
    /// The envelope of a failure under an event id.
    pub fn new(error: &Error, event_id: String) -> Self {
        let kind = error.kind();
        Self { componentMsg: error.detail().to_owned(), id: kind.id(), msg: kind.msg(), sentryCode: event_id, status: kind.status() }
    }
}

/// The failure travels beside the answer, so that one place writes the envelope, the log line and the Sentry event.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        let headers = response.headers_mut();
        match self.kind() {
            Kind::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::InvalidToken => {
                let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", self.detail());
                let challenge = HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static("Bearer error=\"invalid_token\""));
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            kind if kind.status() == 503 => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.seconds_to_retry()));
            }
            _ => {}
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The failure behind an answer: the one it carries, or what its status says where the framework made it.
pub fn failure_of(response: &mut Response) -> Arc<Error> {
    if let Some(error) = response.extensions_mut().remove::<Arc<Error>>() {
        return error;
    }
    let error = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Error::new(Kind::MethodNotAllowed, "the path does not know this method, see Allow"),
        StatusCode::NOT_FOUND => Error::new(Kind::UnknownRoute, "there is nothing at this path"),
        StatusCode::SERVICE_UNAVAILABLE => Error::because(Kind::TimedOut, "the request's time-out"),
        status if status.is_client_error() => Error::new(Kind::BadRequest, "the request cannot be understood"),
        status => Error::because(Kind::Internal, format!("an answer of status {status} without a failure")),
    };
    let replacement = error.into_response();
    *response.status_mut() = replacement.status();
    for (name, value) in replacement.headers() {
        response.headers_mut().insert(name, value.clone());
    }
    replacement.extensions().get::<Arc<Error>>().cloned().unwrap_or_else(|| Arc::new(Error::because(Kind::Internal, "lost")))
}

/// The failure that an answer's envelope tells, for whoever stands around the envelope.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// What went wrong.
    pub error: Arc<Error>,
    /// The envelope's `sentryCode`.
    pub event_id: String,
}

/// Puts the envelope in place of the answer's body.
pub fn seal(response: &mut Response, error: Arc<Error>, event_id: String) {
    let (parts, body) = Json(Envelope::new(&error, event_id.clone())).into_response().into_parts();
    *response.body_mut() = body;
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().extend(parts.headers);
    response.extensions_mut().insert(Sealed { error, event_id });
}

/// The answer for a path that no router knows.
pub async fn unknown_route() -> Error {
    Error::new(Kind::UnknownRoute, "there is nothing at this path")
}

/// The answer of a handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "the signature that tower-http asks for")]
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::because(Kind::Internal, format!("panic: {}", text.unwrap_or("of unknown cause"))).into_response()
}

/// Reusable answers of the documents: `response = errors::NotFound`.
pub mod errors {
    use std::collections::BTreeMap;

    use utoipa::openapi::example::ExampleBuilder;
    use utoipa::openapi::{OpenApi, Ref, RefOr, Response};

    use super::{Envelope, Error, Kind, ToResponse};

    /// A response with an example of every kind of failure that has its status, each under the id of its kind.
    fn exemplified(status: u16, response: RefOr<Response>) -> RefOr<Response> {
        let RefOr::T(mut response) = response else { return response };
        let kinds = Kind::ALL.iter().filter(|kind| kind.status() == status);
        let example = |kind: &Kind| {
            let envelope = Envelope::new(&Error::new(*kind, sample(*kind)), "0f5a1c2e9b7d4f60a1b2c3d4e5f60718".to_owned());
            let example = ExampleBuilder::new().summary(kind.msg()).value(serde_json::to_value(envelope).ok());
            (kind.id().to_owned(), RefOr::T(example.build()))
        };
        for content in response.content.values_mut() {
            if let RefOr::T(content) = content {
                content.examples.extend(kinds.clone().map(example));
            }
        }
        RefOr::T(response)
    }

    /// What a failure of a kind may say.
    fn sample(kind: Kind) -> &'static str {
        match kind {
            Kind::Invalid => "Error:Field validation for 'Imsi' failed on the 'required' tag",
            Kind::Unreadable => "the body is not JSON (line 1, column 1)",
            Kind::RefusedUpstream => "the Entitlement Server calls the request wrong",
            Kind::Unauthenticated => "the bearer token is missing",
            Kind::InvalidToken => "the token has expired",
            Kind::Forbidden => "the token is not for this org",
            Kind::NotFound => "Msisdn not found",
            Kind::UnknownRoute => "there is nothing at this path",
            Kind::MethodNotAllowed => "the path does not know this method, see Allow",
            Kind::SlowRequest => "the body did not arrive in time",
            Kind::Conflict => "the present state does not allow this",
            Kind::TooLarge => "the body has more than 1048576 bytes",
            Kind::UnsupportedMediaType => "the body must be sent as Content-Type: application/json",
            Kind::BadRequest => "the query is unreadable, or names a parameter twice",
            // Their text is that of their kind, whatever stands here.
            Kind::Internal | Kind::BadGateway | Kind::Unavailable | Kind::TimedOut | Kind::SequenceExhausted | Kind::SandboxesFull => "",
        }
    }

    macro_rules! documented {
        ($($status:literal $name:ident $description:literal;)+) => {
            /// Adds what the answers below refer to to a document: the responses and the envelope's schema.
            #[derive(Debug)]
            pub struct ErrorResponses;

            impl utoipa::Modify for ErrorResponses {
                fn modify(&self, openapi: &mut OpenApi) {
                    let components = openapi.components.get_or_insert_default();
                    let named = |status, (name, response): (&str, _)| (name.to_owned(), exemplified(status, response));
                    components.responses.extend([$(named($status, $name::response())),+]);
                    let schema = (<Envelope as utoipa::ToSchema>::name().into_owned(), <Envelope as utoipa::PartialSchema>::schema());
                    components.schemas.extend([schema]);
                }
            }

            $(
                #[doc = $description]
                #[derive(ToResponse)]
                #[response(description = $description)]
                #[expect(dead_code, reason = "only the documents mention it")]
                pub struct $name(Envelope);
            )+
        };
    }

    documented! {
        400 BadRequest "Bad Request: a field or parameter breaks a rule, or the body is not JSON.";
        401 Unauthorized "Unauthorized: the bearer token is missing or does not hold.";
        403 Forbidden "Forbidden: the token is not for this org, or lacks the scope.";
        404 NotFound "Not Found: there is no such object, or it is not the caller's.";
        409 Conflict "Conflict: the present state does not allow this.";
        413 TooLarge "Content Too Large: the body has more than 1 MiB.";
        415 UnsupportedMediaType "Unsupported Media Type: the body is not application/json.";
        500 InternalServerError "Internal Server Error.";
        502 BadGateway "Bad Gateway: the Entitlement Server failed.";
        503 Unavailable "Service Unavailable: try again after Retry-After seconds.";
    }

    /// Takes from a document the answer of operations that ask something upstream.
    #[derive(Debug)]
    pub struct NothingUpstream;

    impl utoipa::Modify for NothingUpstream {
        fn modify(&self, openapi: &mut OpenApi) {
            openapi.components.get_or_insert_default().responses.remove("BadGateway");
        }
    }

    /// Declares sets of the answers above that many operations share: `errors::Common`.
    macro_rules! shared {
        ($($(#[$meta:meta])* $name:ident = [$($status:literal $response:ident),+];)+) => {
            $(
                $(#[$meta])*
                #[derive(Debug)]
                pub struct $name;

                impl utoipa::IntoResponses for $name {
                    fn responses() -> BTreeMap<String, RefOr<Response>> {
                        [$(($status.to_string(), RefOr::Ref(Ref::from_response_name(stringify!($response))))),+].into()
                    }
                }
            )+
        };
    }

    shared! {
        /// What any operation may answer.
        Common = [400 BadRequest, 401 Unauthorized, 403 Forbidden, 404 NotFound, 500 InternalServerError, 503 Unavailable];
        /// What any operation of the control plane may answer.
        Control = [400 BadRequest, 401 Unauthorized, 403 Forbidden, 500 InternalServerError, 503 Unavailable];
        /// What an operation that takes a body may answer besides.
        OfBody = [413 TooLarge, 415 UnsupportedMediaType];
    }
}
