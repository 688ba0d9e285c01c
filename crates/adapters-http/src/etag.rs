//! Entity tags, and what a client says it has (RFC 9110 §8.8.3 and §13.1.2).

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    http::header::{CACHE_CONTROL, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch, VARY},
};

/// Names the bytes of an answer: a strong entity tag.
///
/// It has two parts: the state that the answer shows, in its form and language, and when it was read,
/// which the answer shows, too. So the same tag is the same bytes. Neither part has a quote, a comma
/// or, for the second one, a slash in it.
#[derive(Debug)]
pub(crate) struct Tag {
    /// What is shown and how.
    pub state: String,
    /// When it was read.
    pub moment: String,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}/{}\"", self.state, self.moment)
    }
}

/// What the client has already, by its `If-None-Match`.
pub(crate) struct Known(Option<IfNoneMatch>);

impl Known {
    /// The 304 for a client that has what `tag` shows.
    ///
    /// One that has the same state, read at another moment, has it: nothing but that moment would
    /// differ. It is told the tag of its own copy, by which a cache finds what is still good (RFC 9111
    /// §4.3.4), and not the one of bytes that it has never seen.
    pub(crate) fn not_modified(&self, tag: &Tag) -> Option<HttpResponse> {
        let mut answer = HttpResponse::NotModified();
        Some(with_tag(&mut answer, self.matching(tag)?).finish())
    }

    /// The tag of the client's own copy, if that is what `tag` shows.
    pub(crate) fn matching(&self, tag: &Tag) -> Option<String> {
        match self.0.as_ref()? {
            IfNoneMatch::Any => Some(tag.to_string()),
            // The comparison is the weak one (RFC 9110 §13.1.2): `W/` does not matter.
            IfNoneMatch::Items(items) => {
                let same = |item: &&EntityTag| {
                    let parts = item.tag().rsplit_once('/');
                    parts.is_some_and(|(state, _)| state == tag.state)
                };
                Some(format!("\"{}\"", items.iter().find(same)?.tag()))
            }
        }
    }
}

/// The tag of the bytes that `tag` names in another coding (RFC 9110 §8.8.3.3). It differs in what comes
/// after the state: whoever has the state in any coding has the answer.
pub(crate) fn encoded(tag: &str, coding: &str) -> String {
    let inner = tag.strip_suffix('"').unwrap_or(tag);
    format!("{inner}-{coding}\"")
}

/// The headers that tell caches what to do with an answer: it is one client's, is asked for again each
/// time, and comes in two languages and several codings.
pub(crate) fn with_tag(answer: &mut HttpResponseBuilder, tag: String) -> &mut HttpResponseBuilder {
    answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((VARY, "Accept-Language, Accept-Encoding"))
}

impl FromRequest for Known {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    /// What is no entity tag matches nothing.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().contains_key(IF_NONE_MATCH);
        let known = given.then(|| IfNoneMatch::parse(request).ok());
        ready(Ok(Self(known.flatten())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn answer(lines: &[&str]) -> Option<String> {
        let mut request = TestRequest::default();
        for line in lines {
            request = request.append_header((IF_NONE_MATCH, *line));
        }
        let known = Known::from_request(&request.to_http_request(), &mut Payload::None);
        let tag = Tag {
            state: "en/all/412.17".into(),
            moment: "200".into(),
        };
        let answer = known.into_inner().unwrap().not_modified(&tag)?;
        assert_eq!(answer.status(), 304);
        Some(answer.headers().get(ETAG)?.to_str().unwrap().to_owned())
    }

    #[test]
    fn whoever_has_the_same_state_has_the_answer_whenever_it_was_read() {
        let same = Some("\"en/all/412.17/200\"".to_owned());
        assert_eq!(answer(&["\"en/all/412.17/200\""]), same);
        assert_eq!(answer(&["W/\"en/all/412.17/200\""]), same);
        assert_eq!(answer(&["*"]), same);
        let older = Some("\"en/all/412.17/100\"".to_owned());
        assert_eq!(answer(&["\"en/all/412.17/100\""]), older);
        assert_eq!(answer(&["\"x\", W/\"en/all/412.17/100\" ,\"y\""]), older);
        assert_eq!(answer(&["\"x\"", "\"en/all/412.17/100\""]), older);
    }

    #[test]
    fn anything_else_is_something_else() {
        for line in [
            "",
            "\"\"",
            "\"en/all/412.17\"",
            "\"en/all/412/200\"",
            "\"ko/all/412.17/200\"",
            "\"en/all/412.170/200\"",
            "en/all/412.17/200",
            "W/",
            ",,",
            "\"*\"",
        ] {
            assert_eq!(answer(&[line]), None, "{line}");
        }
        assert_eq!(answer(&[]), None);
    }
}
