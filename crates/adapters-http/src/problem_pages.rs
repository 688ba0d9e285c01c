//! `GET /problems/{code}`: the page that the `type` of a problem points to (RFC 9457 §3.1.1).

use std::fmt::Write as _;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, ETAG, VARY},
    web::Path,
};

use crate::{
    etag::Known,
    kept::digest,
    language::Language,
    problem::{Advice, Code, Entry, Problem},
};

const STYLE: &str = ":root{color-scheme:light dark;font:1rem/1.6 system-ui,sans-serif}\
    body{max-width:42rem;margin:3rem auto;padding:0 1rem}code{font-size:.95em}\
    section+section{margin-top:2.5rem;border-top:1px solid;padding-top:.5rem}";

/// The page up to where its content begins.
fn head(title: &str, language: Language) -> String {
    let tag = language.tag();
    format!(
        "<!doctype html>\n<html lang={tag}><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n"
    )
}

/// What a problem means and what to do about it, in both languages
#[utoipa::path(
    get,
    path = "/problems/{code}",
    tag = "process",
    responses((status = 200, description = "A page", content_type = "text/html", body = String)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn page(
    code: Path<String>,
    language: Language,
    known: Known,
) -> Result<HttpResponse, Problem> {
    let code = Code::named(&code).ok_or_else(|| Problem::new(Code::NotFound))?;
    let Entry { title, status, .. } = code.entry();
    let mut html = head(title, language);
    for language in [language, language.other()] {
        section(&mut html, code, language);
    }
    let _ = write!(
        html,
        "<p><small>HTTP {} · <a href=/problems>/problems</a></small></p>\n</body></html>\n",
        status.as_u16()
    );
    Ok(answer(html, &known))
}

/// All problems
#[utoipa::path(
    get,
    path = "/problems",
    tag = "process",
    responses((status = 200, description = "A page", content_type = "text/html", body = String))
)]
pub(crate) async fn index(language: Language, known: Known) -> HttpResponse {
    let mut html = head("Problems", language);
    html.push_str("<ul>\n");
    for Entry {
        code,
        status,
        english,
        korean,
        ..
    } in Code::ALL.iter().map(|code| code.entry())
    {
        let detail = match language {
            Language::English => english,
            Language::Korean => korean,
        };
        let _ = writeln!(
            html,
            "<li><a href=/problems/{code}><code>{code}</code></a> {} · {detail}",
            status.as_u16()
        );
    }
    html.push_str("</ul>\n</body></html>\n");
    answer(html, &known)
}

fn section(html: &mut String, code: Code, language: Language) {
    let Entry {
        code: name,
        english,
        korean,
        ..
    } = code.entry();
    let Advice { happened, remedy } = code.advice(language);
    let (detail, what_happened, what_to_do) = match language {
        Language::English => (english, "What happened", "What to do"),
        Language::Korean => (korean, "무슨 일이 있었나", "어떻게 하면 되나"),
    };
    let _ = write!(
        html,
        "<section lang={}><h1>{detail}</h1>\n<p><code>{name}</code></p>\n\
         <h2>{what_happened}</h2>\n<p>{}</p>\n<h2>{what_to_do}</h2>\n<p>{}</p>\n</section>\n",
        language.tag(),
        marked_up(happened),
        marked_up(remedy)
    );
}

/// What stands between backticks is code. The texts are our own: nothing else is in them.
fn marked_up(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for (n, part) in text.split('`').enumerate() {
        if n > 0 {
            html.push_str(if n % 2 == 1 { "<code>" } else { "</code>" });
        }
        html.push_str(part);
    }
    html
}

fn answer(html: String, known: &Known) -> HttpResponse {
    let tag = digest(html.as_bytes());
    let theirs = known.matching(&tag);
    let mut answer = match theirs {
        Some(_) => HttpResponse::NotModified(),
        None => HttpResponse::Ok(),
    };
    let has_it = theirs.is_some();
    answer
        .insert_header((ETAG, theirs.unwrap_or_else(|| tag.to_string())))
        .insert_header((VARY, "Accept-Language, Accept-Encoding"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ));
    if has_it {
        return answer.finish();
    }
    answer.insert_header(ContentType::html()).body(html)
}

#[cfg(test)]
mod tests;
