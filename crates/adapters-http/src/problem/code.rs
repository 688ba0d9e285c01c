//! The table of problems (SPEC §5): each code's status, title and texts, in one place.

use actix_web::http::StatusCode;

/// What the table says of a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The code as sent.
    pub code: &'static str,
    /// The usual status.
    pub status: StatusCode,
    /// The title, the same for every occurrence (RFC 9457 §3.1.3).
    pub title: &'static str,
    /// The detail in English.
    pub english: &'static str,
    /// The detail in Korean.
    pub korean: &'static str,
}

macro_rules! problems {
    ($($name:ident $code:literal $status:ident $title:literal $english:literal $korean:literal)+) => {
        /// What went wrong, as a stable code (rule 27).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The one that is sent as `code`.
            pub(crate) fn named(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.entry().code == code)
            }

            /// Its row of the table.
            pub(crate) const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code,
                        status: StatusCode::$status,
                        title: $title,
                        english: $english,
                        korean: $korean,
                    },)+
                }
            }
        }
    };
}

problems! {
    InvalidRequest "invalid_request" UNPROCESSABLE_ENTITY "Invalid request"
        "The request is not well formed" "요청 형식이 올바르지 않습니다"
    InvalidAmount "invalid_amount" UNPROCESSABLE_ENTITY "Invalid amount"
        "The amount is not valid" "유효하지 않은 금액입니다"
    TokenMissing "token_missing" UNAUTHORIZED "Token missing"
        "A bearer token is needed" "유효하지 않은 토큰"
    TokenInvalid "token_invalid" UNAUTHORIZED "Token invalid"
        "The token is not valid" "유효하지 않은 토큰"
    QueueTokenExpired "queue_token_expired" UNAUTHORIZED "Queue token expired"
        "The queue token has expired" "만료된 대기열 토큰입니다"
    QueueTokenNotActive "queue_token_not_active" FORBIDDEN "Queue token not active"
        "It is not your turn to enter yet" "아직 입장 순서가 아닙니다"
    Forbidden "forbidden" FORBIDDEN "Forbidden"
        "Access is not permitted" "접근 권한이 없습니다"
    UserNotFound "user_not_found" NOT_FOUND "User not found"
        "There is no such user" "유효하지 않은 사용자"
    QueueTokenExists "queue_token_exists" CONFLICT "Queue token exists"
        "You have a live queue token already" "이미 활성화된 토큰이 존재합니다"
    ConcertNotFound "concert_not_found" NOT_FOUND "Concert not found"
        "There is no such concert" "존재하지 않는 공연입니다"
    ScheduleNotFound "schedule_not_found" NOT_FOUND "Schedule not found"
        "There is no such concert date" "존재하지 않는 공연입니다"
    NoAvailableDates "no_available_dates" NOT_FOUND "No available dates"
        "No date can be booked" "예약 가능한 날짜가 없습니다"
    NoSeats "no_seats" NOT_FOUND "No seats"
        "There are no seats for this date" "해당 날짜에 대한 좌석 정보가 존재하지 않습니다"
    SeatNotFound "seat_not_found" NOT_FOUND "Seat not found"
        "There is no such seat" "존재하지 않는 좌석입니다"
    SeatUnavailable "seat_unavailable" CONFLICT "Seat unavailable"
        "The seat is already reserved" "해당 좌석은 이미 예약되었습니다"
    SalesNotOpen "sales_not_open" CONFLICT "Sales not open"
        "Sales have not opened yet" "아직 예매가 시작되지 않았습니다"
    SalesClosed "sales_closed" CONFLICT "Sales closed"
        "Sales are closed" "예매가 마감되었습니다"
    SeatLimitReached "seat_limit_reached" CONFLICT "Seat limit reached"
        "These are more seats than one person can reserve" "1인당 예약 가능한 좌석 수를 초과했습니다"
    ReservationNotFound "reservation_not_found" NOT_FOUND "Reservation not found"
        "There is no such reservation" "예약 정보를 찾을 수 없습니다"
    ReservationExpired "reservation_expired" GONE "Reservation expired"
        "The temporary reservation has expired" "임시 예약이 만료되었습니다"
    ReservationCancelled "reservation_cancelled" CONFLICT "Reservation cancelled"
        "The reservation was cancelled" "취소된 예약입니다"
    ReservationAlreadyPaid "reservation_already_paid" CONFLICT "Reservation already paid"
        "The reservation is paid already" "이미 결제가 완료된 예약입니다"
    RefundNotAllowed "refund_not_allowed" CONFLICT "Refund not allowed"
        "The reservation is paid and cannot be refunded" "환불할 수 없는 예약입니다"
    ScheduleCancelled "schedule_cancelled" CONFLICT "Schedule cancelled"
        "The concert date was cancelled" "취소된 공연입니다"
    PaymentNotFound "payment_not_found" NOT_FOUND "Payment not found"
        "There is no such payment" "결제 내역을 찾을 수 없습니다"
    WebhookNotFound "webhook_not_found" NOT_FOUND "Webhook not found"
        "There is no such webhook" "존재하지 않는 웹훅입니다"
    DeadLetterNotFound "dead_letter_not_found" NOT_FOUND "Dead letter not found"
        "This event is not among the dead letters of the webhook"
        "이 웹훅의 배달 실패 목록에 없는 이벤트입니다"
    InsufficientBalance "insufficient_balance" PAYMENT_REQUIRED "Insufficient balance"
        "The balance is too low" "잔액이 부족합니다"
    BalanceLimitExceeded "balance_limit_exceeded" UNPROCESSABLE_ENTITY "Balance limit exceeded"
        "The balance would exceed its limit" "보유 한도를 초과했습니다"
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY "Idempotency key reused"
        "The idempotency key was already used for another request"
        "다른 요청에 이미 사용된 멱등 키입니다"
    ScheduleBegun "schedule_begun" CONFLICT "Schedule begun"
        "The concert has begun and cannot be moved" "이미 시작된 공연은 일정을 변경할 수 없습니다"
    BlockNotFound "block_not_found" NOT_FOUND "Block not found"
        "There is no such block of seats" "존재하지 않는 좌석 블록입니다"
    OperatorKeyExists "operator_key_exists" CONFLICT "Operator key exists"
        "There is an operator key of this name already" "같은 이름의 운영자 키가 이미 존재합니다"
    OperatorKeyNotFound "operator_key_not_found" NOT_FOUND "Operator key not found"
        "There is no such operator key" "존재하지 않는 운영자 키입니다"
    NotFound "not_found" NOT_FOUND "Not found"
        "There is nothing at this path" "요청한 경로를 찾을 수 없습니다"
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "Method not allowed"
        "The method is not allowed at this path" "허용되지 않은 메서드입니다"
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE "Body too large"
        "The request body is too large" "요청 본문이 너무 큽니다"
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "Unsupported media type"
        "The request body must be application/json" "요청 본문은 application/json 형식이어야 합니다"
    TooManyRequests "too_many_requests" TOO_MANY_REQUESTS "Too many requests"
        "There are too many requests" "요청이 너무 많습니다"
    ServerBusy "server_busy" SERVICE_UNAVAILABLE "Server busy"
        "The server is too busy to handle the request" "서버가 혼잡하여 요청을 처리할 수 없습니다"
    ServiceUnavailable "service_unavailable" SERVICE_UNAVAILABLE "Service unavailable"
        "The request cannot be handled because of a server error"
        "서버 오류로 인해 요청을 처리할 수 없습니다"
    InternalError "internal_error" INTERNAL_SERVER_ERROR "Internal error"
        "A server error occurred" "서버 오류가 발생했습니다"
}
