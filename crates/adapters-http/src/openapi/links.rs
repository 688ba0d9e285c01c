//! What an answer leads to: the links of `OpenAPI`, by which tools find their way through the journey.

use serde_json::{Value, json};

/// An operation whose 201 tells an `id`, and another one that takes it as this parameter. One that is a
/// JSON pointer is a member of the body.
const LINKS: &[(&str, &str, &str)] = &[
    ("admin_add_concert", "admin_add_schedule", "id"),
    ("admin_add_concert", "seat_map_of_date", "id"),
    ("admin_add_concert", "admin_house_concert", "id"),
    ("admin_add_concert", "admin_house_edit_concert", "id"),
    ("admin_add_schedule", "admin_house_report", "id"),
    ("admin_add_schedule", "admin_house_edit_schedule", "id"),
    ("admin_add_schedule", "admin_seats_block", "id"),
    ("admin_add_schedule", "admin_seats_blocks", "id"),
    ("admin_add_schedule", "admin_seats_give", "id"),
    ("admin_add_schedule", "admin_cancellation_call_off", "id"),
    ("admin_add_schedule", "admin_cancellation_progress", "id"),
    ("admin_seats_block", "admin_seats_unblock", "id"),
    ("admin_keys_add", "admin_keys_revoke", "id"),
    ("webhooks_register", "webhooks_find", "id"),
    ("webhooks_register", "webhooks_redeliver", "id"),
    ("webhooks_register", "webhooks_remove", "id"),
    ("admin_add_schedule", "seat_map_of_schedule", "id"),
    ("admin_add_schedule", "reservations_hold", "/schedule_id"),
    ("reservations_hold", "reservations_find", "id"),
    ("reservations_hold", "reservations_cancel", "id"),
    ("reservations_hold", "payments_pay", "/reservation_id"),
    ("payments_pay", "payments_find", "id"),
    ("users_sign_up", "balance_balance", "id"),
    ("users_sign_up", "balance_charge", "id"),
    ("users_sign_up", "balance_entries", "id"),
];

/// Adds the links of an operation, among those of this document.
pub(super) fn add(operation: &mut Value, has: impl Fn(&str) -> bool) {
    let name = operation["operationId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let links = LINKS
        .iter()
        .filter(|(from, to, _)| *from == name && has(to));
    for (_, to, takes) in links {
        let id = "$response.body#/id";
        let link = match takes.strip_prefix('/') {
            Some(member) => json!({"operationId": to, "requestBody": {member: id}}),
            None => json!({"operationId": to, "parameters": {*takes: id}}),
        };
        operation["responses"]["201"]["links"][*to] = link;
    }
}

/// All operations that links are from or to.
#[cfg(test)]
pub(super) fn named() -> impl Iterator<Item = &'static str> {
    LINKS.iter().flat_map(|(from, to, _)| [*from, *to])
}
