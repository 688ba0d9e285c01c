//! The operators' keys: the one that the server is started with, and those that were made with it.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::operators::{self, Authority, KeyDigest, Operators};
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{bearer, part};
use crate::{
    edge::request_id,
    problem::{Code, Problem},
    server::SignUp,
};

/// The key that the server was started with, as its digest: digests of equal length are compared in
/// constant time, whatever the lengths of the keys.
pub(crate) struct RootKey(KeyDigest);

impl RootKey {
    /// Prepares `key`.
    pub(crate) fn new(key: &SecretString) -> Self {
        Self(digest(key.expose_secret()))
    }

    fn is(&self, candidate: &str) -> bool {
        self.0.0.ct_eq(&digest(candidate).0).into()
    }
}

fn digest(key: &str) -> KeyDigest {
    KeyDigest(Sha256::digest(key).into())
}

/// A key for one more operator. It is told once, and known by its digest.
pub(crate) struct NamedKey(String);

impl NamedKey {
    /// What such keys begin with, so that they are recognised where they should not be.
    const PREFIX: &str = "box_op_";
    const BYTES: usize = 32;
    /// The length of so many bytes in base64 without padding.
    const DIGITS: usize = (Self::BYTES * 4).div_ceil(3);

    /// A new one; the system may be without random numbers.
    pub(crate) fn random() -> Result<Self, Problem> {
        let mut random = [0; Self::BYTES];
        getrandom::fill(&mut random).map_err(Problem::internal)?;
        let digits = URL_SAFE_NO_PAD.encode(random);
        Ok(Self(format!("{}{digits}", Self::PREFIX)))
    }

    /// For its owner.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is known by.
    pub(crate) fn digest(&self) -> KeyDigest {
        digest(&self.0)
    }

    /// The digest of `candidate` if it looks like such a key: nothing else is looked up.
    fn known_by(candidate: &str) -> Option<KeyDigest> {
        let digits = candidate.strip_prefix(Self::PREFIX)?;
        (digits.len() == Self::DIGITS).then(|| digest(candidate))
    }
}

/// An operator, by their key.
pub(crate) struct Operator(pub operators::Operator);

/// One who may register a user: anyone while sign-up is open, else an operator.
pub(crate) struct MaySignUp;

/// By what right the request is an operator's.
///
/// Digests of named keys are looked up in a map: how long that takes tells nothing that helps to find
/// a key.
async fn authority(request: &HttpRequest) -> Result<Authority, Problem> {
    let forbidden = || Problem::new(Code::Forbidden);
    // A header that cannot even be read is a wrong key like any other.
    let candidate = match bearer(request) {
        Err(problem) if problem.code() == Code::TokenInvalid => return Err(forbidden()),
        candidate => candidate?,
    };
    if part::<RootKey>(request)?.is(candidate) {
        return Ok(Authority::Root);
    }
    let digest = NamedKey::known_by(candidate).ok_or_else(forbidden)?;
    let known = part::<dyn Operators>(request)?.identify(digest).await?;
    known.ok_or_else(forbidden)
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let by = authority(&request).await?;
            let request_id = request_id(&request);
            Ok(Self(operators::Operator { by, request_id }))
        })
    }
}

impl FromRequest for MaySignUp {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if *part::<SignUp>(&request)? == SignUp::Closed {
                authority(&request).await?;
            }
            Ok(Self)
        })
    }
}
