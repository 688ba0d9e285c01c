//! What the page of each problem says: what happened, and what to do about it.

use super::code::Code;
use crate::language::Language;

/// What a page says, in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// When the server answers with this code.
    pub happened: &'static str,
    /// What the one who asked can do about it.
    pub remedy: &'static str,
}

const fn says(happened: &'static str, remedy: &'static str) -> Advice {
    Advice { happened, remedy }
}

impl Code {
    /// What happened and what to do.
    pub(crate) const fn advice(self, language: Language) -> Advice {
        match language {
            Language::English => self.english(),
            Language::Korean => self.korean(),
        }
    }

    #[allow(clippy::too_many_lines, reason = "a table, in the order of the codes")]
    const fn english(self) -> Advice {
        match self {
            Self::InvalidRequest => says(
                "The body, a parameter or a header of the request is not what this call takes. The status is 400 when the request cannot be read at all, and 422 when it can be read but makes no sense.",
                "Look at `errors`: each entry says where the fault is and what is expected there. Send the request again when it is mended; as it is, it will be refused again.",
            ),
            Self::InvalidAmount => says(
                "A charge is a whole number of won from 1 to the most that may be charged at once, 10,000,000 unless the operator has set another limit.",
                "Charge an amount within these bounds. A larger sum takes several charges.",
            ),
            Self::TokenMissing => says(
                "The call needs a bearer token, and the request has none.",
                "Send the header `Authorization: Bearer TOKEN`, with the access token from signing up or with a queue token, as the call asks.",
            ),
            Self::TokenInvalid => says(
                "The token was not made by this server, was altered, is past its time, or is of the wrong kind: an access token where a queue token is needed, or the other way round.",
                "Check which token the call takes and that it was copied whole.",
            ),
            Self::QueueTokenExpired => says(
                "The place in the queue that this token stands for has ended: by time, by leaving, by a completed payment, or because nothing was heard of its owner for too long after they were admitted.",
                "A token that has ended does not revive. Take a new one with `POST /v1/queue/tokens`; what was held or paid is kept.",
            ),
            Self::QueueTokenNotActive => says(
                "This call is for those whose turn has come, and this token still waits.",
                "`queue` says how many are ahead and when to ask again (`poll_after_ms`). Ask `GET /v1/queue/tokens/me` then, or listen to its events. Asking more often does not improve the place.",
            ),
            Self::Forbidden => says(
                "The call is the operator's, and what was sent is not an operator's key, or is one that was revoked. Keys themselves are made and revoked with the root key only.",
                "Operators: send the key as `Authorization: Bearer KEY`. The root key is in the file operator.key of the data directory unless it was set; with it, `POST /v1/admin/keys` makes others. Everyone else: this call is not for you.",
            ),
            Self::UserNotFound => says(
                "There is no such user, or it is someone else: both are answered alike.",
                "Use the id that signing up has answered, together with that user's own token.",
            ),
            Self::QueueTokenExists => says(
                "A user has one place in the queue at a time, and this one has a place already.",
                "Go on with the token in `queue`. `POST /v1/queue/check` answers the token there is instead of this problem.",
            ),
            Self::ConcertNotFound => says(
                "There is no concert with this id.",
                "Ask `GET /v1/concerts` for those there are.",
            ),
            Self::ScheduleNotFound => says(
                "There is no date of a concert with this id, or it has begun.",
                "Ask `GET /v1/concerts/{id}/schedules` for the dates that can be booked.",
            ),
            Self::NoAvailableDates => says(
                "No date of this concert lies ahead with at least one seat left.",
                "Ask again later: a seat comes back when a hold ends without payment.",
            ),
            Self::NoSeats => says(
                "There is no such date, or it has no seats.",
                "Ask `GET /v1/concerts/{id}/schedules` for the dates there are.",
            ),
            Self::SeatNotFound => says(
                "The date has no seats with the numbers in `seat_numbers`. Nothing was held.",
                "Ask for the seat map of the date and choose from the numbers there.",
            ),
            Self::SeatUnavailable => says(
                "Somebody else was faster with the seats in `seat_numbers`. Seats are held all together or not at all, so nothing was held.",
                "Ask for the seat map again and choose other seats. A held seat may come back within minutes.",
            ),
            Self::SalesNotOpen => says(
                "The sale of this date opens at the moment in `opens_at`.",
                "Ask again then. A place in the queue can be taken before.",
            ),
            Self::SalesClosed => says(
                "The operator has closed the sales of this date, for now or for good. Nothing was held.",
                "What you hold already can be paid in its time. For other seats choose another date, or ask again later: sales can be opened again.",
            ),
            Self::SeatLimitReached => says(
                "With these seats you would have more than `limit` in this date, held and paid ones together. Nothing was held.",
                "Choose fewer seats, or cancel a reservation.",
            ),
            Self::ReservationNotFound => says(
                "There is no such reservation, or it is someone else's: both are answered alike.",
                "Ask `GET /v1/reservations` for your own.",
            ),
            Self::ReservationExpired => says(
                "The seats were held for a few minutes, and these are over. Nothing was charged, and the seats can be taken by anyone.",
                "Hold seats again, the same ones if they are still free.",
            ),
            Self::ReservationCancelled => says(
                "The reservation was cancelled before, and its seats were given back. Nothing was charged now; what had been paid before went back to the balance.",
                "Hold seats again.",
            ),
            Self::ReservationAlreadyPaid => says(
                "The reservation is paid: the seats are yours, and nothing was charged a second time.",
                "The receipt is `GET /v1/payments/{payment_id}`. To give it back, cancel it while it shows `refund_until`.",
            ),
            Self::RefundNotAllowed => says(
                "The reservation is paid, and it is too late to give it back: that was possible until `refund_until`, or, without that member, the operator refunds nothing. The seats stay yours.",
                "Nothing: it stays as it is. As long as a paid reservation can be given back, it shows `refund_until` itself.",
            ),
            Self::ScheduleCancelled => says(
                "The operator has called this date off; `reason` says why if they did. Nothing can be held or paid there any more, and nothing was charged.",
                "Whoever has paid gets the money back to their balance without doing anything. Ask `GET /v1/concerts/{id}/schedules` for the other dates.",
            ),
            Self::PaymentNotFound => says(
                "There is no such payment, or it is someone else's: both are answered alike.",
                "Ask `GET /v1/payments` for your own.",
            ),
            Self::WebhookNotFound => says(
                "There is no webhook with this id, or it was removed.",
                "Ask `GET /v1/admin/webhooks` for those there are.",
            ),
            Self::DeadLetterNotFound => says(
                "The webhook has no dead letter with this event: it was delivered, is still tried again, or was never meant for it. Nothing was done.",
                "`dead` and `waiting` of `GET /v1/admin/webhooks/{id}` say how many there are. Leave `event_id` out to redeliver all dead letters.",
            ),
            Self::InsufficientBalance => says(
                "The reservation costs `amount` and the balance is `balance`: `shortfall` is missing. Nothing was charged, and the seats stay held until the `held_until` of the reservation.",
                "Charge at least the shortfall, then pay again.",
            ),
            Self::BalanceLimitExceeded => says(
                "With this charge the balance would exceed `limit`. Nothing was charged.",
                "Charge less.",
            ),
            Self::IdempotencyKeyReused => says(
                "This `Idempotency-Key` stands for an earlier request with another body. Nothing was done.",
                "Send a new key with each new request, and the same key only to repeat one.",
            ),
            Self::ScheduleBegun => says(
                "The concert of this date has begun, so neither its start nor the opening of its sales can be changed. Nothing was changed.",
                "Add another date with `POST /v1/admin/concerts/{id}/schedules`. Sales can still be closed with `sales_closed`.",
            ),
            Self::BlockNotFound => says(
                "There is no block with this id, or none of its seats is kept any more: they were freed or given away.",
                "Ask `GET /v1/admin/schedules/{id}/blocks` for the blocks of a date.",
            ),
            Self::OperatorKeyExists => says(
                "A key of this name is live, or the name is `root`, which is that of the key that the server was started with. The log tells keys apart by their names.",
                "Choose another name, or revoke the key that has it first: `GET /v1/admin/keys` lists them.",
            ),
            Self::OperatorKeyNotFound => says(
                "No live key has this id: there never was one, or it is revoked already.",
                "Ask `GET /v1/admin/keys` for the live ones.",
            ),
            Self::NotFound => says(
                "There is nothing at this path.",
                "Check the path; those there are are listed in the documentation.",
            ),
            Self::MethodNotAllowed => says(
                "The path exists, but not with this method.",
                "The header `Allow` lists the methods that it takes.",
            ),
            Self::BodyTooLarge => says(
                "The body of the request is larger than any that this call takes.",
                "Send less; for the operator: a date has at most 50,000 seats, given as ranges.",
            ),
            Self::UnsupportedMediaType => says(
                "The body of the request is not declared as JSON.",
                "Send it as JSON, with the header `Content-Type: application/json`.",
            ),
            Self::TooManyRequests => says(
                "More requests came than one client needs. This one was not looked at.",
                "Wait as many seconds as `Retry-After` says. In the queue, ask as seldom as `poll_after_ms` says: asking more often does not improve the place.",
            ),
            Self::ServerBusy => says(
                "More requests wait than can be served in time, so this one was refused at once. Nothing was done.",
                "Send it again after as many seconds as `Retry-After` says, with the same `Idempotency-Key`.",
            ),
            Self::ServiceUnavailable => says(
                "The database cannot be reached or takes too long. Nothing is half done; in rare cases the request was completed and only its answer was lost.",
                "Send it again after as many seconds as `Retry-After` says, with the same `Idempotency-Key`: it has one effect, however often it is sent.",
            ),
            Self::InternalError => says(
                "The server has a defect. Nothing is half done.",
                "Tell the operator the `request_id`: the log says under it what went wrong.",
            ),
        }
    }

