//! An answer that is the same as long as the process lives.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY},
    web::Bytes,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::{
    coding::{Accepted, Coding, encoded},
    etag::{Known, Tag},
    problem::Problem,
};

/// A body, also compressed once it was asked for so.
pub(crate) struct Kept {
    kind: String,
    tag: Tag,
    plain: Bytes,
    packed: [OnceCell<Bytes>; Coding::ALL.len()],
}

impl Kept {
    /// A body of this content type.
    pub(crate) fn new(kind: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let plain = body.into();
        Self {
            kind: kind.into(),
            tag: digest(&plain),
            plain,
            packed: Default::default(),
        }
    }

    /// The answer to a client that has and accepts this.
    pub(crate) async fn answer(
        &self,
        known: &Known,
        accepted: Accepted,
    ) -> Result<HttpResponse, Problem> {
        if let Some(tag) = known.matching(&self.tag) {
            return Ok(shared(HttpResponse::NotModified().finish(), &tag));
        }
        let coding = accepted.for_length(self.plain.len() as u64);
        let body = match coding {
            None => self.plain.clone(),
            Some(coding) => self.packed(coding).await?,
        };
        let answer = HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, self.kind.as_str()))
            .body(body);
        let mut answer = shared(answer, &self.tag.to_string());
        if let Some(coding) = coding {
            encoded(&mut answer, coding);
        }
        Ok(answer)
    }

    async fn packed(&self, coding: Coding) -> Result<Bytes, Problem> {
        let place = match coding {
            Coding::Zstd => &self.packed[0],
            Coding::Gzip => &self.packed[1],
        };
        let packed = place.get_or_try_init(|| coding.pack(self.plain.clone()));
        Ok(packed.await?.clone())
    }
}

/// The tag of a body that shows nothing but itself.
pub(crate) fn digest(body: &[u8]) -> Tag {
    let digest = Sha256::digest(body);
    Tag {
        state: BASE64_URL_SAFE_NO_PAD.encode(&digest[..15]),
        moment: "0".to_owned(),
    }
}

/// Any cache may keep it, and asks again whether it is still good.
fn shared(mut answer: HttpResponse, tag: &str) -> HttpResponse {
    let headers = answer.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "public, no-cache"),
        (VARY, "Accept-Encoding"),
        (ETAG, tag),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    answer
}
