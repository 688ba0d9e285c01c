//! Problems in the document: a schema for each code, and the answers of an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::problem::{Code, Entry};

/// The name of the schema of a problem.
fn name(code: &str) -> String {
    format!("problem.{code}")
}

/// A schema for each code.
pub(super) fn schemas() -> Map<String, Value> {
    let each = Code::ALL
        .iter()
        .map(|code| (name(code.entry().code), schema(*code)));
    each.collect()
}

fn schema(code: Code) -> Value {
    let Entry {
        code: name,
        status,
        title,
        english,
        ..
    } = code.entry();
    let mut statuses = vec![status.as_u16()];
    if code == Code::InvalidRequest {
        statuses.push(400);
    }
    let mut required = vec!["type", "title", "status", "detail", "code", "request_id"];
    let mut properties = json!({
        "type": {"const": format!("/problems/{name}")},
        "title": {"const": title},
        "status": {"enum": statuses},
        "detail": {"type": "string", "description": "In English or Korean"},
        "code": {"const": name},
        "request_id": {"type": "string"},
    });
    for Member {
        name,
        schema,
        is_certain,
        ..
    } in members(code)
    {
        properties[name] = schema;
        if is_certain {
            required.push(name);
        }
    }
    json!({
        "type": "object", "title": title, "description": english, "properties": properties,
        "required": required, "examples": [example(code)],
    })
}

fn example(code: Code) -> Value {
    let Entry {
        code: name,
        status,
        title,
        english,
        ..
    } = code.entry();
    let mut example = json!({
        "type": format!("/problems/{name}"), "title": title, "status": status.as_u16(),
        "detail": english, "code": name, "request_id": "0197a3c2-5d0e-7c31-9f60-3c8f2b1d4e5a",
    });
    for member in members(code) {
        example[member.name] = member.example;
    }
    example
}

/// An extra member (SPEC §5).
struct Member {
    name: &'static str,
    schema: Value,
    example: Value,
    /// Whether it is always there.
    is_certain: bool,
}

fn certain(name: &'static str, schema: Value, example: Value) -> Member {
    Member {
        name,
        schema,
        example,
        is_certain: true,
    }
}

fn possible(name: &'static str, schema: Value, example: Value) -> Member {
    Member {
        is_certain: false,
        ..certain(name, schema, example)
    }
}

fn members(code: Code) -> Vec<Member> {
    let won = || json!({"type": "integer", "format": "int64"});
    let numbers = || json!({"type": "array", "items": {"type": "integer"}});
    let state = || json!({"$ref": "#/components/schemas/QueueState"});
    match code {
        // A request that the server itself could not read has none.
        Code::InvalidRequest => vec![possible(
            "errors",
            errors(),
            json!([{"pointer": "/name", "detail": "a name has 1 to 100 characters and no control characters"}]),
        )],
        Code::QueueTokenNotActive => vec![possible(
            "queue",
            state(),
            json!({
                "status": "waiting", "position": 5, "ahead": 4, "waiting_total": 9,
                "estimated_wait_seconds": 2, "poll_after_ms": 1000,
                "entered_at": "2026-01-01T11:59:00Z", "expires_at": "2026-01-01T13:59:00Z",
            }),
        )],
        Code::QueueTokenExists => vec![certain(
            "queue",
            state(),
            json!({
                "status": "active", "entered_at": "2026-01-01T11:59:00Z",
                "activated_at": "2026-01-01T12:00:00Z", "expires_at": "2026-01-01T12:05:00Z",
                "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
            }),
        )],
        Code::SeatNotFound | Code::SeatUnavailable => {
            vec![certain("seat_numbers", numbers(), json!([7, 8]))]
        }
        Code::RefundNotAllowed => vec![possible(
            "refund_until",
            json!({"$ref": "#/components/schemas/Moment"}),
            json!("2026-01-31T10:00:00Z"),
        )],
        Code::ScheduleCancelled => vec![possible(
            "reason",
            json!({"type": "string", "description": "As the operator says"}),
            json!("The singer is ill"),
        )],
        Code::SalesNotOpen => vec![certain(
            "opens_at",
            json!({"$ref": "#/components/schemas/Moment"}),
            json!("2026-01-02T11:00:00Z"),
        )],
        Code::SeatLimitReached => vec![certain("limit", json!({"type": "integer"}), json!(4))],
        Code::ReservationAlreadyPaid => vec![certain(
            "payment_id",
            json!({"type": "string", "format": "uuid"}),
            json!("0197a3c5-0c1f-7b02-8d55-6f0e9a7b3c21"),
        )],
        Code::InsufficientBalance => vec![
            certain("balance", won(), json!(50_000)),
            certain("amount", won(), json!(220_000)),
            certain("shortfall", won(), json!(170_000)),
        ],
        Code::BalanceLimitExceeded => vec![certain("limit", won(), json!(1_000_000_000))],
        Code::ServiceUnavailable => vec![possible(
            "reason",
            json!({"type": "string", "description": "Of `/health/ready`"}),
            json!("the database cannot be reached"),
        )],
        _ => Vec::new(),
    }
}

