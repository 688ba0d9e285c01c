//! Who is asking: an extractor for each kind of proof of SPEC §4.
//!
//! | SPEC | extractor | proof |
//! | --- | --- | --- |
//! | U | [`UserAuth`] | an access token |
//! | U or Q | [`Visitor`] | either token; a queue token that is not over |
//! | Q | [`InQueue`] | a queue token, of which the handler asks where it stands |
//! | A | [`Admitted`] | a queue token that is active |
//! | A, retries | [`AtDoor`] | a queue token whose turn has come, maybe over since |
//! | K | [`Operator`] | an operator's key |

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use domain::{
    clock::Clock,
    id::UserId,
    queue::{NotAdmitted, Pass, Queue},
};
use futures_util::future::LocalBoxFuture;

mod operator;

pub(crate) use operator::{MaySignUp, NamedKey, Operator, RootKey};

use crate::{
    limits::Limits,
    problem::{Code, Problem},
    token::{Proof, Refusal, Tokens},
    trail::asked_by,
};

/// A user, by their access token.
pub(crate) struct UserAuth(pub UserId);

/// A user, by their access token or their queue token.
pub(crate) struct Visitor {
    /// Who.
    pub user: UserId,
    /// The queue token, if that was the proof.
    pub pass: Option<Pass>,
}

/// The owner of a queue token, however far it has come.
pub(crate) struct InQueue(pub Pass);

/// The owner of an active queue token.
pub(crate) struct Admitted;

/// The owner of a queue token that does not wait. When it is over the decision is left to the
/// handler: one who has paid, or who repeats a request, should learn how the first one ended.
pub(crate) struct AtDoor {
    /// The queue token.
    pub pass: Pass,
    /// Whether it is over, as far as this process knows.
    pub over: bool,
}

/// A part of the server that handlers and extractors find with the request.
pub(crate) fn part<T: ?Sized + 'static>(request: &HttpRequest) -> Result<&T, Problem> {
    let missing = || Problem::internal(format!("no {} is wired", std::any::type_name::<T>()));
    let part = request.app_data::<Data<T>>().ok_or_else(missing)?;
    Ok(part.get_ref())
}

/// The credentials after `Bearer` (RFC 6750 §2.1; the scheme's case does not matter).
fn bearer(request: &HttpRequest) -> Result<&str, Problem> {
    let missing = || Problem::new(Code::TokenMissing);
    let header = request.headers().get(AUTHORIZATION).ok_or_else(missing)?;
    // Cheaper than `to_str`, which looks at each byte; what is not ASCII is no token anyway.
    let header = std::str::from_utf8(header.as_bytes());
    let header = header.map_err(|_| Problem::new(Code::TokenInvalid))?;
    let (scheme, token) = header.trim().split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_start())
    } else {
        Err(missing())
    }
}

/// What the request's token proves; notes that its owner is still there (rule 5), and counts the
/// request. Only a genuine token counts against its owner.
fn proof(request: &HttpRequest) -> Result<Proof, Problem> {
    let token = bearer(request)?;
    let now = part::<dyn Clock>(request)?.now();
    let proof = part::<Tokens>(request)?.read(token, now)?;
    let user = match proof {
        Proof::User(user) => user,
        Proof::Queue(pass) => pass.user_id,
    };
    asked_by(request, user);
    part::<dyn Queue>(request)?.saw(user);
    part::<Limits>(request)?.user(user, request)?;
    Ok(proof)
}

fn queue_proof(request: &HttpRequest) -> Result<Pass, Problem> {
    match proof(request)? {
        Proof::Queue(pass) => Ok(pass),
        Proof::User(_) => Err(Problem::new(Code::TokenInvalid)),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal {
            Refusal::Invalid => Code::TokenInvalid,
            Refusal::QueueExpired => Code::QueueTokenExpired,
        })
    }
}

impl FromRequest for UserAuth {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(proof(request).and_then(|proof| match proof {
            Proof::User(user) => Ok(Self(user)),
            Proof::Queue(_) => Err(Problem::new(Code::TokenInvalid)),
        }))
    }
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let pass = match proof(&request)? {
                Proof::User(user) => return Ok(Self { user, pass: None }),
                Proof::Queue(pass) => pass,
            };
            // One that is over opens nothing, not even what its owner did with it (rule 8).
            part::<dyn Queue>(&request)?.look(pass).await?;
            Ok(Self {
                user: pass.user_id,
                pass: Some(pass),
            })
        })
    }
}

impl FromRequest for InQueue {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(queue_proof(request).map(Self))
    }
}

impl FromRequest for AtDoor {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let pass = queue_proof(&request)?;
            match part::<dyn Queue>(&request)?.admitted(pass).await {
                Ok(()) => Ok(Self { pass, over: false }),
                Err(NotAdmitted::Ended) => Ok(Self { pass, over: true }),
                Err(waiting @ NotAdmitted::Waiting(_)) => Err(waiting.into()),
            }
        })
    }
}

impl FromRequest for Admitted {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let door = AtDoor::from_request(request, payload);
        Box::pin(async move {
            if door.await?.over {
                return Err(NotAdmitted::Ended.into());
            }
            Ok(Self)
        })
    }
}

#[cfg(test)]
mod tests;
