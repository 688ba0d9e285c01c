use super::*;
use crate::testing::*;
use domain::{
    catalogue::ShortText,
    operators::{Authority, KeyDigest},
    storage::StorageError,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

fn key(name: &str) -> OperatorKey {
    OperatorKey {
        id: OperatorKeyId::new(Uuid::from_u128(1)),
        name: ShortText::new(name).unwrap(),
        created_at: NOON,
    }
}

#[actix_web::test]
async fn a_new_key_is_told_once_and_stored_as_its_digest() {
    let mut fixture = Fixture::new();
    let stored: Arc<Mutex<Option<KeyDigest>>> = Arc::default();
    let seen = stored.clone();
    fixture
        .operators
        .expect_add_key()
        .withf(|operator, name, _| operator.by == Authority::Root && name.as_str() == "door")
        .returning(move |_, name, digest| {
            *seen.lock().unwrap() = Some(digest);
            Ok(key(name.as_str()))
        });
    let request = post("/v1/admin/keys", json!({"name": " door "})).by_operator();
    let answer = fixture.ask(request).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let told = answer.body["key"].as_str().unwrap();
    assert_eq!((&told[..7], told.len()), ("box_op_", 50));
    let digest: [u8; 32] = Sha256::digest(told).into();
    assert_eq!(*stored.lock().unwrap(), Some(KeyDigest(digest)));
    let mut rest = answer.body.clone();
    rest.as_object_mut().unwrap().remove("key");
    assert_eq!(
        rest,
        json!({"id": id(1), "name": "door", "created_at": "2026-01-01T12:00:00Z"})
    );
}

#[actix_web::test]
async fn the_list_of_keys_tells_none_of_them() {
    let mut fixture = Fixture::new();
    fixture
        .operators
        .expect_keys()
        .returning(|| Ok(vec![key("door")]));
    let answer = fixture.ask(get("/v1/admin/keys").by_operator()).await;
    assert_eq!(
        answer.body,
        json!({"items": [{"id": id(1), "name": "door", "created_at": "2026-01-01T12:00:00Z"}]})
    );
}

#[actix_web::test]
async fn a_key_is_revoked() {
    let mut fixture = Fixture::new();
    fixture
        .operators
        .expect_revoke_key()
        .withf(|_, id| id.get() == Uuid::from_u128(1))
        .times(1)
        .returning(|_, _| Ok(()));
    let path = format!("/v1/admin/keys/{}", id(1));
    assert_eq!(fixture.ask(delete(&path).by_operator()).await.status, 204);
}

#[actix_web::test]
async fn each_reason_why_there_is_no_key_is_a_problem() {
    type Case = (fn() -> KeyError, (u16, &'static str));
    let cases: [Case; 4] = [
        (|| KeyError::RootOnly, (403, "forbidden")),
        (|| KeyError::NameTaken, (409, "operator_key_exists")),
        (|| KeyError::NotFound, (404, "operator_key_not_found")),
        (
            || StorageError::unavailable("x").into(),
            (503, "service_unavailable"),
        ),
    ];
    for (error, problem) in cases {
        let mut fixture = Fixture::new();
        let refuse = move |_, _, _| Err(error());
        fixture.operators.expect_add_key().returning(refuse);
        let request = post("/v1/admin/keys", json!({"name": "door"}));
        assert_eq!(fixture.ask(request.by_operator()).await.problem(), problem);
    }
    let unnamed = post("/v1/admin/keys", json!({"name": " "})).by_operator();
    let answer = Fixture::new().ask(unnamed).await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
    assert_eq!(answer.body["errors"][0]["pointer"], "/name");
}

/// A key as they are made, and what it is known by.
fn made() -> (String, KeyDigest) {
    let key = NamedKey::random().unwrap();
    (key.as_str().to_owned(), key.digest())
}

#[actix_web::test]
async fn a_named_key_opens_the_operators_routes_under_its_name() {
    let (token, digest) = made();
    let authority = Authority::Key {
        id: OperatorKeyId::new(Uuid::from_u128(1)),
        name: ShortText::new("door").unwrap(),
    };
    let mut fixture = Fixture::new();
    let known = authority.clone();
    fixture
        .operators
        .expect_identify()
        .withf(move |shown| *shown == digest)
        .returning(move |_| Ok(Some(known.clone())));
    fixture
        .operators
        .expect_revoke_key()
        .withf(move |operator, _| {
            operator.by == authority && operator.request_id.as_deref() == Some("r-7")
        })
        .returning(|_, _| Err(KeyError::RootOnly));
    let request = delete(&format!("/v1/admin/keys/{}", id(1))).bearer(&token);
    let answer = fixture
        .ask(request.insert_header(("x-request-id", "r-7")))
        .await;
    assert_eq!(answer.problem(), (403, "forbidden"));
}

#[actix_web::test]
async fn a_key_that_was_revoked_or_never_made_opens_nothing() {
    let mut fixture = Fixture::new();
    fixture.operators.expect_identify().returning(|_| Ok(None));
    let answer = fixture.ask(get("/v1/admin/keys").bearer(&made().0)).await;
    assert_eq!(answer.problem(), (403, "forbidden"));
    // What is no such key is not even looked for.
    for wrong in ["box_op_", "box_op_x", &format!("{}x", made().0)] {
        let answer = Fixture::new()
            .ask(get("/v1/admin/keys").bearer(wrong))
            .await;
        assert_eq!(answer.problem(), (403, "forbidden"), "{wrong}");
    }
}

#[actix_web::test]
async fn rule_26_without_a_database_the_root_key_alone_is_known() {
    let mut fixture = Fixture::new();
    fixture
        .operators
        .expect_identify()
        .returning(|_| Err(StorageError::unavailable("x")));
    fixture.operators.expect_keys().returning(|| Ok(vec![]));
    let requests = [
        get("/v1/admin/keys").bearer(&made().0),
        get("/v1/admin/keys").by_operator(),
    ];
    let answers = fixture.ask_all(requests).await;
    assert_eq!(answers[0].problem(), (503, "service_unavailable"));
    assert_eq!(answers[1].status, 200);
}
