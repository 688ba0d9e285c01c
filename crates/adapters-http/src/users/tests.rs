use super::*;
use crate::testing::*;
use domain::storage::StorageError;
use serde_json::json;

fn mina() -> User {
    User {
        id: USER,
        name: UserName::new("Mina").unwrap(),
        created_at: NOON,
    }
}

#[actix_web::test]
async fn signing_up_answers_the_user_and_an_access_token_that_works() {
    let mut fixture = Fixture::new();
    let expected = mina().name;
    fixture
        .users
        .expect_sign_up()
        .withf(move |name| *name == expected)
        .returning(|_| Ok(mina()));
    fixture.users.expect_me().returning(|_| Ok(mina()));
    let answer = fixture
        .ask(post("/v1/users", json!({"name": " Mina "})))
        .await;
    let token = tokens().access(USER, NOON).unwrap().token;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), Some("/v1/users/me"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.body,
        json!({
            "id": USER.get(),
            "name": "Mina",
            "access_token": token,
            "access_token_expires_at": "2026-01-02T00:00:00Z",
        })
    );
}

#[actix_web::test]
async fn one_is_told_who_one_is() {
    let mut fixture = Fixture::new().with_live_pass();
    fixture
        .users
        .expect_me()
        .withf(|id| *id == USER)
        .returning(|_| Ok(mina()));
    let requests = [
        get("/v1/users/me").by_user(),
        get("/v1/users/me").in_queue(),
    ];
    for answer in fixture.ask_all(requests).await {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.body, json!({"id": USER.get(), "name": "Mina"}));
    }
}

#[actix_web::test]
async fn a_name_that_is_none_is_told_where_it_is() {
    for name in ["", "   ", "a\u{7}b", &"x".repeat(101)] {
        let answer = Fixture::new()
            .ask(post("/v1/users", json!({"name": name})))
            .await;
        assert_eq!(answer.problem(), (422, "invalid_request"));
        assert_eq!(
            answer.body["errors"],
            json!([{
                "pointer": "/name",
                "detail": "a name has 1 to 100 characters and no control characters",
            }])
        );
    }
}

#[actix_web::test]
async fn a_user_of_another_database_is_not_found() {
    let mut fixture = Fixture::new();
    fixture
        .users
        .expect_me()
        .returning(|_| Err(UserError::NotFound));
    let answer = fixture.ask(get("/v1/users/me").by_user().in_korean()).await;
    assert_eq!(answer.problem(), (404, "user_not_found"));
    assert_eq!(answer.body["detail"], "유효하지 않은 사용자");
    assert_eq!(answer.header("content-language"), Some("ko"));
}

#[actix_web::test]
async fn rule_26_an_unreachable_database_is_worth_another_try() {
    let mut fixture = Fixture::new();
    fixture
        .users
        .expect_sign_up()
        .returning(|_| Err(StorageError::unavailable("connection refused").into()));
    let answer = fixture
        .ask(post("/v1/users", json!({"name": "Mina"})))
        .await;
    assert_eq!(answer.problem(), (503, "service_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.body.to_string().contains("refused"));
}
