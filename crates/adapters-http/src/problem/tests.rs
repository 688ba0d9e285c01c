use super::*;
use actix_web::body::to_bytes;
use domain::storage::StorageError;
use serde_json::json;

async fn shown(problem: &Problem, language: Language) -> Value {
    let response = problem.render(language, Some("r-1"));
    let body = to_bytes(response.into_body()).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// SPEC §5, and the codes that it lacks.
const TABLE: &[(&str, u16, &str)] = &[
    ("invalid_request", 422, "요청 형식이 올바르지 않습니다"),
    ("invalid_amount", 422, "유효하지 않은 금액입니다"),
    ("token_missing", 401, "유효하지 않은 토큰"),
    ("token_invalid", 401, "유효하지 않은 토큰"),
    ("queue_token_expired", 401, "만료된 대기열 토큰입니다"),
    ("queue_token_not_active", 403, "아직 입장 순서가 아닙니다"),
    ("forbidden", 403, "접근 권한이 없습니다"),
    ("user_not_found", 404, "유효하지 않은 사용자"),
    ("queue_token_exists", 409, "이미 활성화된 토큰이 존재합니다"),
    ("concert_not_found", 404, "존재하지 않는 공연입니다"),
    ("schedule_not_found", 404, "존재하지 않는 공연입니다"),
    ("no_available_dates", 404, "예약 가능한 날짜가 없습니다"),
    (
        "no_seats",
        404,
        "해당 날짜에 대한 좌석 정보가 존재하지 않습니다",
    ),
    ("seat_not_found", 404, "존재하지 않는 좌석입니다"),
    ("seat_unavailable", 409, "해당 좌석은 이미 예약되었습니다"),
    ("sales_not_open", 409, "아직 예매가 시작되지 않았습니다"),
    (
        "seat_limit_reached",
        409,
        "1인당 예약 가능한 좌석 수를 초과했습니다",
    ),
    ("reservation_not_found", 404, "예약 정보를 찾을 수 없습니다"),
    ("reservation_expired", 410, "임시 예약이 만료되었습니다"),
    ("reservation_cancelled", 409, "취소된 예약입니다"),
    (
        "reservation_already_paid",
        409,
        "이미 결제가 완료된 예약입니다",
    ),
    ("insufficient_balance", 402, "잔액이 부족합니다"),
    ("balance_limit_exceeded", 422, "보유 한도를 초과했습니다"),
    (
        "idempotency_key_reused",
        422,
        "다른 요청에 이미 사용된 멱등 키입니다",
    ),
    ("too_many_requests", 429, "요청이 너무 많습니다"),
    (
        "server_busy",
        503,
        "서버가 혼잡하여 요청을 처리할 수 없습니다",
    ),
    (
        "service_unavailable",
        503,
        "서버 오류로 인해 요청을 처리할 수 없습니다",
    ),
    ("internal_error", 500, "서버 오류가 발생했습니다"),
    ("refund_not_allowed", 409, "환불할 수 없는 예약입니다"),
    ("schedule_cancelled", 409, "취소된 공연입니다"),
    ("payment_not_found", 404, "결제 내역을 찾을 수 없습니다"),
    ("webhook_not_found", 404, "존재하지 않는 웹훅입니다"),
    (
        "dead_letter_not_found",
        404,
        "이 웹훅의 배달 실패 목록에 없는 이벤트입니다",
    ),
    ("sales_closed", 409, "예매가 마감되었습니다"),
    (
        "schedule_begun",
        409,
        "이미 시작된 공연은 일정을 변경할 수 없습니다",
    ),
    ("block_not_found", 404, "존재하지 않는 좌석 블록입니다"),
    (
        "operator_key_exists",
        409,
        "같은 이름의 운영자 키가 이미 존재합니다",
    ),
    (
        "operator_key_not_found",
        404,
        "존재하지 않는 운영자 키입니다",
    ),
    ("not_found", 404, "요청한 경로를 찾을 수 없습니다"),
    ("method_not_allowed", 405, "허용되지 않은 메서드입니다"),
    ("body_too_large", 413, "요청 본문이 너무 큽니다"),
    (
        "unsupported_media_type",
        415,
        "요청 본문은 application/json 형식이어야 합니다",
    ),
];

#[test]
fn rule_27_every_code_has_the_status_and_the_korean_text_of_the_contract() {
    assert_eq!(Code::ALL.len(), TABLE.len());
    for &(code, status, korean) in TABLE {
        let mut all = Code::ALL.iter().map(|code| code.entry());
        let entry = all.find(|entry| entry.code == code).expect(code);
        assert_eq!(
            (entry.status.as_u16(), entry.korean),
            (status, korean),
            "{code}"
        );
        assert!(
            entry.english.is_ascii() && entry.english.len() > 10,
            "{code}"
        );
        assert!(entry.title.is_ascii() && !entry.title.is_empty(), "{code}");
    }
}

#[actix_web::test]
async fn rule_27_a_problem_has_the_members_of_rfc_9457_and_ours() {
    let problem = Problem::new(Code::SeatUnavailable).with("seat_numbers", [3, 4]);
    let expected = |detail| {
        json!({
            "type": "/problems/seat_unavailable",
            "title": "Seat unavailable",
            "status": 409,
            "detail": detail,
            "code": "seat_unavailable",
            "request_id": "r-1",
            "seat_numbers": [3, 4],
        })
    };
    assert_eq!(
        shown(&problem, Language::English).await,
        expected("The seat is already reserved")
    );
    assert_eq!(
        shown(&problem, Language::Korean).await,
        expected("해당 좌석은 이미 예약되었습니다")
    );
}

#[test]
fn the_headers_that_go_with_a_status_are_set() {
    let header = |code, name: &str| {
        let response = Problem::new(code).render(Language::Korean, None);
        let header = response.headers().get(name);
        header.map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header(Code::TokenMissing, "www-authenticate").unwrap(),
        "Bearer"
    );
    for code in [Code::TokenInvalid, Code::QueueTokenExpired] {
        let challenge = header(code, "www-authenticate").unwrap();
        assert_eq!(challenge, r#"Bearer error="invalid_token""#);
    }
    for code in [
        Code::ServerBusy,
        Code::ServiceUnavailable,
        Code::TooManyRequests,
    ] {
        assert_eq!(header(code, "retry-after").unwrap(), "1");
    }
    assert_eq!(header(Code::NoSeats, "content-language").unwrap(), "ko");
    assert_eq!(header(Code::NoSeats, "vary").unwrap(), "Accept-Language");
    assert_eq!(
        header(Code::NoSeats, "content-type").unwrap(),
        "application/problem+json"
    );
    assert_eq!(header(Code::NoSeats, "retry-after"), None);
    assert_eq!(header(Code::Forbidden, "www-authenticate"), None);
}

#[test]
fn rules_15_and_26_storage_that_fails_is_told_apart() {
    let code = |error: StorageError| Problem::from(error).code();
    assert_eq!(
        code(StorageError::unavailable("gone")),
        Code::ServiceUnavailable
    );
    assert_eq!(code(StorageError::Busy), Code::ServerBusy);
    assert_eq!(code(StorageError::failed("bug")), Code::InternalError);
}

#[actix_web::test]
async fn a_defect_is_told_to_the_log_and_not_to_the_client() {
    let problem = Problem::from(StorageError::failed("relation \"seats\" does not exist"));
    assert_eq!(
        problem.to_string(),
        "internal_error: the database refused an operation: relation \"seats\" does not exist"
    );
    assert_eq!(
        shown(&problem, Language::English).await,
        json!({
            "type": "/problems/internal_error",
            "title": "Internal error",
            "status": 500,
            "detail": "A server error occurred",
            "code": "internal_error",
            "request_id": "r-1",
        })
    );
}

#[test]
fn what_actix_answers_by_itself_has_a_code_too() {
    let seen = |status: u16| {
        let problem = Problem::of_status(StatusCode::from_u16(status).unwrap());
        (problem.status_code().as_u16(), problem.code().entry().code)
    };
    assert_eq!(seen(404), (404, "not_found"));
    assert_eq!(seen(405), (405, "method_not_allowed"));
    assert_eq!(seen(413), (413, "body_too_large"));
    assert_eq!(seen(415), (415, "unsupported_media_type"));
    assert_eq!(seen(429), (429, "too_many_requests"));
    assert_eq!(seen(503), (503, "service_unavailable"));
    assert_eq!(seen(400), (400, "invalid_request"));
    assert_eq!(seen(431), (400, "invalid_request"));
    assert_eq!(seen(500), (500, "internal_error"));
}
