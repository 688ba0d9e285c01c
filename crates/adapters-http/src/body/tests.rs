use crate::testing::*;
use actix_web::test::TestRequest;
use serde_json::json;

/// A sign-up with `body` as it stands.
fn raw(body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    post("/v1/users", ()).set_payload(body)
}

#[actix_web::test]
async fn what_is_no_json_is_malformed() {
    let bodies: [&[u8]; 10] = [
        b"",
        b" ",
        b"{",
        b"name=Mina",
        b"{'name': 'Mina'}",
        br#"{"name": "Mina"} {}"#,
        br#"{"name": "Mina",}"#,
        b"{\"name\": \"\xff\"}",
        br#"{"name": 5, "other"}"#,
        br#"{"name": "\ud800"}"#,
    ];
    for body in bodies {
        let answer = Fixture::new().ask(raw(body)).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{body:?}");
        assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1);
    }
}

#[actix_web::test]
async fn json_that_is_not_what_was_asked_for_is_told_where_and_why() {
    let bodies = [
        ("{}", "", "missing field `name`"),
        (
            r#"{"name": 5}"#,
            "/name",
            "invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"name": null}"#,
            "/name",
            "invalid type: null, expected a string",
        ),
        (
            r#"{"name": "Mina", "admin": true}"#,
            "/admin",
            "unknown field `admin`, expected `name`",
        ),
        (
            r#"{"name": "a", "name": "b"}"#,
            "",
            "duplicate field `name`",
        ),
        ("[]", "", "a JSON object is expected"),
        (r#"["Mina"]"#, "", "a JSON object is expected"),
        ("5", "", "a JSON object is expected"),
    ];
    for (body, pointer, detail) in bodies {
        let answer = Fixture::new().ask(raw(body)).await;
        assert_eq!(answer.problem(), (422, "invalid_request"), "{body}");
        assert_eq!(
            answer.body["errors"],
            json!([{"pointer": pointer, "detail": detail}]),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn only_json_is_taken() {
    let name = r#"{"name": "Mina"}"#;
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let request = raw(name).insert_header(("content-type", media_type));
        let answer = Fixture::new().ask(request).await;
        assert_eq!(
            answer.problem(),
            (415, "unsupported_media_type"),
            "{media_type}"
        );
    }
    let packed = raw(name).insert_header(("content-encoding", "gzip"));
    let answer = Fixture::new().ask(packed).await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type"));
    let without = TestRequest::post().uri("/v1/users").set_payload(name);
    let answer = Fixture::new().ask(without).await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type"));
}

#[actix_web::test]
async fn json_may_name_its_charset() {
    let request = raw(r#"{"name": ""}"#);
    let request = request.insert_header(("content-type", "Application/JSON; charset=utf-8"));
    let answer = Fixture::new().ask(request).await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
}

#[actix_web::test]
async fn a_body_has_at_most_sixteen_kibibytes() {
    let body = |length: usize| {
        let frame = r#"{"name": ""}"#.len();
        format!(r#"{{"name": "{}"}}"#, "x".repeat(length - frame))
    };
    let largest = Fixture::new().ask(raw(body(16 * 1024))).await;
    assert_eq!(largest.problem(), (422, "invalid_request"));
    let larger = Fixture::new().ask(raw(body(16 * 1024 + 1))).await;
    assert_eq!(larger.problem(), (413, "body_too_large"));
    let lying = raw(body(16 * 1024 + 1)).insert_header(("content-length", "1"));
    assert_eq!(
        Fixture::new().ask(lying).await.problem(),
        (413, "body_too_large")
    );
    let announced = raw("{}").insert_header(("content-length", "1000000"));
    let answer = Fixture::new().ask(announced).await;
    assert_eq!(answer.problem(), (413, "body_too_large"));
}

#[actix_web::test]
async fn a_body_nested_very_deep_is_refused_and_no_more() {
    for body in [
        "[".repeat(8_000) + &"]".repeat(8_000),
        r#"{"a":"#.repeat(3_000),
    ] {
        let answer = Fixture::new().ask(raw(body)).await;
        assert_eq!(answer.problem().1, "invalid_request");
    }
}
