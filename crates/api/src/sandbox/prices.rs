//! `POST .../sandbox/prices`: sets prices of the world's market.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::request::{Problems, Scope};
use torana_domain::exchange::Exchange;
use torana_exchange::core::command::NewTick;
use torana_exchange::core::ticks::TICKS_MAX;
use utoipa::ToSchema;

use super::clock::parse_instant;
use super::security::parse_security;
use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::InstantWord;
use crate::state::ApiState;
use crate::{keyed, reply};

/// Body that sets prices.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct PricesRequest {
    /// The prices; all are taken, or none.
    #[schema(min_items = 1, max_items = 10_000)]
    ticks: Vec<TickRequest>,
}

/// One price; exactly one of `ticker` and `isin`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
enum TickRequest {
    /// Of a security named by its ticker.
    ByTicker {
        /// Ticker on `exchange`.
        ticker: String,
        /// Where; default `NSE`.
        exchange: Option<ExchangeWord>,
        /// Rupees per share, a multiple of the tick and inside the price band.
        #[schema(minimum = 0, exclusive_minimum = 0, multiple_of = 0.01)]
        price: f64,
        /// When; default now, not before now.
        #[schema(value_type = Option<InstantWord>)]
        at: Option<String>,
    },
    /// Of a security named by its ISIN.
    ByIsin {
        /// ISIN.
        isin: String,
        /// Where; default `NSE`.
        exchange: Option<ExchangeWord>,
        /// Rupees per share, a multiple of the tick and inside the price band.
        #[schema(minimum = 0, exclusive_minimum = 0, multiple_of = 0.01)]
        price: f64,
        /// When; default now, not before now.
        #[schema(value_type = Option<InstantWord>)]
        at: Option<String>,
    },
}

/// An exchange.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
enum ExchangeWord {
    /// National Stock Exchange of India.
    Nse,
    /// BSE.
    Bse,
}

/// `data` of prices that were set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PricesBody {
    /// Number of prices taken.
    accepted: usize,
    /// World time.
    world_time: Instant,
}

/// Set prices.
///
/// From its instant on the security's prices go on from the price that was set; resting orders that it reaches
/// are filled at that instant.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/prices",
    operation_id = "sandbox_set_prices",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = PricesRequest, example = json!({ "ticks": [{ "ticker": "INFY", "exchange": "NSE", "price": 1501.5, "at": "2026-01-05T04:31:00.000Z" }] })),
    responses(
        (status = 200, description = "The prices are taken.", body = Success<PricesBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "request_in_progress"),
        (status = 422, description = "ticker_not_found, invalid_price, tick_in_past, idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_set_prices(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let ticks = parse(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.prices", async move {
        keyed::once(&engine, &caller, key, async {
            let accepted = engine.set_prices(&caller.gateway, ticks.clone()).await?;
            reply::envelope(PricesBody {
                accepted,
                world_time: Instant(engine.world_now(&caller.gateway)),
            })
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

fn parse(body: &[u8]) -> Result<Vec<NewTick>, ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let what = format!("1 to {TICKS_MAX} prices");
    let items = body.objects("ticks", &mut problems, 1..=TICKS_MAX);
    let items = items.required(&mut problems, "ticks", &what).unwrap_or_default();
    let ticks = items
        .iter()
        .filter_map(|item| tick(item, &mut problems))
        .collect();
    problems.into_result()?;
    Ok(ticks)
}

fn tick(item: &Scope<'_>, problems: &mut Problems) -> Option<NewTick> {
    let security = parse_security(item, problems);
    let allowed = "NSE or BSE";
    let exchange = item.word("exchange", problems, allowed, |word| match word {
        "NSE" => Some(Exchange::Nse),
        "BSE" => Some(Exchange::Bse),
        _ => None,
    });
    let path = item.path_of("price");
    let price = item.number("price").and_then(problems, &path, |number| {
        number.as_price().map_err(|why| why.to_string())
    });
    let price = price.required(problems, &path, "rupees per share");
    let at = parse_instant(item, "at", problems).value();
    Some(NewTick {
        security: security?,
        exchange: exchange.value().unwrap_or(Exchange::Nse),
        price: price?,
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_domain::money::Price;
    use torana_domain::time::Timestamp;
    use torana_exchange::core::command::SecurityName;

    #[test]
    fn a_tick_needs_no_more_than_a_name_and_a_price() {
        let ticks = parse(
            br#"{"ticks":[{"ticker":"infy","price":1501.5},
                {"isin":"INE154A01025","exchange":"BSE","price":400,"at":"2026-01-05T04:30:00.000Z"}]}"#,
        )
        .unwrap();
        let expected = [
            NewTick {
                security: SecurityName::Ticker("INFY".to_owned()),
                exchange: Exchange::Nse,
                price: Price(15_015_000),
                at: None,
            },
            NewTick {
                security: SecurityName::Isin("INE154A01025".to_owned()),
                exchange: Exchange::Bse,
                price: Price(4_000_000),
                at: Some(Timestamp(1_767_587_400_000)),
            },
        ];
        assert_eq!(ticks, expected);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = br#"{"ticks":[{"price":"1"},{"ticker":"ITC","isin":"INE154A01025","exchange":"MCX","price":1.005,"at":"noon"},{"ticker":"ITC"}]}"#;
        let error = parse(body).unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "ticks[0].ticker",
                "ticks[0].price",
                "ticks[1].ticker",
                "ticks[1].exchange",
                "ticks[1].price",
                "ticks[1].at",
                "ticks[2].price",
            ]
        );
        for body in [&b"{}"[..], br#"{"ticks":[]}"#, br#"{"ticks":7}"#] {
            assert_eq!(parse(body).unwrap_err().details.len(), 1);
        }
        let many = format!(r#"{{"ticks":[{}]}}"#, vec!["{}"; TICKS_MAX + 1].join(","));
        assert!(parse(many.as_bytes()).unwrap_err().details[0].contains("10000"));
    }
}
