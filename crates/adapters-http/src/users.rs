//! Signing up, and who one is.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    clock::Clock,
    users::{User, UserError, UserName, Users},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth::{MaySignUp, Visitor},
    body::Body,
    moment::Moment,
    problem::{Code, Fault, Problem},
    token::Tokens,
};

/// The body of `POST /v1/users`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    name: String,
}

#[derive(Serialize)]
struct UserView<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
struct SignedUp<'a> {
    #[serde(flatten)]
    user: UserView<'a>,
    access_token: String,
    access_token_expires_at: Moment,
}

fn view(user: &User) -> UserView<'_> {
    UserView {
        id: user.id.get(),
        name: user.name.as_str(),
    }
}

/// `POST /v1/users`
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
            user: view(&user),
            access_token: access.token,
            access_token_expires_at: Moment(access.expires_at),
        }))
}

/// `GET /v1/users/me`
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
