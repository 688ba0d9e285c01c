//! Files for browsers, kept in the program, with what their pages may do.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, HeaderValue},
};

use crate::{
    coding::Accepted,
    etag::Known,
    kept::Kept,
    problem::{Code, Problem},
};

/// The files of some pages.
pub(crate) struct Site {
    policy: HeaderValue,
    files: BTreeMap<&'static str, Kept>,
}

impl Site {
    /// The `files` by their names, whose pages may do what `policy` says.
    pub(crate) fn new(
        policy: &'static str,
        files: impl IntoIterator<Item = (&'static str, Kept)>,
    ) -> Self {
        Self {
            policy: HeaderValue::from_static(policy),
            files: files.into_iter().collect(),
        }
    }

    /// The answer to a client that asks for the file of this name, and has and accepts this.
    pub(crate) async fn answer(
        &self,
        name: &str,
        known: &Known,
        accepted: Accepted,
    ) -> Result<HttpResponse, Problem> {
        let file = self.files.get(name);
        let file = file.ok_or_else(|| Problem::new(Code::NotFound))?;
        let mut answer = file.answer(known, accepted).await?;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        Ok(answer)
    }
}

/// The content type of a text by its file's name.
pub(crate) fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}
