use super::*;
use crate::testing::*;
use actix_web::test::TestRequest;
use serde_json::json;

fn read(request: TestRequest) -> Result<KeyHeader, Problem> {
    KeyHeader::read(&request.to_http_request())
}

fn with(key: &[u8]) -> TestRequest {
    get("/").insert_header(("Idempotency-Key", key))
}

fn fingerprint(operation: &str, meaning: impl Serialize) -> [u8; 32] {
    let key = read(with(b"k")).unwrap().of(operation, meaning).unwrap();
    key.unwrap().fingerprint
}

#[test]
fn rule_25_a_key_is_any_string_of_1_to_255_characters() {
    let longest = "가".repeat(255);
    for fit in ["k", "a b", "\"8e03978e\"", "결제-1", &longest] {
        let key = read(with(fit.as_bytes())).unwrap().of("pay", ()).unwrap();
        assert_eq!(key.unwrap().key, fit);
    }
    assert!(!read(get("/")).unwrap().is_given());
    assert_eq!(read(get("/")).unwrap().of("pay", ()).unwrap(), None);
}

#[actix_web::test]
async fn rule_25_what_is_no_key_is_refused() {
    let long = "k".repeat(256);
    let wrong = [
        with(b""),
        with(long.as_bytes()),
        with(b"\xff"),
        with(b"a").append_header(("Idempotency-Key", "b")),
    ];
    for request in wrong {
        let request = request.method(actix_web::http::Method::POST);
        let request = request.uri("/v1/payments").set_json(json!({}));
        let answer = Fixture::admitting().ask(request.in_queue()).await;
        assert_eq!(answer.problem(), (400, "invalid_request"));
        assert_eq!(answer.body["errors"][0]["header"], "Idempotency-Key");
    }
}

#[test]
fn rule_25_a_fingerprint_is_of_the_operation_and_what_it_is_asked() {
    assert_eq!(fingerprint("hold", [1, 2]), fingerprint("hold", [1, 2]));
    assert_ne!(fingerprint("hold", [1, 2]), fingerprint("pay", [1, 2]));
    assert_ne!(fingerprint("hold", [1, 2]), fingerprint("hold", [12]));
    assert_ne!(fingerprint("hold", "1"), fingerprint("hold", 1));
}
