//! What operators changed.

use actix_web::{HttpResponse, web::Data};
use domain::{
    id::OperatorKeyId,
    operators::{LogEntry, Operators},
    page::Page,
};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    auth::Operator,
    moment::Moment,
    page::{Paging, list},
    problem::Problem,
};

#[derive(Serialize)]
struct EntryView {
    number: u64,
    at: Moment,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_key_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    action: String,
    subject: Box<RawValue>,
    details: Box<RawValue>,
}

fn view(entry: LogEntry) -> Result<EntryView, Problem> {
    let json = |text| RawValue::from_string(text).map_err(Problem::internal);
    Ok(EntryView {
        number: entry.number,
        at: Moment(entry.at),
        operator: entry.operator,
        operator_key_id: entry.key_id.map(OperatorKeyId::get),
        request_id: entry.request_id,
        action: entry.action,
        subject: json(entry.subject)?,
        details: json(entry.details)?,
    })
}

/// `GET /v1/admin/log`
pub(crate) async fn log(
    _: Operator,
    paging: Paging,
    operators: Data<dyn Operators>,
) -> Result<HttpResponse, Problem> {
    let Page { items, next } = operators.log(paging.by_number()?).await?;
    let items: Result<Vec<_>, _> = items.into_iter().map(view).collect();
    let items = items?;
    Ok(list(&Page { items, next }, |entry| entry))
}

#[cfg(test)]
mod tests;
