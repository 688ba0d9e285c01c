//! Long lists: `?cursor&limit` in, `{items, next_cursor}` out.

use std::{
    fmt::Display,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use domain::page::{Page, PageRequest};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    params::Params,
    problem::{Fault, Problem},
};

/// The page a client asks for.
pub(crate) struct Paging {
    after: Option<String>,
    limit: u32,
}

impl Paging {
    const USUAL: u32 = 20;
    const MOST: u32 = 100;

    /// The page after the item with the id in `cursor`.
    pub(crate) fn by_id<T>(&self, kind: fn(Uuid) -> T) -> Result<PageRequest<T>, Problem> {
        self.by(|cursor| Uuid::parse_str(cursor).ok().map(kind))
    }

    /// The page after the item with the number in `cursor`.
    pub(crate) fn by_number(&self) -> Result<PageRequest<u64>, Problem> {
        self.by(|cursor| cursor.parse().ok())
    }

    fn by<C>(&self, read: impl Fn(&str) -> Option<C>) -> Result<PageRequest<C>, Problem> {
        let wrong = || {
            let detail = "a cursor is the next_cursor of an earlier page of the same list";
            Problem::malformed(Fault::parameter("cursor", detail))
        };
        let limit = self.limit;
        let after = match &self.after {
            None => None,
            Some(cursor) => Some(read(cursor).ok_or_else(wrong)?),
        };
        Ok(PageRequest { after, limit })
    }

    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let params = Params::read(request, &["cursor", "limit"])?;
        let limit = params.parse("limit", "a limit is 1 to 100", |limit| {
            let limit = limit.parse().ok()?;
            (1..=Self::MOST).contains(&limit).then_some(limit)
        })?;
        Ok(Self {
            after: params.get("cursor").map(str::to_owned),
            limit: limit.unwrap_or(Self::USUAL),
        })
    }
}

impl FromRequest for Paging {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

#[derive(Serialize)]
struct List<V> {
    items: Vec<V>,
    next_cursor: Option<String>,
}

/// A list without pages.
#[derive(Serialize)]
struct Items<V> {
    items: Vec<V>,
}

/// A page as an answer; `view` shows an item.
pub(crate) fn list<'a, T, C: Display, V: Serialize>(
    page: &'a Page<T, C>,
    view: impl Fn(&'a T) -> V,
) -> HttpResponse {
    HttpResponse::Ok().json(List {
        items: page.items.iter().map(view).collect(),
        next_cursor: page.next.as_ref().map(ToString::to_string),
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
