//! `GET /openapi.json`: the API as of `OpenAPI` 3.1.
//!
//! The document is put together of three sources, none of which can drift from what the server does:
//! the table of routes says which operations there are, `utoipa` reads what each handler says of itself
//! (its success, its types, its own problems), and the types of a handler's arguments say what it takes
//! and how that is refused ([`takes`]).

use std::{collections::BTreeSet, sync::OnceLock};

use actix_web::{HttpResponse, web::Data};
use serde_json::{Map, Value, json};

mod examples;
mod links;
mod operation;
mod problems;
mod takes;

pub(crate) use operation::Operation;
pub(crate) use takes::Told;

use crate::{
    coding::Accepted, etag::Known, kept::Kept, problem::Problem, routes, seat_map::VERSION,
    server::Door,
};

/// A group of routes, as the table has it.
pub(crate) struct Group {
    /// What `utoipa` knows of their handlers.
    pub written: utoipa::openapi::OpenApi,
    /// The method and the path of each, and what its arguments take.
    pub routes: Vec<(&'static str, &'static str, Operation)>,
}

/// What the settings decide of the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The largest charge, in won.
    pub max_charge: i64,
}

/// The documents of the doors, each written when it is asked for first.
pub(crate) struct Documents {
    bounds: Bounds,
    doors: [OnceLock<Kept>; 3],
}

impl Documents {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let doors = Default::default();
        Self { bounds, doors }
    }

    fn of(&self, door: Door) -> &Kept {
        let at = match door {
            Door::Only => 0,
            Door::Fans => 1,
            Door::Operator => 2,
        };
        self.doors[at].get_or_init(|| {
            let document = document(door, self.bounds).to_string();
            Kept::new("application/json", document)
        })
    }
}

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "process",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Value))
)]
pub(crate) async fn openapi(
    documents: Data<Documents>,
    door: Data<Door>,
    known: Known,
    accepted: Accepted,
) -> Result<HttpResponse, Problem> {
    documents.of(**door).answer(&known, accepted).await
}

/// What can be asked for at `door`.
pub(crate) fn document(door: Door, bounds: Bounds) -> Value {
    let mut document = head();
    let mut schemas = problems::schemas();
    for Group { written, routes } in routes::groups(door) {
        let mut written = serde_json::to_value(written).unwrap_or_default();
        for (method, path, operation) in routes {
            let handler = written["paths"][path][method].take();
            document["paths"][path][method] = operation.over(handler, &mut schemas);
        }
        if let Value::Object(more) = written["components"]["schemas"].take() {
            schemas.extend(
                more.into_iter()
                    .map(|(name, schema)| (name, answered(schema))),
            );
        }
    }
    finish(&mut schemas, bounds);
    let components = &mut document["components"];
    components["schemas"] = Value::Object(schemas);
    components["examples"] = problems::examples();
    components["responses"]["MethodNotAllowed"] = problems::response(405, &["method_not_allowed"]);
    add_links(&mut document);
    keep_used(&mut document);
    document
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut();
    let methods = paths.into_iter().flat_map(Map::values_mut);
    let methods = methods.filter_map(Value::as_object_mut);
    methods.flat_map(Map::values_mut)
}

fn add_links(document: &mut Value) {
    let names =
        operations(document).filter_map(|one| Some(one["operationId"].as_str()?.to_owned()));
    let names: BTreeSet<_> = names.collect();
    for operation in operations(document) {
        links::add(operation, |name| names.contains(name));
        let stream = operation.pointer_mut("/responses/200/content/text~1event-stream");
        if let Some(stream) = stream {
            stream["schema"] = json!({"$ref": "#/components/schemas/QueueEvent"});
        }
    }
}

/// Leaves out the components that nothing refers to: not every door opens on everything.
fn keep_used(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut new = references(&document["paths"]);
    new.append(&mut references(&document["components"]["responses"]));
    while !new.is_empty() {
        let next = new
            .iter()
            .filter_map(|found| document.pointer(found))
            .map(references);
        let next: BTreeSet<_> = next.flatten().collect();
        used.append(&mut new);
        new = next.difference(&used).cloned().collect();
    }
    for kind in ["schemas", "examples", "headers"] {
        if let Some(all) = document["components"][kind].as_object_mut() {
            all.retain(|name, _| used.contains(&format!("/components/{kind}/{name}")));
        }
    }
}

/// The JSON pointers of all that `value` refers to.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|own| own.strip_prefix('#')).map(str::to_owned);
            members.values().flat_map(references).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// What an answer may leave out is never null.
fn answered(mut schema: Value) -> Value {
    let required = schema["required"].clone();
    let required = |name: &str| {
        required
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == name))
    };
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return schema;
    };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required(name)) {
        if let Some(types) = property.get_mut("type")
            && let Some(first) = types.as_array().and_then(|types| types.first()).cloned()
        {
            *types = first;
        }
        let one = property.get("oneOf").and_then(Value::as_array);
        let one = one
            .and_then(|all| all.iter().find(|one| one["type"] != "null"))
            .cloned();
        if let Some(one) = one {
            *property = one;
        }
    }
    schema
}

