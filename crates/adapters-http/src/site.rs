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

/// What a page may do that runs its own scripts and asks this server, and nothing else.
pub(crate) const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Texts by their names.
pub(crate) type Texts = &'static [(&'static str, &'static str)];

/// The [`Texts`] of these names in a folder of `apps/web`.
macro_rules! texts {
    ($folder:literal: $($name:literal)+) => {
        &[$(($name, include_str!(concat!("../../../apps/web/", $folder, $name)))),+]
    };
}
pub(crate) use texts;

/// The handlers of a site: of its page, of its parts, and of those in a folder.
macro_rules! handlers {
    ($site:ident tag $tag:literal;
        $(#[$page_doc:meta])* page $page:literal is $name:expr;
        $(#[$part_doc:meta])* part $part:literal of $($kind:literal)+;
        $($(#[$nested_doc:meta])* nested $nested:literal of $($nested_kind:literal)+;)?
    ) => {
        $(#[$page_doc])*
        #[utoipa::path(
            get,
            path = $page,
            tag = $tag,
            responses((status = 200, description = "A page", content_type = "text/html", body = String))
        )]
        pub(crate) async fn page(
            known: crate::etag::Known,
            accepted: crate::coding::Accepted,
        ) -> Result<actix_web::HttpResponse, crate::problem::Problem> {
            $site.answer($name, &known, accepted).await
        }

        $(#[$part_doc])*
        #[utoipa::path(
            get,
            path = $part,
            tag = $tag,
            responses((status = 200, description = "A file of the page", content($((String = $kind)),+)))
        )]
        pub(crate) async fn part(
            file: actix_web::web::Path<(String,)>,
            known: crate::etag::Known,
            accepted: crate::coding::Accepted,
        ) -> Result<actix_web::HttpResponse, crate::problem::Problem> {
            $site.answer(&file.0, &known, accepted).await
        }

        $($(#[$nested_doc])*
        #[utoipa::path(
            get,
            path = $nested,
            tag = $tag,
            responses((status = 200, description = "A file of the page", content($((String = $nested_kind)),+)))
        )]
        pub(crate) async fn nested(
            file: actix_web::web::Path<(String, String)>,
            known: crate::etag::Known,
            accepted: crate::coding::Accepted,
        ) -> Result<actix_web::HttpResponse, crate::problem::Problem> {
            let (folder, file) = file.into_inner();
            $site.answer(&format!("{folder}/{file}"), &known, accepted).await
        })?
    };
}
pub(crate) use handlers;

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

    /// These `texts`, whose pages may do little.
    pub(crate) fn strict(texts: Texts) -> Self {
        let kept = texts
            .iter()
            .map(|(name, text)| (*name, Kept::new(kind(name), *text)));
        Self::new(STRICT, kept)
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
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

#[cfg(test)]
mod tests;
