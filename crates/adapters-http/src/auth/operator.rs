//! The operator's key.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{bearer, part};
use crate::{
    problem::{Code, Problem},
    server::SignUp,
};

/// The operator's key, as its digest: digests of equal length are compared in constant time,
/// whatever the lengths of the keys.
pub(crate) struct OperatorKey([u8; 32]);

impl OperatorKey {
    /// Prepares `key`.
    pub(crate) fn new(key: &SecretString) -> Self {
        Self(Sha256::digest(key.expose_secret()).into())
    }

    fn is(&self, candidate: &str) -> bool {
        let candidate: [u8; 32] = Sha256::digest(candidate).into();
        self.0.ct_eq(&candidate).into()
    }
}

/// The operator, by their key.
pub(crate) struct Operator;

/// One who may register a user: anyone while sign-up is open, else the operator.
pub(crate) struct MaySignUp;

fn operator(request: &HttpRequest) -> Result<(), Problem> {
    let forbidden = || Problem::new(Code::Forbidden);
    // A header that cannot even be read is a wrong key like any other.
    let candidate = match bearer(request) {
        Err(problem) if problem.code() == Code::TokenInvalid => return Err(forbidden()),
        candidate => candidate?,
    };
    let key = part::<OperatorKey>(request)?;
    key.is(candidate).then_some(()).ok_or_else(forbidden)
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(operator(request).map(|()| Self))
    }
}

impl FromRequest for MaySignUp {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let allowed = part::<SignUp>(request).and_then(|sign_up| match sign_up {
            SignUp::Open => Ok(()),
            SignUp::Closed => operator(request),
        });
        ready(allowed.map(|()| Self))
    }
}
