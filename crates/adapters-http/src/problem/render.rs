//! A problem as a response.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Code, Problem};
use crate::language::Language;

/// When to try again what failed for want of room or of a database, in seconds.
const RETRY_AFTER: &str = "1";

/// The members of RFC 9457 and ours, in this order.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// The answer that tells a client of it, in its language.
    pub(crate) fn render(&self, language: Language, request_id: Option<&str>) -> HttpResponse {
        let entry = self.code.entry();
        let detail = match language {
            Language::English => entry.english,
            Language::Korean => entry.korean,
        };
        let body = Body {
            r#type: format!("/problems/{}", entry.code),
            title: entry.title,
            status: self.status.as_u16(),
            detail,
            code: entry.code,
            request_id,
            members: &self.members,
        };
        let mut response = HttpResponse::build(self.status);
        response
            .insert_header((header::CONTENT_LANGUAGE, language.tag()))
            .insert_header((header::VARY, "Accept-Language"));
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        // `json` keeps a content type that is set already.
        response.content_type("application/problem+json").json(body)
    }

    /// The header that goes with its status.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match (self.code, self.status) {
            (Code::TokenMissing, _) => (header::WWW_AUTHENTICATE, "Bearer"),
            (_, StatusCode::UNAUTHORIZED) => {
                (header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)
            }
            (_, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
                (header::RETRY_AFTER, RETRY_AFTER)
            }
            _ => return None,
        };
        Some((name, HeaderValue::from_static(value)))
    }
}
