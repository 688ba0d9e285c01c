//! The operators' keys.

use actix_web::{HttpResponse, web::Data};
use domain::{
    id::OperatorKeyId,
    operators::{KeyError, OperatorKey, Operators},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::text;
use crate::{
    auth::{NamedKey, Operator},
    body::Body,
    moment::Moment,
    page::items,
    path::PathId,
    problem::{Code, Problem},
};

/// The body of `POST /v1/admin/keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
}

#[derive(Serialize)]
struct KeyView<'a> {
    id: Uuid,
    name: &'a str,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    created_at: Moment,
}

fn view<'a>(stored: &'a OperatorKey, key: Option<&'a NamedKey>) -> KeyView<'a> {
    KeyView {
        id: stored.id.get(),
        name: stored.name.as_str(),
        key: key.map(NamedKey::as_str),
        created_at: Moment(stored.created_at),
    }
}

/// `POST /v1/admin/keys`
pub(crate) async fn add(
    Operator(operator): Operator,
    operators: Data<dyn Operators>,
    Body(wish): Body<NewKey>,
) -> Result<HttpResponse, Problem> {
    let name = text("/name", &wish.name).map_err(|fault| Problem::invalid([fault]))?;
    let key = NamedKey::random()?;
    let stored = operators.add_key(operator, name, key.digest()).await?;
    Ok(HttpResponse::Created().json(view(&stored, Some(&key))))
}

/// `GET /v1/admin/keys`
pub(crate) async fn list(
    _: Operator,
    operators: Data<dyn Operators>,
) -> Result<HttpResponse, Problem> {
    let keys = operators.keys().await?;
    Ok(items(&keys, |key| view(key, None)))
}

/// `DELETE /v1/admin/keys/{id}`
pub(crate) async fn revoke(
    Operator(operator): Operator,
    id: PathId,
    operators: Data<dyn Operators>,
) -> Result<HttpResponse, Problem> {
    let id = id.of(OperatorKeyId::new);
    operators.revoke_key(operator, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::RootOnly => Self::new(Code::Forbidden),
            KeyError::NameTaken => Self::new(Code::OperatorKeyExists),
            KeyError::NotFound => Self::new(Code::OperatorKeyNotFound),
            KeyError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