/// What types cannot say.
fn finish(schemas: &mut Map<String, Value>, Bounds { max_charge }: Bounds) {
    if let Some(charge) = schemas.get_mut("NewCharge") {
        charge["properties"]["amount"]["maximum"] = max_charge.into();
    }
    if let Some(new) = schemas.get_mut("NewReservation") {
        new["oneOf"] = json!([
            {"required": ["seat_numbers"]},
            {"required": ["choices"]},
            {"required": ["count"]},
        ]);
        new["dependentRequired"] = json!({"grade": ["count"]});
    }
    if let Some(map) = schemas.get_mut("SeatMap") {
        map["properties"]["version"]["pattern"] = VERSION.into();
        // Its text is written in parts: the front, the time of the read, the seats.
        map["properties"]["as_of"] = json!({"$ref": "#/components/schemas/Moment"});
        map["properties"]["seats"] =
            json!({"type": "array", "items": {"$ref": "#/components/schemas/Seat"}});
        if let Some(required) = map["required"].as_array_mut() {
            required.extend(["as_of".into(), "seats".into()]);
        }
    }
    if let Some(new) = schemas.get_mut("NewPayment") {
        new["properties"]["seat_numbers"]["type"] = json!(["array", "null"]);
    }
    schemas.insert("QueueEvent".to_owned(), event());
    let names: Vec<_> = schemas.keys().cloned().collect();
    for name in &names {
        schemas[name] = whole(schemas, &schemas[name]);
        // `utoipa` writes the items of a generic list out.
        let item = name.strip_prefix("List_").or(name.strip_prefix("Items_"));
        if let Some(item) = item.filter(|item| schemas.contains_key(*item)) {
            let reference = json!({"$ref": format!("#/components/schemas/{item}")});
            schemas[name]["properties"]["items"]["items"] = reference;
        }
    }
    for (name, example) in examples::all() {
        if let Some(schema) = schemas.get_mut(&name) {
            schema["examples"] = json!([example]);
        }
    }
}

/// What is put together of several schemas, as one.
fn whole(schemas: &Map<String, Value>, schema: &Value) -> Value {
    let Some(parts) = schema["allOf"].as_array() else {
        return schema.clone();
    };
    let (mut required, mut properties) = (Vec::new(), Map::new());
    for part in parts {
        let name = part["$ref"]
            .as_str()
            .and_then(|part| part.rsplit('/').next());
        let part = whole(schemas, name.map_or(part, |name| &schemas[name]));
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
    }
    json!({
        "type": "object", "description": schema["description"],
        "required": required, "properties": properties,
    })
}

/// A server-sent event, by its fields.
fn event() -> Value {
    json!({
        "type": "object",
        "description": "An event, by its fields",
        "properties": {
            "event": {"const": "queue"},
            "id": {"type": "string", "description": "For `Last-Event-ID`"},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": "#/components/schemas/QueueState"},
            },
            "retry": {"type": "integer"},
        },
    })
}

const ABOUT: &str = "A concert reservation server. Sign up, charge your balance, take a place in the \
    queue, wait until you are admitted, look around, hold seats, pay within five minutes.\n\n\
    Money is in whole won, times are RFC 3339 in UTC. `HEAD` is answered like `GET` (but for events), \
    and `OPTIONS` tells the methods of a path. Answers are compressed with zstd or gzip for whoever \
    accepts that. Problems are `application/problem+json` with a stable `code`; their `type` is the \
    path of a page that says what to do, in English or Korean by `Accept-Language`.";

fn head() -> Value {
    let bearer = |format: &str, description: &str| json!({"type": "http", "scheme": "bearer", "bearerFormat": format, "description": description});
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Boxoffice",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0 or MIT", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "users", "description": "Signing up"},
            {"name": "queue", "description": "Waiting for one's turn"},
            {"name": "shop", "description": "Concerts, dates and seats, for those admitted"},
            {"name": "reservations", "description": "Holding seats"},
            {"name": "payments", "description": "Paying for them"},
            {"name": "balance", "description": "Prepaid money"},
            {"name": "operator", "description": "Running the sale"},
            {"name": "process", "description": "This process, and what its answers mean"},
        ],
        "paths": {},
        "components": {
            "parameters": parameters(),
            "headers": headers(),
            "securitySchemes": {
                "access_token": bearer("JWT", "The `access_token` from signing up"),
                "queue_token": bearer("JWT", "The `token` of a place in the queue"),
                "operator_key": bearer("key", "The operator's key"),
            },
        },
    })
}

/// The parameters of every operation.
fn parameters() -> Value {
    let header = |name: &str, about: &str| json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}});
    let id = "What the request is called in the log: 1 to 64 letters, digits, `.`, `_` and `-`; \
        otherwise it is given a name";
    json!({
        "Accept-Language": header("Accept-Language", "The language of texts, English or Korean"),
        "X-Request-Id": header("X-Request-Id", id),
    })
}

fn headers() -> Value {
    let text = |about: &str| json!({"required": true, "description": about, "schema": {"type": "string", "minLength": 1}});
    let mut headers = json!({
        "X-Request-Id": text("What the request is called in the log"),
        "ETag": text("Names this answer, for `If-None-Match`"),
        "Allow": text("The methods that there are"),
        "WWW-Authenticate": text("`Bearer`, as of RFC 6750"),
        "RateLimit": text("What is left, and when there is more"),
        "RateLimit-Policy": text("How many requests there may be"),
        "Content-Language": text("The language of `detail`"),
        "Retry-After": text("In so many seconds"),
    });
    headers["Content-Language"]["schema"] = json!({"type": "string", "enum": ["en", "ko"]});
    headers["Retry-After"]["schema"] = json!({"type": "integer", "minimum": 1});
    headers
}

#[cfg(test)]
mod tests;
