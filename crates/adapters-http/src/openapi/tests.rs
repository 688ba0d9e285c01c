use std::collections::BTreeSet;

use super::*;
use crate::{problem::Code, routes, testing::*};

const BOUNDS: Bounds = Bounds {
    max_charge: 10_000_000,
    webhook_http: false,
};

fn whole() -> Value {
    document(Door::Only, BOUNDS)
}

fn listed(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    each.collect()
}

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let routes = routes::ALL.iter().map(|(method, path)| {
        let method = if *method == "read" { "get" } else { method };
        (method.to_owned(), (*path).to_owned())
    });
    let routes: BTreeSet<_> = routes.collect();
    assert_eq!(listed(&whole()), routes);
    // What a handler says of itself is of the route that it has.
    for Group { written, .. } in routes::groups(Door::Only) {
        let said = listed(&serde_json::to_value(written).unwrap());
        assert!(said.is_subset(&routes), "{said:?}");
    }
}

#[test]
fn every_operation_says_what_it_is_and_what_it_answers() {
    let document = whole();
    for (method, path) in listed(&document) {
        let operation = &document["paths"][&path][&method];
        for said in ["summary", "operationId", "tags"] {
            assert!(!operation[said].is_null(), "{method} {path} has no {said}");
        }
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{method} {path}"
        );
        assert!(answers.contains_key("500"), "{method} {path}");
        assert!(
            !path.contains('{') || answers.contains_key("404"),
            "{method} {path}"
        );
        for (status, answer) in answers {
            let named = &answer["headers"]["X-Request-Id"];
            assert!(named.is_object(), "{method} {path} {status}");
        }
    }
    let ids = listed(&document).into_iter().map(|(method, path)| {
        document["paths"][&path][&method]["operationId"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), listed(&document).len());
}

#[test]
fn a_problem_that_a_handler_names_is_one_that_there_is() {
    for Group { written, .. } in routes::groups(Door::Only) {
        let written = serde_json::to_value(written).unwrap();
        for (method, path) in listed(&written) {
            let named = &written["paths"][&path][&method]["x-problems"];
            for code in named.as_array().into_iter().flatten() {
                assert!(
                    Code::named(code.as_str().unwrap()).is_some(),
                    "{path}: {code}"
                );
            }
        }
    }
}

#[test]
fn what_the_document_refers_to_is_in_it_and_what_is_in_it_has_an_example() {
    let document = whole();
    let found = references(&document);
    for pointer in &found {
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let used = found.contains(&format!("/components/schemas/{name}"));
        assert!(used, "nothing refers to {name}");
        let is_body = document["paths"]
            .to_string()
            .contains(&format!("schemas/{name}\""));
        let is_list = name.starts_with("List_") || name.starts_with("Items_");
        assert!(
            !is_body || is_list || schema["examples"].is_array(),
            "{name} has no example"
        );
    }
    for name in examples::all().keys() {
        assert!(
            schemas.contains_key(name),
            "an example of {name}, which there is not"
        );
    }
    assert!(!examples::all().is_empty());
}

#[test]
fn links_are_between_operations_that_there_are() {
    let document = whole();
    let names = listed(&document).into_iter().map(|(method, path)| {
        let name = &document["paths"][&path][&method]["operationId"];
        name.as_str().unwrap().to_owned()
    });
    let names: BTreeSet<_> = names.collect();
    for name in links::named() {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn each_door_tells_only_of_what_it_opens_on() {
    let has = |door, path: &str| document(door, BOUNDS)["paths"][path].is_object();
    assert!(has(Door::Fans, "/v1/users") && !has(Door::Fans, "/v1/admin/queue"));
    assert!(!has(Door::Operator, "/v1/users") && has(Door::Operator, "/v1/admin/queue"));
}

#[test]
fn the_largest_charge_is_the_one_that_is_set() {
    let bounds = Bounds {
        max_charge: 7,
        ..BOUNDS
    };
    let document = document(Door::Only, bounds);
    let amount = &document["components"]["schemas"]["NewCharge"]["properties"]["amount"];
    assert_eq!(
        (&amount["minimum"], &amount["maximum"]),
        (&json!(1), &json!(7))
    );
}

#[actix_web::test]
async fn whoever_has_the_document_is_told_so() {
    let fixture = Fixture::new();
    let answers = fixture.ask_at(Door::Only, [get("/openapi.json")]).await;
    let answer = &answers[0];
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(answer.body["openapi"], "3.1.0");
    let tag = answer.header("etag").unwrap();
    let again = get("/openapi.json").insert_header(("if-none-match", tag));
    let again = Fixture::new().ask(again).await;
    assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
}