    #[allow(clippy::too_many_lines, reason = "a table, in the order of the codes")]
    const fn korean(self) -> Advice {
        match self {
            Self::InvalidRequest => says(
                "요청의 본문, 매개변수 또는 헤더가 이 호출이 받는 형식이 아닙니다. 요청을 아예 읽을 수 없으면 400, 읽을 수는 있으나 뜻이 맞지 않으면 422입니다.",
                "`errors`의 각 항목이 어디가 잘못되었고 무엇이 필요한지 알려 줍니다. 고친 뒤 다시 보내십시오. 그대로 보내면 다시 거절됩니다.",
            ),
            Self::InvalidAmount => says(
                "충전 금액은 1원부터 한 번에 충전할 수 있는 최대 금액까지의 정수입니다. 운영자가 따로 정하지 않았다면 최대 10,000,000원입니다.",
                "이 범위 안의 금액을 충전하십시오. 더 큰 금액은 여러 번에 나누어 충전합니다.",
            ),
            Self::TokenMissing => says(
                "이 호출에는 토큰이 필요하지만 요청에 토큰이 없습니다.",
                "가입할 때 받은 액세스 토큰이나 대기열 토큰을 `Authorization: Bearer TOKEN` 헤더로 보내십시오.",
            ),
            Self::TokenInvalid => says(
                "이 서버가 발급하지 않았거나, 변조되었거나, 기한이 지났거나, 종류가 다른 토큰입니다.",
                "이 호출이 어떤 토큰을 받는지, 토큰이 온전히 복사되었는지 확인하십시오.",
            ),
            Self::QueueTokenExpired => says(
                "이 토큰의 대기열 자리가 끝났습니다. 시간이 지났거나, 대기열에서 나갔거나, 결제를 마쳤거나, 입장한 뒤 오래 요청이 없었습니다.",
                "끝난 토큰은 되살아나지 않습니다. `POST /v1/queue/tokens`로 새 토큰을 받으십시오. 이미 예약하거나 결제한 것은 그대로입니다.",
            ),
            Self::QueueTokenNotActive => says(
                "입장한 사람만 쓸 수 있는 호출이며, 이 토큰은 아직 대기 중입니다.",
                "`queue`에 앞에 몇 명이 있는지와 다시 물어볼 때(`poll_after_ms`)가 있습니다. 그때 `GET /v1/queue/tokens/me`로 확인하거나 이벤트를 받으십시오. 더 자주 물어도 순서는 빨라지지 않습니다.",
            ),
            Self::Forbidden => says(
                "운영자만 쓸 수 있는 호출이며, 보낸 것이 운영자의 키가 아니거나 폐기된 키입니다. 키를 만들고 폐기하는 것은 루트 키로만 할 수 있습니다.",
                "운영자라면 키를 `Authorization: Bearer KEY`로 보내십시오. 루트 키는 따로 정하지 않았다면 데이터 디렉터리의 operator.key 파일에 있고, 그 키로 `POST /v1/admin/keys`를 호출하면 다른 키를 만들 수 있습니다.",
            ),
            Self::UserNotFound => says(
                "그런 사용자가 없거나 다른 사용자입니다. 두 경우의 응답은 같습니다.",
                "가입할 때 받은 id를 그 사용자의 토큰과 함께 쓰십시오.",
            ),
            Self::QueueTokenExists => says(
                "한 사용자는 대기열에 한 자리만 가질 수 있으며, 이미 자리가 있습니다.",
                "`queue`에 있는 토큰을 그대로 쓰십시오. `POST /v1/queue/check`는 이 오류 대신 있는 토큰을 알려 줍니다.",
            ),
            Self::ConcertNotFound => says(
                "이 id의 공연이 없습니다.",
                "`GET /v1/concerts`로 있는 공연을 확인하십시오.",
            ),
            Self::ScheduleNotFound => says(
                "이 id의 공연 일정이 없거나 이미 시작했습니다.",
                "`GET /v1/concerts/{id}/schedules`로 예매할 수 있는 날짜를 확인하십시오.",
            ),
            Self::NoAvailableDates => says(
                "이 공연에는 앞으로의 날짜 가운데 좌석이 남은 날이 없습니다.",
                "나중에 다시 확인하십시오. 결제되지 않은 좌석은 다시 나옵니다.",
            ),
            Self::NoSeats => says(
                "그런 날짜가 없거나 그 날짜에 좌석이 없습니다.",
                "`GET /v1/concerts/{id}/schedules`로 있는 날짜를 확인하십시오.",
            ),
            Self::SeatNotFound => says(
                "`seat_numbers`의 좌석이 이 날짜에 없습니다. 아무 좌석도 예약되지 않았습니다.",
                "이 날짜의 좌석 배치를 받아 그 가운데에서 고르십시오.",
            ),
            Self::SeatUnavailable => says(
                "`seat_numbers`의 좌석을 다른 사람이 먼저 예약했습니다. 좌석은 모두 함께 예약되거나 하나도 예약되지 않으므로, 아무 좌석도 예약되지 않았습니다.",
                "좌석 배치를 다시 받아 다른 좌석을 고르십시오. 임시 예약된 좌석은 몇 분 안에 다시 나올 수 있습니다.",
            ),
            Self::SalesNotOpen => says(
                "이 날짜의 예매는 `opens_at`에 시작됩니다.",
                "그때 다시 요청하십시오. 대기열에는 미리 들어갈 수 있습니다.",
            ),
            Self::SalesClosed => says(
                "운영자가 이 날짜의 예매를 잠시 또는 완전히 마감했습니다. 아무 좌석도 배정되지 않았습니다.",
                "이미 임시 배정받은 좌석은 시간 안에 결제할 수 있습니다. 다른 날짜를 고르거나, 예매가 다시 열릴 수 있으니 나중에 다시 시도하십시오.",
            ),
            Self::SeatLimitReached => says(
                "이 좌석까지 더하면 이 날짜에 임시 예약과 결제를 합해 `limit`석을 넘습니다. 아무 좌석도 예약되지 않았습니다.",
                "좌석 수를 줄이거나, 다른 예약을 취소하십시오.",
            ),
            Self::ReservationNotFound => says(
                "그런 예약이 없거나 다른 사용자의 예약입니다. 두 경우의 응답은 같습니다.",
                "`GET /v1/reservations`로 자신의 예약을 확인하십시오.",
            ),
            Self::ReservationExpired => says(
                "임시 예약 시간이 지났습니다. 결제되지 않았으며, 좌석은 누구나 다시 예약할 수 있습니다.",
                "좌석을 다시 예약하십시오. 아직 비어 있다면 같은 좌석도 가능합니다.",
            ),
            Self::ReservationCancelled => says(
                "이미 취소된 예약이며 좌석은 반환되었습니다. 새로 결제되지 않았으며, 전에 결제한 금액은 잔액으로 환불되었습니다.",
                "좌석을 다시 예약하십시오.",
            ),
            Self::ReservationAlreadyPaid => says(
                "결제가 완료된 예약입니다. 좌석은 이미 확보되었고 두 번 결제되지 않았습니다.",
                "영수증은 `GET /v1/payments/{payment_id}`에 있습니다. 예약에 `refund_until`이 표시되는 동안에는 취소하고 환불받을 수 있습니다.",
            ),
            Self::RefundNotAllowed => says(
                "결제가 완료된 예약이며 환불할 수 있는 기한이 지났습니다. 기한은 `refund_until`이었으며, 이 항목이 없다면 운영자가 환불을 하지 않습니다. 좌석은 그대로 확보되어 있습니다.",
                "따로 할 일은 없습니다. 환불할 수 있는 동안에는 결제된 예약에 `refund_until`이 표시됩니다.",
            ),
            Self::ScheduleCancelled => says(
                "운영자가 이 날짜의 공연을 취소했습니다. 사유를 밝혔다면 `reason`에 있습니다. 더 이상 예약하거나 결제할 수 없으며, 결제되지 않았습니다.",
                "이미 결제한 금액은 따로 요청하지 않아도 잔액으로 환불됩니다. 다른 날짜는 `GET /v1/concerts/{id}/schedules`로 확인하십시오.",
            ),
            Self::PaymentNotFound => says(
                "그런 결제 내역이 없거나 다른 사용자의 것입니다. 두 경우의 응답은 같습니다.",
                "`GET /v1/payments`로 자신의 결제 내역을 확인하십시오.",
            ),
            Self::WebhookNotFound => says(
                "이 id의 웹훅이 없거나 삭제되었습니다.",
                "`GET /v1/admin/webhooks`로 있는 웹훅을 확인하십시오.",
            ),
            Self::DeadLetterNotFound => says(
                "이 웹훅에는 이 이벤트의 배달 실패가 없습니다. 이미 전달되었거나, 다시 시도하는 중이거나, 이 웹훅이 받는 이벤트가 아닙니다. 아무 일도 하지 않았습니다.",
                "`GET /v1/admin/webhooks/{id}`의 `dead`와 `waiting`이 몇 건인지 알려 줍니다. `event_id`를 빼면 배달에 실패한 것을 모두 다시 보냅니다.",
            ),
            Self::InsufficientBalance => says(
                "예약 금액은 `amount`, 잔액은 `balance`로 `shortfall`이 모자랍니다. 결제되지 않았으며 좌석은 예약의 `held_until`까지 유지됩니다.",
                "모자란 금액 이상을 충전한 뒤 다시 결제하십시오.",
            ),
            Self::BalanceLimitExceeded => says(
                "이만큼 충전하면 잔액이 `limit`을 넘습니다. 충전되지 않았습니다.",
                "더 적은 금액을 충전하십시오.",
            ),
            Self::IdempotencyKeyReused => says(
                "이 `Idempotency-Key`는 본문이 다른 이전 요청에 쓰였습니다. 아무 일도 하지 않았습니다.",
                "새 요청에는 새 키를 보내고, 같은 요청을 되풀이할 때만 같은 키를 보내십시오.",
            ),
            Self::ScheduleBegun => says(
                "이 날짜의 공연이 이미 시작되어 시작 시각과 예매 시작 시각을 바꿀 수 없습니다. 아무것도 바뀌지 않았습니다.",
                "`POST /v1/admin/concerts/{id}/schedules`로 다른 날짜를 추가하십시오. `sales_closed`로 예매를 마감하는 것은 여전히 가능합니다.",
            ),
            Self::BlockNotFound => says(
                "이 id의 좌석 블록이 없거나, 그 좌석이 모두 해제되었거나 증정되어 남아 있지 않습니다.",
                "날짜별 블록은 `GET /v1/admin/schedules/{id}/blocks`에서 볼 수 있습니다.",
            ),
            Self::OperatorKeyExists => says(
                "이 이름의 키가 쓰이고 있거나, 서버를 시작할 때 쓴 키의 이름인 `root`입니다. 기록은 키를 이름으로 구별합니다.",
                "다른 이름을 고르거나, 그 이름의 키를 먼저 폐기하십시오. `GET /v1/admin/keys`에서 볼 수 있습니다.",
            ),
            Self::OperatorKeyNotFound => says(
                "이 id의 살아 있는 키가 없습니다. 없던 키이거나 이미 폐기되었습니다.",
                "살아 있는 키는 `GET /v1/admin/keys`에서 볼 수 있습니다.",
            ),
            Self::NotFound => says(
                "이 경로에는 아무것도 없습니다.",
                "경로를 확인하십시오. 있는 경로는 문서에 있습니다.",
            ),
            Self::MethodNotAllowed => says(
                "경로는 있으나 이 메서드는 받지 않습니다.",
                "`Allow` 헤더에 받는 메서드가 있습니다.",
            ),
            Self::BodyTooLarge => says(
                "요청 본문이 이 호출이 받는 크기보다 큽니다.",
                "더 작게 보내십시오. 운영자라면, 한 날짜의 좌석은 최대 50,000석이며 범위로 지정합니다.",
            ),
            Self::UnsupportedMediaType => says(
                "요청 본문이 JSON으로 표시되지 않았습니다.",
                "JSON으로, `Content-Type: application/json` 헤더와 함께 보내십시오.",
            ),
            Self::TooManyRequests => says(
                "한 클라이언트에 필요한 것보다 많은 요청이 왔습니다. 이 요청은 처리되지 않았습니다.",
                "`Retry-After` 초만큼 기다리십시오. 대기열에서는 `poll_after_ms`에 맞춰 물어보십시오. 더 자주 물어도 순서는 빨라지지 않습니다.",
            ),
            Self::ServerBusy => says(
                "제때 처리할 수 있는 것보다 많은 요청이 기다리고 있어 곧바로 거절했습니다. 아무 일도 하지 않았습니다.",
                "`Retry-After` 초 뒤에 같은 `Idempotency-Key`로 다시 보내십시오.",
            ),
            Self::ServiceUnavailable => says(
                "데이터베이스에 연결할 수 없거나 너무 느립니다. 절반만 처리된 것은 없습니다. 드물게는 요청이 처리되고 응답만 사라졌을 수 있습니다.",
                "`Retry-After` 초 뒤에 같은 `Idempotency-Key`로 다시 보내십시오. 몇 번을 보내도 효과는 한 번입니다.",
            ),
            Self::InternalError => says(
                "서버에 결함이 있습니다. 절반만 처리된 것은 없습니다.",
                "운영자에게 `request_id`를 알려 주십시오. 로그에 원인이 남아 있습니다.",
            ),
        }
    }
}
