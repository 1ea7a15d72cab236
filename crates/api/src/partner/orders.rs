//! `GET /v1/{gatewayName}/engine/user/orders`: batches of stock orders.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::batch::BatchBody;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::request::Problems;
use torana_domain::ids::{BatchId, TransactionId};
use torana_engine::details::{ORDERS_COUNT_MAX, OrdersQuery};
use utoipa::ToSchema;

use crate::call::{Call, Reading};
use crate::failure::Failure;
use crate::openapi::words::FlagParam;
use crate::query::Query;
use crate::reply;
use crate::state::ApiState;

/// Batches without ids, when the query names no number.
const COUNT_DEFAULT: i64 = 20;
/// Furthest that a reader may page.
const OFFSET_MAX: i64 = 1_000_000;

/// `data` of the orders answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrdersBody {
    /// Newest first.
    order_batches: Vec<BatchBody>,
}

/// List a user's stock orders.
///
/// A guest names transactions or batches; a connected user may leave the ids out and gets the newest ones.
/// Ids that are unknown, malformed or another user's are skipped.
#[utoipa::path(
    get,
    path = "/v1/{gatewayName}/engine/user/orders",
    operation_id = "list_user_orders",
    tag = "Orders",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = Option<Vec<String>>, Query, description = "Transactions; also as transactionId[]=a and as a,b. At most 50 ids of both kinds.", max_items = 50),
        ("batchId" = Option<Vec<String>>, Query, description = "Batches, in the same spellings.", max_items = 50),
        ("count" = Option<i64>, Query, description = "Most batches of an answer without ids; default 20.", minimum = 1, maximum = 100),
        ("offset" = Option<i64>, Query, description = "Batches to skip in an answer without ids; default 0.", minimum = 0, maximum = 1_000_000),
        ("includeOpen" = inline(Option<FlagParam>), Query, description = "Also batches of transactions that are still processing."),
    ),
    responses(
        (status = 200, description = "The batches.", body = Success<OrdersBody>),
        (status = 400, description = "validation_failed"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn list_user_orders(State(api): State<ApiState>, call: Call<Reading>) -> Result<Response, Failure> {
    let query = parse(&call.query)?;
    let order_batches = api.engine().orders(&call.caller, &query).await?;
    reply::data(OrdersBody { order_batches })
}

fn parse(query: &Query) -> Result<OrdersQuery, ApiError> {
    let mut problems = Problems::default();
    let mut parsed = OrdersQuery {
        count: query.integer("count", 1..=ORDERS_COUNT_MAX, COUNT_DEFAULT, &mut problems),
        offset: query.integer("offset", 0..=OFFSET_MAX, 0, &mut problems),
        include_open: query.flag("includeOpen", &mut problems),
        ..OrdersQuery::default()
    };
    problems.into_result()?;
    for text in query.list("transactionId") {
        match TransactionId::parse(text) {
            Ok(id) => parsed.transaction_ids.push(id),
            Err(_) => parsed.skipped_ids += 1,
        }
    }
    for text in query.list("batchId") {
        match BatchId::parse(text) {
            Ok(id) => parsed.batch_ids.push(id),
            Err(_) => parsed.skipped_ids += 1,
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRX: &str = "TRX_0123456789abcdef0123456789abcdef";
    const BATCH: &str = "60c72b2f9b1e8a0012345678";

    fn parsed(raw: &str) -> Result<OrdersQuery, ApiError> {
        parse(&Query::parse(Some(raw)).unwrap())
    }

    #[test]
    fn ids_are_sorted_from_what_is_none() {
        let query = parsed(&format!(
            "transactionId={TRX},nonsense&batchId[]={BATCH}&batchId=x&includeOpen=True"
        ))
        .unwrap();
        assert_eq!(query.transaction_ids.len(), 1);
        assert_eq!(query.batch_ids.len(), 1);
        assert_eq!(
            (query.skipped_ids, query.include_open, query.count, query.offset),
            (2, true, 20, 0)
        );
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let error = parsed("count=0&offset=-1&includeOpen=maybe").unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(named, ["count", "offset", "includeOpen"]);
    }
}