fn errors() -> Value {
    json!({"type": "array", "items": {
        "type": "object",
        "properties": {
            "pointer": {"type": "string", "description": "Where in the body (RFC 6901)"},
            "parameter": {"type": "string", "description": "Which parameter of the path or the query"},
            "header": {"type": "string", "description": "Which header field"},
            "detail": {"type": "string", "description": "What is wrong, or what is expected"},
        },
        "required": ["detail"],
    }})
}

/// The answers for these codes, by their status.
pub(super) fn responses(by_status: &BTreeMap<u16, Vec<&str>>) -> Map<String, Value> {
    let each = by_status.iter();
    each.map(|(status, codes)| (status.to_string(), response(*status, codes)))
        .collect()
}

pub(super) fn response(status: u16, codes: &[&str]) -> Value {
    let rows: Vec<_> = codes
        .iter()
        .filter_map(|code| Code::named(code))
        .map(Code::entry)
        .collect();
    let about = rows
        .iter()
        .map(|row| format!("`{}`: {}", row.code, row.english));
    let about: Vec<_> = about.collect();
    let refer = |kind: &str, name: &str| json!({"$ref": format!("#/components/{kind}/{name}")});
    let mut schemas: Vec<_> = codes
        .iter()
        .map(|code| refer("schemas", &name(code)))
        .collect();
    let schema = match schemas.len() {
        1 => schemas.remove(0),
        _ => json!({"oneOf": schemas}),
    };
    let examples: Map<_, _> = rows
        .iter()
        .map(|row| {
            let name = if status == 400 { MALFORMED } else { row.code };
            (name.to_owned(), refer("examples", name))
        })
        .collect();
    let fields: Map<_, _> = headers(status)
        .map(|name| (name.to_owned(), refer("headers", name)))
        .collect();
    json!({
        "description": about.join(". "),
        "headers": fields,
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    })
}

/// The header fields of a problem with this status.
fn headers(status: u16) -> impl Iterator<Item = &'static str> {
    let more: &[_] = match status {
        401 => &["WWW-Authenticate"],
        405 => &["Allow"],
        429 => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        503 => &["Retry-After"],
        _ => &[],
    };
    ["X-Request-Id", "Content-Language"]
        .into_iter()
        .chain(more.iter().copied())
}

/// The example of a request that cannot be understood at all.
const MALFORMED: &str = "malformed_request";

/// An example of each problem.
pub(super) fn examples() -> Value {
    let each = Code::ALL.iter().map(|code| {
        (
            code.entry().code.to_owned(),
            json!({"value": example(*code)}),
        )
    });
    let mut all: Map<_, _> = each.collect();
    let mut malformed = example(Code::InvalidRequest);
    malformed["status"] = 400.into();
    malformed["errors"] = json!([{"parameter": "limit", "detail": "a limit is 1 to 100"}]);
    all.insert(MALFORMED.to_owned(), json!({"value": malformed}));
    Value::Object(all)
}
