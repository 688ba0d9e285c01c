//! The tokens that the server gives out: JWTs (RFC 7519) signed with HS256.
//!
//! The audience tells the kind: `access` proves who a user is, `queue` carries a [`Pass`]. All times
//! are checked against the `Clock` port: `jsonwebtoken` would ask the ambient one.

use domain::{
    id::{TokenId, UserId},
    queue::{Pass, Ticket},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const ISSUER: &str = "boxoffice";

/// Anything longer was not made here; it is not worth a look.
const LONGEST: usize = 2_048;

/// A token is valid from a moment before it was made: the clocks of two server processes may
/// differ by that much, and the first request may reach the other one.
const GRACE: Duration = Duration::SECOND;

/// Makes and reads tokens; the keys are prepared once.
pub(crate) struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    header: Header,
    validation: Validation,
    access_ttl: Duration,
    active_ttl: Duration,
}

/// What a token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// An access token: its bearer is this user.
    User(UserId),
    /// A queue token: its bearer has this place in the queue.
    Queue(Pass),
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not made here, altered, not yet valid, or an access token past its time.
    Invalid,
    /// A queue token past its time.
    QueueExpired,
}

/// An access token and when it ends.
pub(crate) struct AccessToken {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// The secret is too short to be one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the token secret has at least {} bytes", Tokens::SHORTEST_SECRET)]
pub(crate) struct WeakSecret;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "aud", rename_all = "lowercase")]
enum Kind {
    Access,
    Queue {
        jti: Uuid,
        ticket: u64,
        /// Microseconds since 1970, so that a pass comes back as it was.
        entered_at: i64,
        waiting_until: i64,
    },
}

impl Tokens {
    const SHORTEST_SECRET: usize = 32;

    /// Tokens signed with `secret`; queue tokens can be used until `active_ttl` after the latest
    /// moment they can be admitted at.
    pub(crate) fn new(
        secret: &SecretString,
        access_ttl: Duration,
        active_ttl: Duration,
    ) -> Result<Self, WeakSecret> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < Self::SHORTEST_SECRET {
            return Err(WeakSecret);
        }
        Ok(Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            header: Header::new(Algorithm::HS256),
            validation: validation(),
            access_ttl,
            active_ttl,
        })
    }

    /// A new access token for `user`.
    pub(crate) fn access(
        &self,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<AccessToken, jsonwebtoken::errors::Error> {
        let exp = (now + self.access_ttl).unix_timestamp();
        let token = self.sign(&claims(user, now, exp, Kind::Access))?;
        // What is told is what the token says: whole seconds.
        let expires_at = OffsetDateTime::from_unix_timestamp(exp).unwrap_or(now);
        Ok(AccessToken { token, expires_at })
    }

    /// The queue token of `pass`: always the same one for the same pass.
    pub(crate) fn queue(&self, pass: &Pass) -> Result<String, jsonwebtoken::errors::Error> {
        let end = pass.waiting_until + self.active_ttl;
        let exp = end.unix_timestamp() + i64::from(end.nanosecond() > 0);
        let kind = Kind::Queue {
            jti: pass.token_id.get(),
            ticket: pass.ticket.get(),
            entered_at: micros(pass.entered_at),
            waiting_until: micros(pass.waiting_until),
        };
        self.sign(&claims(pass.user_id, pass.entered_at, exp, kind))
    }

    fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        encode(&self.header, claims, &self.signing)
    }

    /// What `token` proves at `now`.
    pub(crate) fn read(&self, token: &str, now: OffsetDateTime) -> Result<Proof, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::Invalid);
        }
        let claims = decode::<Claims>(token, &self.verifying, &self.validation)
            .map_err(|_| Refusal::Invalid)?
            .claims;
        let now = now.unix_timestamp();
        if now < claims.nbf {
            return Err(Refusal::Invalid);
        }
        match claims.kind {
            Kind::Access if claims.exp <= now => Err(Refusal::Invalid),
            Kind::Access => Ok(Proof::User(UserId::new(claims.sub))),
            Kind::Queue { .. } if claims.exp <= now => Err(Refusal::QueueExpired),
            Kind::Queue { .. } => pass(&claims).map(Proof::Queue).ok_or(Refusal::Invalid),
        }
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&["access", "queue"]);
    validation.leeway = 0;
    // Checked in `read`, by the port's time.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn claims(user: UserId, made: OffsetDateTime, exp: i64, kind: Kind) -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        sub: user.get(),
        iat: made.unix_timestamp(),
        nbf: (made - GRACE).unix_timestamp(),
        exp,
        kind,
    }
}

fn pass(claims: &Claims) -> Option<Pass> {
    let Kind::Queue {
        jti,
        ticket,
        entered_at,
        waiting_until,
    } = claims.kind
    else {
        return None;
    };
    Some(Pass {
        token_id: TokenId::new(jti),
        user_id: UserId::new(claims.sub),
        ticket: Ticket::new(ticket),
        entered_at: moment(entered_at)?,
        waiting_until: moment(waiting_until)?,
    })
}

fn micros(time: OffsetDateTime) -> i64 {
    // Years -9999 to 9999 in microseconds fit into 64 bits twice.
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn moment(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()
}

#[cfg(test)]
mod tests;
