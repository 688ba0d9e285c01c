//! The tokens that the server gives out: JWTs (RFC 7519) signed with HS256.
//!
//! The audience tells the kind: `access` proves who a user is, `queue` carries a [`Pass`]. There is one
//! algorithm, and one header for each secret, which names it (`kid`): a token with any other header is
//! not even verified. The newest secret signs, all verify, so that secrets can be changed while
//! tokens signed with the last one are about.
//!
//! `jsonwebtoken` makes and checks the signatures; the claims are read here, once (it would read them
//! twice, and ask the ambient clock): every poll of everyone who waits comes through here.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    id::{TokenId, UserId},
    queue::{Pass, Ticket},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const ISSUER: &str = "boxoffice";
const ALGORITHM: Algorithm = Algorithm::HS256;
/// The `typ` of the header: what another program signs with the same secret is no token (RFC 8725 §3.11).
const TYPE: &str = "boxoffice+jwt";

/// Anything longer was not made here; it is not worth a look.
const LONGEST: usize = 2_048;

/// A token is valid from a moment before it was made: the clocks of two server processes may
/// differ by that much, and the first request may reach the other one.
const GRACE: Duration = Duration::SECOND;

/// Makes and reads tokens; the keys are prepared once.
pub(crate) struct Tokens {
    signing: EncodingKey,
    header: Header,
    /// Of each secret, the newest first.
    keys: Vec<Key>,
    access_ttl: Duration,
    active_ttl: Duration,
}

/// What tokens signed with one secret are verified by.
struct Key {
    /// The header as every such token begins.
    prefix: String,
    verifying: DecodingKey,
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

/// There is no secret, or one that is too short to be one.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a token secret has at least {} bytes", Tokens::SHORTEST_SECRET)]
pub(crate) struct WeakSecret;

#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: Audience,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<u64>,
    /// Microseconds since 1970, so that a pass comes back as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    entered_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_until: Option<i64>,
}

#[derive(Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Audience {
    Access,
    Queue,
}

impl Tokens {
    const SHORTEST_SECRET: usize = 32;

    /// Tokens signed with the first of `secrets` or, in former times, another of them; queue tokens
    /// can be used until `active_ttl` after the latest moment they can be admitted at.
    pub(crate) fn new(
        secrets: &[SecretString],
        access_ttl: Duration,
        active_ttl: Duration,
    ) -> Result<Self, WeakSecret> {
        let newest = secrets.first().ok_or(WeakSecret)?;
        Ok(Self {
            signing: EncodingKey::from_secret(bytes(newest)?),
            header: header(bytes(newest)?),
            keys: secrets.iter().map(Key::new).collect::<Result<_, _>>()?,
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
        let token = self.sign(&claims(Audience::Access, user, now, exp))?;
        // What is told is what the token says: whole seconds.
        let expires_at = OffsetDateTime::from_unix_timestamp(exp).unwrap_or(now);
        Ok(AccessToken { token, expires_at })
    }

    /// The queue token of `pass`: always the same one for the same pass.
    pub(crate) fn queue(&self, pass: &Pass) -> Result<String, jsonwebtoken::errors::Error> {
        let end = pass.waiting_until + self.active_ttl;
        let exp = end.unix_timestamp() + i64::from(end.nanosecond() > 0);
        self.sign(&Claims {
            jti: Some(pass.token_id.get()),
            ticket: Some(pass.ticket.get()),
            entered_at: Some(micros(pass.entered_at)),
            waiting_until: Some(micros(pass.waiting_until)),
            ..claims(Audience::Queue, pass.user_id, pass.entered_at, exp)
        })
    }

    fn sign(&self, claims: &Claims<'_>) -> Result<String, jsonwebtoken::errors::Error> {
        encode(&self.header, claims, &self.signing)
    }

    /// What `token` proves at `now`.
    pub(crate) fn read(&self, token: &str, now: OffsetDateTime) -> Result<Proof, Refusal> {
        if token.len() > LONGEST {
            return Err(Refusal::Invalid);
        }
        let json = self.verified(token).ok_or(Refusal::Invalid)?;
        let claims: Claims<'_> = serde_json::from_slice(&json).map_err(|_| Refusal::Invalid)?;
        let now = now.unix_timestamp();
        if claims.iss != ISSUER || now < claims.nbf {
            return Err(Refusal::Invalid);
        }
        match claims.aud {
            Audience::Access if claims.exp <= now => Err(Refusal::Invalid),
            Audience::Access => Ok(Proof::User(UserId::new(claims.sub))),
            Audience::Queue if claims.exp <= now => Err(Refusal::QueueExpired),
            Audience::Queue => pass(&claims).map(Proof::Queue).ok_or(Refusal::Invalid),
        }
    }

    /// The claims of a token that was made here, as JSON.
    fn verified(&self, token: &str) -> Option<Vec<u8>> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let Key { verifying, .. } = self.keys.iter().find(|key| key.prefix == header)?;
        let genuine = crypto::verify(signature, message.as_bytes(), verifying, ALGORITHM);
        if !genuine.unwrap_or(false) {
            return None;
        }
        BASE64_URL_SAFE_NO_PAD.decode(claims).ok()
    }
}

impl Key {
    fn new(secret: &SecretString) -> Result<Self, WeakSecret> {
        let secret = bytes(secret)?;
        let header = serde_json::to_vec(&header(secret)).map_err(|_| WeakSecret)?;
        Ok(Self {
            prefix: BASE64_URL_SAFE_NO_PAD.encode(header),
            verifying: DecodingKey::from_secret(secret),
        })
    }
}

/// A secret that is long enough not to be guessed.
fn bytes(secret: &SecretString) -> Result<&[u8], WeakSecret> {
    let secret = secret.expose_secret().as_bytes();
    let fits = secret.len() >= Tokens::SHORTEST_SECRET;
    fits.then_some(secret).ok_or(WeakSecret)
}

/// The header of tokens signed with `secret`, which is named by the beginning of a digest: every
/// process calls it the same, and the name tells no more of it than a signature does.
fn header(secret: &[u8]) -> Header {
    let digest = Sha256::new()
        .chain_update("boxoffice token secret: ")
        .chain_update(secret);
    Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(BASE64_URL_SAFE_NO_PAD.encode(&digest.finalize()[..8])),
        ..Header::new(ALGORITHM)
    }
}

fn claims(aud: Audience, user: UserId, made: OffsetDateTime, exp: i64) -> Claims<'static> {
    Claims {
        iss: ISSUER,
        aud,
        sub: user.get(),
        iat: made.unix_timestamp(),
        nbf: (made - GRACE).unix_timestamp(),
        exp,
        jti: None,
        ticket: None,
        entered_at: None,
        waiting_until: None,
    }
}

fn pass(claims: &Claims<'_>) -> Option<Pass> {
    Some(Pass {
        token_id: TokenId::new(claims.jti?),
        user_id: UserId::new(claims.sub),
        ticket: Ticket::new(claims.ticket?),
        entered_at: moment(claims.entered_at?)?,
        waiting_until: moment(claims.waiting_until?)?,
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
