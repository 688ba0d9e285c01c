//! One operation of the document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::problems::responses;
use crate::problem::Code;

/// What a handler takes, as its arguments say.
#[derive(Default)]
pub(crate) struct Operation {
    name: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    /// Each of these proofs is enough; an empty name stands for none.
    proofs: Vec<&'static str>,
    problems: BTreeSet<(u16, &'static str)>,
    /// Header fields of a success, by its status.
    headers: Vec<(u16, &'static str, Value)>,
    is_conditional: bool,
    schemas: Vec<(String, Value)>,
}

impl Operation {
    /// This is what it is called.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name.trim_start_matches('_');
        self
    }

    /// It takes this parameter; `place` is path, query or header. Whatever is wrong with it is 400.
    pub(crate) fn parameter(&mut self, place: &str, name: &str, about: &str, schema: &Value) {
        let required = place == "path" || name == "date";
        self.parameters.push(json!({
            "name": name, "in": place, "required": required, "description": about, "schema": schema,
        }));
    }

    /// It can fail so.
    pub(crate) fn fails(&mut self, codes: &[Code]) {
        let usual = codes.iter().map(|code| code.entry());
        self.problems
            .extend(usual.map(|row| (row.status.as_u16(), row.code)));
    }

    /// It refuses what it cannot read.
    pub(crate) fn misreads(&mut self) {
        let code = Code::InvalidRequest.entry().code;
        self.problems.insert((400, code));
    }

    /// It takes a `T` as JSON.
    pub(crate) fn body<T: ToSchema>(&mut self) {
        let reference = json!({"$ref": format!("#/components/schemas/{}", T::name())});
        self.body = Some(json!({
            "required": true, "content": {"application/json": {"schema": reference}},
        }));
        self.mentions::<T>();
    }

    /// The document has to have this type.
    pub(crate) fn mentions<T: ToSchema>(&mut self) {
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        let values = schemas
            .into_iter()
            .filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?)));
        self.schemas.extend(values);
    }

    /// It asks for one of these proofs; an empty name stands for none.
    pub(crate) fn proofs(&mut self, proofs: &[&'static str]) {
        self.proofs.extend(proofs);
    }

    /// A success with this status has this header field.
    pub(crate) fn header(&mut self, status: u16, name: &'static str, about: &str) {
        let header = json!({"description": about, "schema": {"type": "string"}});
        self.headers.push((status, name, header));
    }

    /// It answers 304 to whoever has the answer.
    pub(crate) fn is_conditional(&mut self) {
        self.is_conditional = true;
    }

    /// The whole operation: this, and what its `handler` says. Its types go to `schemas`.
    pub(crate) fn over(mut self, mut handler: Value, schemas: &mut Map<String, Value>) -> Value {
        schemas.extend(std::mem::take(&mut self.schemas));
        self.fails(&[
            Code::TooManyRequests,
            Code::InternalError,
            Code::ServerBusy,
            Code::ServiceUnavailable,
        ]);
        for name in ["Accept-Language", "X-Request-Id"] {
            self.parameters
                .push(json!({"$ref": format!("#/components/parameters/{name}")}));
        }
        self.own_problems(&mut handler);
        handler["operationId"] = self.name.into();
        if let Some(own) = handler.get("parameters").and_then(Value::as_array) {
            self.parameters
                .extend(own.iter().map(|parameter| without_null(parameter.clone())));
        }
        handler["parameters"] = Value::Array(std::mem::take(&mut self.parameters));
        if let Some(body) = self.body.take() {
            handler["requestBody"] = body;
        }
        if !self.proofs.is_empty() {
            let security = self.proofs.iter().map(|name| match *name {
                "" => json!({}),
                name => json!({ name: [] }),
            });
            handler["security"] = security.collect();
        }
        self.answers(&mut handler);
        handler
    }

    /// The problems that the handler says it has itself.
    fn own_problems(&mut self, handler: &mut Value) {
        let own = handler
            .as_object_mut()
            .and_then(|handler| handler.remove("x-problems"));
        let named = own
            .iter()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_str);
        let codes: Vec<_> = named.filter_map(Code::named).collect();
        self.fails(&codes);
    }

    fn answers(self, handler: &mut Value) {
        let answers = &mut handler["responses"];
        if self.is_conditional {
            answers["304"] = json!({"description": "Nothing has changed"});
        }
        let Some(successes) = answers.as_object_mut() else {
            return;
        };
        for (status, answer) in successes.iter_mut() {
            for (of, name, header) in &self.headers {
                if of.to_string() == *status {
                    answer["headers"][name] = header.clone();
                }
            }
            if let Some(headers) = answer.get_mut("headers").and_then(Value::as_object_mut) {
                for (name, header) in headers {
                    header["required"] = (name == "Location").into();
                }
            }
            if self.is_conditional {
                answer["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
            }
            answer["headers"]["X-Request-Id"] =
                json!({"$ref": "#/components/headers/X-Request-Id"});
        }
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for (status, code) in self.problems {
            by_status.entry(status).or_default().push(code);
        }
        successes.extend(responses(&by_status));
    }
}

/// What a parameter leaves out is not null.
fn without_null(mut parameter: Value) -> Value {
    let types = &mut parameter["schema"]["type"];
    if let Some(first) = types.as_array().and_then(|types| types.first()).cloned() {
        *types = first;
    }
    parameter
}
