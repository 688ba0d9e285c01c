//! What operators changed.

use actix_web::{HttpResponse, web::Data};
use domain::{
    id::OperatorKeyId,
    operators::{LogEntry, Operators},
    page::Page,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::Operator,
    moment::Moment,
    page::{List, Paging, list},
    problem::Problem,
};

/// A change that an operator made.
#[derive(Serialize, ToSchema)]
#[schema(as = LogEntry)]
struct EntryView {
    number: u64,
    at: Moment,
    /// The name of their key, or the command.
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_key_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    action: String,
    /// Ids, by kind.
    #[schema(value_type = Object)]
    subject: Box<RawValue>,
    /// What was set or changed, by name.
    #[schema(value_type = Object)]
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

/// What operators changed, the newest first
#[utoipa::path(
    get,
    path = "/v1/admin/log",
    tag = "operator",
    responses((status = 200, description = "A page of the log", body = List<EntryView>))
)]
pub(crate) async fn log(
    _: Operator,
    Paging(page): Paging<u64>,
    operators: Data<dyn Operators>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit;
    let Page { items, next } = operators.log(page).await?;
    let items: Result<Vec<_>, _> = items.into_iter().map(view).collect();
    let items = items?;
    Ok(list(&Page { items, next }, limit, |entry| entry))
}

#[cfg(test)]
mod tests;
