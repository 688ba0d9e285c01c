//! Which problems the API may answer with.

/// The codes of the contract that a fan can meet, each with the statuses that it may have. A server
/// that answers `internal_error` has a defect: it is none of them.
const KNOWN: &[(&str, &[u16])] = &[
    ("invalid_request", &[400, 422]),
    ("invalid_amount", &[422]),
    ("token_missing", &[401]),
    ("token_invalid", &[401]),
    ("queue_token_expired", &[401]),
    ("queue_token_not_active", &[403]),
    ("forbidden", &[403]),
    ("user_not_found", &[404]),
    ("queue_token_exists", &[409]),
    ("concert_not_found", &[404]),
    ("schedule_not_found", &[404]),
    ("no_available_dates", &[404]),
    ("no_seats", &[404]),
    ("seat_not_found", &[404]),
    ("seat_unavailable", &[409]),
    ("sales_not_open", &[409]),
    ("sales_closed", &[409]),
    ("schedule_cancelled", &[409]),
    ("seat_limit_reached", &[409]),
    ("reservation_not_found", &[404]),
    ("reservation_expired", &[410]),
    ("reservation_cancelled", &[409]),
    ("reservation_already_paid", &[409]),
    ("insufficient_balance", &[402]),
    ("balance_limit_exceeded", &[422]),
    ("idempotency_key_reused", &[422]),
    ("too_many_requests", &[429]),
    ("server_busy", &[503]),
    ("service_unavailable", &[503]),
];

/// Whether the contract has this problem with this status.
pub fn is_known(code: &str, status: u16) -> bool {
    let mut known = KNOWN.iter();
    known.any(|(name, statuses)| *name == code && statuses.contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_with_its_own_status_only() {
        assert!(is_known("server_busy", 503));
        assert!(!is_known("server_busy", 500));
        assert!(!is_known("internal_error", 500));
        assert!(!is_known("", 404));
    }
}
