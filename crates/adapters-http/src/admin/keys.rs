//! The operators' keys.

use actix_web::{HttpResponse, web::Data};
use domain::{
    id::OperatorKeyId,
    operators::{KeyError, OperatorKey, Operators},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;
use crate::{
    auth::{NamedKey, Operator},
    body::{Body, text_schema},
    moment::Moment,
    page::{Items, items},
    path::PathId,
    problem::{Code, Problem},
};

/// The body of `POST /v1/admin/keys`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOperatorKey)]
pub(crate) struct NewKey {
    /// Whose, or what for; `root` is taken.
    #[schema(schema_with = text_schema)]
    name: String,
}

/// An operator's key.
#[derive(Serialize, ToSchema)]
#[schema(as = OperatorKey)]
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

/// Make a key for one more operator
///
/// Only with the root key. The key itself is shown here and never again.
#[utoipa::path(
    post,
    path = "/v1/admin/keys",
    tag = "operator",
    responses((status = 201, description = "The key", body = KeyView)),
    extensions(("x-problems" = json!(["operator_key_exists"])))
)]
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

/// The operators' keys
#[utoipa::path(
    get,
    path = "/v1/admin/keys",
    tag = "operator",
    responses((status = 200, description = "The keys, without the root key", body = Items<KeyView>))
)]
pub(crate) async fn list(
    _: Operator,
    operators: Data<dyn Operators>,
) -> Result<HttpResponse, Problem> {
    let keys = operators.keys().await?;
    Ok(items(&keys, |key| view(key, None)))
}

/// Revoke an operator's key
///
/// Only with the root key.
#[utoipa::path(
    delete,
    path = "/v1/admin/keys/{id}",
    tag = "operator",
    responses((status = 204, description = "It opens nothing any more")),
    extensions(("x-problems" = json!(["operator_key_not_found"])))
)]
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
