//! The document that a server tells, and whether an answer keeps it.

use jsonschema::Validator;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use system_tests::App;

/// The document.
pub struct Contract {
    document: Value,
}

impl Contract {
    /// As the first process tells it.
    pub async fn of(app: &App) -> Self {
        let url = format!("{}/openapi.json", app.url(0));
        let text = app
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        close(&mut document["components"]["schemas"]);
        Self { document }
    }

    /// Fails the test unless this answer is described: its status, its header fields, its body and each
    /// member of that.
    pub fn check(&self, method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &str) {
        let route = self.route(path.split('?').next().unwrap());
        let operation = &self.document["paths"][&route][method.as_str().to_lowercase()];
        let described = &operation["responses"][status.to_string()];
        assert!(
            described.is_object(),
            "{method} {route} answers {status}, which is not described"
        );
        self.check_headers(&described["headers"], headers);
        let kind = headers
            .get("content-type")
            .map(|kind| kind.to_str().unwrap());
        let kind = kind.map(|kind| kind.split(';').next().unwrap());
        let Some(kind) = kind else {
            assert!(
                described["content"].is_null(),
                "{method} {route} {status} has no body"
            );
            return;
        };
        let schema = &described["content"][kind]["schema"];
        assert!(
            schema.is_object(),
            "{method} {route} {status} is {kind}, which is not described"
        );
        if kind.ends_with("json") {
            let body = serde_json::from_str(body).unwrap();
            self.check_body(schema, &body, &format!("{method} {route} {status}"));
        }
    }

    /// Whether `body` is what the schema with this name describes.
    pub fn takes(&self, name: &str, body: &Value) -> bool {
        let mut schema = self.document["components"]["schemas"][name].clone();
        assert!(schema.is_object(), "{name} is not described");
        schema["components"] = self.document["components"].clone();
        validator(&schema).is_valid(body)
    }

    /// The path of the document that `path` is one of; one without parameters comes first.
    fn route(&self, path: &str) -> String {
        let routes = self.document["paths"].as_object().unwrap().keys();
        let fits = |route: &&String| {
            let (mut theirs, mut ours) = (route.split('/'), path.split('/'));
            loop {
                match (theirs.next(), ours.next()) {
                    (None, None) => return true,
                    (Some(pattern), Some(_)) if pattern.starts_with('{') => {}
                    (pattern, part) if pattern == part => {}
                    _ => return false,
                }
            }
        };
        let route = routes
            .filter(fits)
            .min_by_key(|route| route.matches('{').count());
        route
            .unwrap_or_else(|| panic!("{path} is not described"))
            .clone()
    }

    fn check_headers(&self, described: &Value, headers: &HeaderMap) {
        for (name, header) in described.as_object().into_iter().flatten() {
            let reference = header["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
            let header = reference.map_or(header, |at| self.document.pointer(at).unwrap());
            let Some(value) = headers.get(name) else {
                assert_ne!(header["required"], true, "{name} is missing");
                continue;
            };
            let text = value.to_str().unwrap();
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => json!(text.parse::<i64>().unwrap()),
                _ => json!(text),
            };
            self.check_body(&header["schema"], &value, name);
        }
    }

    fn check_body(&self, schema: &Value, body: &Value, what: &str) {
        let mut whole = schema.clone();
        whole["components"] = self.document["components"].clone();
        let wrong: Vec<_> = validator(&whole)
            .iter_errors(body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{what}: {wrong:?}\n{body}");
    }
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.build(schema).unwrap()
}

/// What a schema does not name must not be there: here nothing may go undescribed.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object)
                && members.get("type").is_some()
            {
                members.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
