use super::*;
use crate::testing::*;
use domain::page::PageRequest;
use serde_json::json;

fn entry(number: u64) -> LogEntry {
    LogEntry {
        number,
        at: NOON,
        operator: "root".to_owned(),
        key_id: None,
        request_id: Some("r-1".to_owned()),
        action: "concert.created".to_owned(),
        subject: format!(r#"{{"concert_id": "{}"}}"#, id(1)),
        details: r#"{"title": "봄의 소리"}"#.to_owned(),
    }
}

#[actix_web::test]
async fn the_log_tells_who_did_what_when_and_by_which_request() {
    let mut fixture = Fixture::new();
    let named = LogEntry {
        operator: "door".to_owned(),
        key_id: Some(OperatorKeyId::new(Uuid::from_u128(2))),
        request_id: None,
        ..entry(6)
    };
    let asked = PageRequest {
        after: Some(8),
        limit: 2,
    };
    fixture
        .operators
        .expect_log()
        .withf(move |page| *page == asked)
        .returning(move |_| {
            Ok(Page {
                items: vec![entry(7), named.clone()],
                next: Some(6),
            })
        });
    let answer = fixture
        .ask(get("/v1/admin/log?cursor=8&limit=2").by_operator())
        .await;
    let common = json!({
        "at": "2026-01-01T12:00:00Z",
        "action": "concert.created",
        "subject": {"concert_id": id(1)},
        "details": {"title": "봄의 소리"},
    });
    let with = |members: serde_json::Value| {
        let mut entry = common.clone();
        let members = members.as_object().unwrap().clone();
        entry.as_object_mut().unwrap().extend(members);
        entry
    };
    assert_eq!(
        answer.body,
        json!({
            "items": [
                with(json!({"number": 7, "operator": "root", "request_id": "r-1"})),
                with(json!({"number": 6, "operator": "door", "operator_key_id": id(2)})),
            ],
            "next_cursor": "6",
        })
    );
}

#[actix_web::test]
async fn a_cursor_that_is_none_is_told() {
    let answer = Fixture::new()
        .ask(get("/v1/admin/log?cursor=x").by_operator())
        .await;
    assert_eq!(answer.problem(), (400, "invalid_request"));
}
