//! Long lists: `?cursor&limit` in, `{items, next_cursor}` out.

use std::{
    fmt::Display,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::LINK};
use domain::{
    id::{ConcertId, PaymentId, ReservationId},
    page::{Page, PageRequest},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{params::Params, path::uuid, problem::Problem};

/// The page a client asks for, after an item that `C` names.
pub(crate) struct Paging<C>(pub PageRequest<C>);

/// The usual length of a page.
pub(crate) const USUAL: u32 = 20;
/// The longest page.
pub(crate) const MOST: u32 = 100;

/// What names an item of a list, as a cursor.
pub(crate) trait Cursor: Sized {
    /// Its form, as JSON Schema.
    fn schema() -> Value;
    /// The one that is written so.
    fn read(cursor: &str) -> Option<Self>;
}

/// Digits, fewer than 64 bits can hold.
impl Cursor for u64 {
    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9]{1,18}$"})
    }

    fn read(cursor: &str) -> Option<Self> {
        let fits = cursor.len() <= 18 && cursor.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| cursor.parse().ok()).flatten()
    }
}

macro_rules! ids {
    ($($id:ident)+) => {$(
        impl Cursor for $id {
            fn schema() -> Value {
                json!({"type": "string", "format": "uuid"})
            }

            fn read(cursor: &str) -> Option<Self> {
                uuid(cursor).map(Self::new)
            }
        }
    )+};
}

ids! { ConcertId ReservationId PaymentId }

impl<C: Cursor> Paging<C> {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let params = Params::read(request, &["cursor", "limit"])?;
        let expected = "a cursor is the next_cursor of an earlier page of the same list";
        let after = params.parse("cursor", expected, C::read)?;
        let limit = params.parse("limit", "a limit is 1 to 100", |limit| {
            let limit = limit.parse().ok()?;
            (1..=MOST).contains(&limit).then_some(limit)
        })?;
        let limit = limit.unwrap_or(USUAL);
        Ok(Self(PageRequest { after, limit }))
    }
}

impl<C: Cursor> FromRequest for Paging<C> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<V> {
    items: Vec<V>,
    /// For the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A list without pages.
#[derive(Serialize, ToSchema)]
pub(crate) struct Items<V> {
    items: Vec<V>,
}

/// A page as an answer; `view` shows an item. The next page is also linked (RFC 8288), by a reference
/// that is relative to this one: which host the client asked is the proxy's business.
pub(crate) fn list<'a, T, C: Display, V: Serialize>(
    page: &'a Page<T, C>,
    limit: u32,
    view: impl Fn(&'a T) -> V,
) -> HttpResponse {
    let next_cursor = page.next.as_ref().map(ToString::to_string);
    let mut answer = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        let link = format!("<?limit={limit}&cursor={cursor}>; rel=\"next\"");
        answer.insert_header((LINK, link));
    }
    answer.json(List {
        items: page.items.iter().map(view).collect(),
        next_cursor,
    })
}

/// All there is, as an answer.
pub(crate) fn items<'a, T, V: Serialize>(
    items: &'a [T],
    view: impl Fn(&'a T) -> V,
) -> HttpResponse {
    HttpResponse::Ok().json(Items {
        items: items.iter().map(view).collect(),
    })
}

#[cfg(test)]
mod tests;
