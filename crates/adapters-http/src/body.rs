//! JSON bodies, strictly.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    web::BytesMut,
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::timeout;
use utoipa::openapi::{
    Object, ObjectBuilder,
    schema::{SchemaType, Type},
};

mod whole;

pub(crate) use whole::Whole;

use crate::{
    auth::part,
    edge::Deadline,
    problem::{Code, Fault, Problem, pointer},
};

/// The largest body, in bytes.
const LARGEST: usize = 16 * 1024;

/// A text of 1 to `most` characters: something is left when it is trimmed, and no control characters.
fn printable(most: usize) -> ObjectBuilder {
    let pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u001f\u007f-\u009f\s][^\u0000-\u001f\u007f-\u009f]*$";
    Object::builder()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(most))
        .pattern(Some(pattern))
}

/// How a user's name is written in a body.
pub(crate) fn name_schema() -> Object {
    printable(100).build()
}

/// How a title, a venue or a grade is written in a body.
pub(crate) fn text_schema() -> Object {
    printable(200).build()
}

/// The same, where it may be left out or null.
pub(crate) fn optional_text_schema() -> Object {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    printable(200).schema_type(types).build()
}

/// A JSON body. What is no JSON is 400; JSON that is not what was asked for is 422 and told where.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let acceptable = acceptable(request).and_then(|()| part::<Deadline>(request).copied());
        let payload = payload.take();
        Box::pin(async move {
            // The other half is left for the work.
            let Deadline(limit) = acceptable?;
            let body = timeout(limit / 2, read(payload)).await;
            parse(&body.map_err(|_| malformed("the body took too long to arrive"))??).map(Self)
        })
    }
}

fn acceptable(request: &HttpRequest) -> Result<(), Problem> {
    let is_json = request
        .content_type()
        .eq_ignore_ascii_case("application/json");
    let encoding = request.headers().get(CONTENT_ENCODING);
    let is_plain = encoding.is_none_or(|encoding| encoding.as_bytes() == b"identity");
    if !is_json || !is_plain {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length > LARGEST => Err(Problem::new(Code::BodyTooLarge)),
        _ => Ok(()),
    }
}

async fn read(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(unreadable)?;
        if body.len() + chunk.len() > LARGEST {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreadable(error: PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new(Code::BodyTooLarge),
        error => malformed("the body could not be read").because(error.to_string()),
    }
}

fn malformed(detail: &(impl ToString + ?Sized)) -> Problem {
    Problem::malformed(Fault::at("", detail))
}

/// Reads `body`, a JSON object, as a `T`, after a first look at whether it is JSON at all: a wrong
/// type before a syntax error must not hide it. (serde would read an array as a struct, too.)
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = std::str::from_utf8(body).map_err(|_| malformed("the body is not UTF-8"))?;
    serde_json::from_str::<IgnoredAny>(body).map_err(|error| malformed(&error))?;
    if !body.trim_start().starts_with('{') {
        return Err(Problem::invalid([Fault::at(
            "",
            "a JSON object is expected",
        )]));
    }
    let mut json = serde_json::Deserializer::from_str(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let fault = Fault::at(pointer(error.path()), &sentence(error.inner()));
        match error.inner().classify() {
            serde_json::error::Category::Data => Problem::invalid([fault]),
            _ => Problem::malformed(fault),
        }
    })
}

/// What serde says, without the line and column: the pointer tells where.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = text.rfind(" at line ").unwrap_or(text.len());
    text[..place].to_owned()
}

/// A field that is there, whatever it holds; for values whose form has a problem code of its own.
pub(crate) type Anything = Box<serde_json::value::RawValue>;

/// The whole number that `value` is, if it is one of 64 bits.
pub(crate) fn whole_number(value: &Anything) -> Option<i64> {
    let number = serde_json::from_str::<Whole<i64>>(value.get());
    number.ok().map(|Whole(number)| number)
}

#[cfg(test)]
mod tests;
