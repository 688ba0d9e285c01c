//! Signing up, and who one is.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    clock::Clock,
    users::{User, UserError, UserName, Users},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::{MaySignUp, Visitor},
    body::{Body, name_schema},
    moment::Moment,
    problem::{Code, Fault, Problem},
    token::Tokens,
};

/// The body of `POST /v1/users`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// What they are called; not blank, and without control characters.
    #[schema(schema_with = name_schema)]
    name: String,
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
struct UserView<'a> {
    id: Uuid,
    name: &'a str,
}

/// A new user with their access token.
#[derive(Serialize, ToSchema)]
struct SignedUp<'a> {
    id: Uuid,
    name: &'a str,
    access_token: String,
    access_token_expires_at: Moment,
}

fn view(user: &User) -> UserView<'_> {
    UserView {
        id: user.id.get(),
        name: user.name.as_str(),
    }
}

/// Sign up
///
/// The access token proves who you are. With sign-up closed this takes the operator's key.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    responses((status = 201, description = "The new user", body = SignedUp, headers(("Location" = String, description = "Where it can be read"))))
)]
pub(crate) async fn sign_up(
    _: MaySignUp,
    users: Data<dyn Users>,
    tokens: Data<Tokens>,
    clock: Data<dyn Clock>,
    Body(wish): Body<NewUser>,
) -> Result<HttpResponse, Problem> {
    let name = UserName::new(&wish.name)
        .map_err(|invalid| Problem::invalid([Fault::at("/name", &invalid)]))?;
    let user = users.sign_up(name).await?;
    let access = tokens
        .access(user.id, clock.now())
        .map_err(Problem::internal)?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, "/v1/users/me"))
        .json(SignedUp {
            id: user.id.get(),
            name: user.name.as_str(),
            access_token: access.token,
            access_token_expires_at: Moment(access.expires_at),
        }))
}

/// Who am I
#[utoipa::path(
    get,
    path = "/v1/users/me",
    tag = "users",
    responses((status = 200, description = "The user of the token", body = UserView)),
    extensions(("x-problems" = json!(["user_not_found"])))
)]
pub(crate) async fn me(visitor: Visitor, users: Data<dyn Users>) -> Result<HttpResponse, Problem> {
    let user = users.me(visitor.user).await?;
    Ok(HttpResponse::Ok().json(view(&user)))
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::new(Code::UserNotFound),
            UserError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
