//! `Idempotency-Key` (rule 25).

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, dev::Payload};
use domain::idempotency::IdempotencyKey;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::{Fault, Problem};

const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 255;

/// The key that a client sent, if it sent one.
pub(crate) struct KeyHeader(Option<String>);

impl KeyHeader {
    /// Whether there is one.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The key of a request for `operation` with a body that means `meaning`. What is digested is
    /// the meaning, in a fixed form, so that a retry may be spelled differently.
    pub(crate) fn of(
        self,
        operation: &str,
        meaning: impl Serialize,
    ) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(key) = self.0 else { return Ok(None) };
        let canonical = serde_json::to_vec(&(operation, meaning)).map_err(Problem::internal)?;
        let fingerprint = Sha256::digest(canonical).into();
        Ok(Some(IdempotencyKey { key, fingerprint }))
    }

    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let wrong = |detail: &str| Problem::malformed(Fault::header(HEADER, detail));
        let mut given = request.headers().get_all(HEADER);
        let Some(key) = given.next() else {
            return Ok(Self(None));
        };
        if given.next().is_some() {
            return Err(wrong("the key is given twice"));
        }
        let key = std::str::from_utf8(key.as_bytes()).map_err(|_| wrong("the key is not UTF-8"))?;
        if !(1..=LONGEST).contains(&key.chars().count()) {
            return Err(wrong("a key has 1 to 255 characters"));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

impl FromRequest for KeyHeader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// Begins the answer 201 of an operation that takes a key.
pub(crate) fn created(replayed: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::Created();
    if replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response
}

#[cfg(test)]
mod tests;
