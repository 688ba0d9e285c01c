//! Which language a client reads.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{AcceptLanguage, Header, Preference, Quality},
};

/// A language that the server writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// The default.
    English,
    /// 한국어.
    Korean,
}

impl Language {
    /// What the client of `message` prefers by its `Accept-Language`, English when it names neither
    /// (SPEC §5). A language with `q=0` is one it does not want (RFC 9110 §12.4.2).
    pub(crate) fn of(message: &impl HttpMessage) -> Self {
        let mut accepted =
            AcceptLanguage::parse(message).unwrap_or_else(|_| AcceptLanguage(Vec::new()));
        accepted.0.retain(|item| item.quality > Quality::ZERO);
        let known = accepted.ranked().into_iter().find_map(|item| match item {
            Preference::Any => Some(Self::English),
            Preference::Specific(tag) => Self::named(tag.primary_language()),
        });
        known.unwrap_or(Self::English)
    }

    fn named(primary: &str) -> Option<Self> {
        match primary.to_ascii_lowercase().as_str() {
            "ko" => Some(Self::Korean),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The one that it is not.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::English => Self::Korean,
            Self::Korean => Self::English,
        }
    }

    /// Its tag (RFC 5646), for `Content-Language`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}

impl FromRequest for Language {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn language(header: &str) -> Language {
        Language::of(
            &TestRequest::default()
                .insert_header(("accept-language", header))
                .to_http_request(),
        )
    }

    #[test]
    fn rule_27_the_language_is_the_one_the_client_likes_best() {
        for korean in [
            "ko",
            "ko-KR",
            "KO-kr",
            "ko-KR,ko;q=0.9,en;q=0.8",
            "en;q=0.5, ko;q=0.6",
            "fr, ko;q=0.1",
        ] {
            assert_eq!(language(korean), Language::Korean, "{korean}");
        }
        for english in [
            "en",
            "en-GB, ko;q=0.9",
            "ko;q=0.5, en",
            "fr",
            "*",
            "",
            "ko;q=0",
            "*, ko;q=0.5",
            "한국어",
        ] {
            assert_eq!(language(english), Language::English, "{english}");
        }
    }

    #[test]
    fn rule_27_without_a_header_it_is_english() {
        assert_eq!(
            Language::of(&TestRequest::default().to_http_request()),
            Language::English
        );
    }
}
