//! The query of a URL, strictly: every parameter is known and named once.

use actix_web::{HttpRequest, web::Query};

use crate::problem::{Fault, Problem};

/// The parameters of a query.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of `request`, which may have the parameters `known`.
    pub(crate) fn read(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let wrong = |name: &str, detail| Problem::malformed(Fault::parameter(name, detail));
        let pairs = Query::<Vec<(String, String)>>::from_query(request.query_string());
        let Ok(Query(pairs)) = pairs else {
            return Err(wrong("", "the query cannot be read"));
        };
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(wrong(name, "there is no such parameter"));
            }
            if pairs[..at].iter().any(|(before, _)| before == name) {
                return Err(wrong(name, "the parameter is given twice"));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(given, _)| given == name)?;
        Some(&pair.1)
    }

    /// The value of a parameter as `read` understands it; otherwise `expected` tells what it takes.
    pub(crate) fn parse<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let wrong = || Problem::malformed(Fault::parameter(name, expected));
        read(value).map(Some).ok_or_else(wrong)
    }
}
