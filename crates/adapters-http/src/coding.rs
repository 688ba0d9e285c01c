//! Compressed answers (RFC 9110 §8.4).
//!
//! A body is compressed whole, in memory, so its length stays known: an answer of unknown length is a
//! stream, which leaves the dispatcher (`connection`). Streams are not compressed, nor what is small.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_http::{ResponseHead, encoding::Encoder};
use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody, to_bytes},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{
            AcceptEncoding, CONTENT_ENCODING, CONTENT_TYPE, ContentEncoding, ETAG, Encoding,
            Header, HeaderValue, Preference, Quality, VARY,
        },
    },
    middleware::Next,
    web::Bytes,
};

use crate::{etag, problem::Problem};

/// From so many bytes on compression is worth its while.
const LEAST: u64 = 1_024;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// The better one.
    Zstd,
    /// The older one.
    Gzip,
}

/// The coding that a client likes best.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted(Option<Coding>);

impl Coding {
    /// All of them, the better one first.
    pub(crate) const ALL: [Self; 2] = [Self::Zstd, Self::Gzip];

    fn content(self) -> ContentEncoding {
        match self {
            Self::Zstd => ContentEncoding::Zstd,
            Self::Gzip => ContentEncoding::Gzip,
        }
    }

    /// Its name in header fields.
    pub(crate) fn name(self) -> &'static str {
        self.content().as_str()
    }

    /// `body`, compressed. Much is compressed on a thread for such work.
    pub(crate) async fn pack(self, body: Bytes) -> Result<Bytes, Problem> {
        let mut head = ResponseHead::new(StatusCode::OK);
        let packed = to_bytes(Encoder::response(self.content(), &mut head, body)).await;
        packed.map_err(|error| Problem::internal(error.to_string()))
    }
}

impl Accepted {
    fn of(message: &impl HttpMessage) -> Self {
        let Ok(AcceptEncoding(items)) = AcceptEncoding::parse(message) else {
            return Self(None);
        };
        let quality = |encoding: Option<Encoding>| {
            let named = encoding.map(Preference::Specific);
            let item = items.iter().find(|item| named.as_ref() == Some(&item.item));
            item.map(|item| item.quality)
        };
        let any = items.iter().find(|item| item.item == Preference::Any);
        let any = any.map_or(Quality::ZERO, |item| item.quality);
        let plain = quality(Some(Encoding::identity())).unwrap_or(Quality::ZERO);
        let mut best = (None, plain);
        for coding in Coding::ALL {
            let named = Some(Encoding::Known(coding.content()));
            let quality = quality(named).unwrap_or(any);
            let is_better = match best.0 {
                None => quality > Quality::ZERO && quality >= best.1,
                Some(_) => quality > best.1,
            };
            if is_better {
                best = (Some(coding), quality);
            }
        }
        Self(best.0)
    }

    /// The coding for a body of this length.
    pub(crate) fn for_length(self, length: u64) -> Option<Coding> {
        self.0.filter(|_| length >= LEAST)
    }
}

impl FromRequest for Accepted {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Compresses what a handler has not, for clients that accept it.
pub(crate) async fn compress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let accepted = Accepted::of(&request);
    let answer = next.call(request).await?.map_into_boxed_body();
    let (request, answer) = answer.into_parts();
    Ok(ServiceResponse::new(
        request,
        packed(answer, accepted).await,
    ))
}

async fn packed(mut answer: HttpResponse, accepted: Accepted) -> HttpResponse {
    let BodySize::Sized(length @ LEAST..) = answer.body().size() else {
        return answer;
    };
    if answer.headers().contains_key(CONTENT_ENCODING) || !shrinks(&answer) {
        return answer;
    }
    vary(&mut answer);
    let Some(coding) = accepted.for_length(length) else {
        return answer;
    };
    let (mut answer, body) = answer.into_parts();
    let Ok(plain) = to_bytes(body).await else {
        return HttpResponse::InternalServerError().finish();
    };
    match coding.pack(plain.clone()).await {
        Ok(packed) => {
            encoded(&mut answer, coding);
            answer.set_body(BoxBody::new(packed))
        }
        Err(_) => answer.set_body(BoxBody::new(plain)),
    }
}

/// Says that an answer may come in another coding.
fn vary<B>(answer: &mut HttpResponse<B>) {
    let headers = answer.headers_mut();
    let says = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("Accept-Encoding"))
    };
    if !headers.get_all(VARY).any(says) {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Says that an answer is compressed. Its entity tag becomes another one: it names these bytes.
pub(crate) fn encoded<B>(answer: &mut HttpResponse<B>, coding: Coding) {
    let headers = answer.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    let tag = tag.map(|tag| etag::encoded(tag, coding.name()));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        headers.insert(ETAG, tag);
    }
}

/// Texts shrink, and pictures do not.
fn shrinks<B>(answer: &HttpResponse<B>) -> bool {
    let kind = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| {
        kind.starts_with("text/") && !kind.starts_with("text/event-stream")
            || kind.contains("json")
            || kind.contains("javascript")
    })
}

#[cfg(test)]
mod tests;
