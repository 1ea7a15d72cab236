//! `POST .../sandbox/reset`: starts the world again.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_clock::ClockMode;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::request::{Problems, Scope};
use torana_engine::sandbox::{Reset, ResetScope};
use utoipa::ToSchema;

use super::clock::{ClockModeWord, parse_instant};
use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::InstantWord;
use crate::state::ApiState;
use crate::{keyed, reply};

/// Largest seed: what every JSON reader can hold exactly.
const SEED_MAX: i64 = (1 << 53) - 1;

/// Body of a reset.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct ResetRequest {
    /// How much is thrown away.
    scope: ScopeWord,
    /// New seed of the world.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    seed: Option<i64>,
    /// New start instant.
    start_at: Option<InstantWord>,
    /// Whether the clock stands still at the start; default `false`.
    freeze: Option<bool>,
}

/// How much a reset throws away.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    /// Prices, books, accounts, clock.
    Exchange,
    /// Also the gateway's users, transactions, jobs and stored answers.
    World,
}

/// `data` of a reset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResetBody {
    /// What was thrown away.
    scope: ScopeWord,
    /// Seed of the world.
    seed: u64,
    /// How the clock moves now.
    #[schema(value_type = ClockModeWord)]
    mode: ClockMode,
    /// World time.
    world_time: Instant,
}

/// Start the world again.
///
/// The only way to move a world's clock back.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/reset",
    operation_id = "sandbox_reset",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = ResetRequest, example = json!({ "scope": "world", "seed": 7, "startAt": "2026-01-05T04:30:00.000Z", "freeze": true })),
    responses(
        (status = 200, description = "The new world.", body = Success<ResetBody>, example = json!({ "success": true, "errors": null, "data": { "scope": "world", "seed": 7, "mode": "frozen", "worldTime": "2026-01-05T04:30:00.000Z" } })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "clock_busy, request_in_progress"),
        (status = 422, description = "idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_reset(State(api): State<ApiState>, call: Call<Control>) -> Result<Response, Failure> {
    let reset = parse(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.reset", async move {
        keyed::once(&engine, &caller, key, async {
            let (world, clock) = engine.reset(&caller.gateway, reset).await?;
            reply::envelope(ResetBody {
                scope: match reset.scope {
                    ResetScope::Exchange => ScopeWord::Exchange,
                    ResetScope::World => ScopeWord::World,
                },
                seed: world.seed,
                mode: clock.mode,
                world_time: Instant(clock.world_now(engine.wall_now())),
            })
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

fn parse(body: &[u8]) -> Result<Reset, ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let scope = body.word("scope", &mut problems, "exchange or world", |word| match word {
        "exchange" => Some(ResetScope::Exchange),
        "world" => Some(ResetScope::World),
        _ => None,
    });
    let scope = scope.required(&mut problems, "scope", "exchange or world");
    let seed = body.integer("seed", &mut problems, 0..=SEED_MAX).value();
    let start_at = parse_instant(&body, "startAt", &mut problems).value();
    let freeze = body.boolean("freeze", &mut problems).value().unwrap_or(false);
    problems.into_result()?;
    // An absent or wrong scope was noted, so that this is never reached without one.
    let scope = scope.ok_or_else(|| ApiError::validation(["scope: is required".to_owned()]))?;
    Ok(Reset {
        scope,
        seed: seed.and_then(|seed| u64::try_from(seed).ok()),
        start_at,
        freeze,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_domain::time::Timestamp;

    #[test]
    fn a_reset_says_how_much() {
        let reset =
            parse(br#"{"scope":"world","seed":7,"startAt":"2026-01-05T04:30:00.000Z","freeze":true}"#)
                .unwrap();
        let start_at = Some(Timestamp(1_767_587_400_000));
        assert_eq!(
            reset,
            Reset {
                scope: ResetScope::World,
                seed: Some(7),
                start_at,
                freeze: true
            }
        );
        let plain = parse(br#"{"scope":"exchange"}"#).unwrap();
        assert_eq!(
            plain,
            Reset {
                scope: ResetScope::Exchange,
                seed: None,
                start_at: None,
                freeze: false
            }
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let error = parse(br#"{"scope":"all","seed":-1,"startAt":"tomorrow","freeze":1}"#).unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(named, ["scope", "seed", "startAt", "freeze"]);
        assert_eq!(parse(b"{}").unwrap_err().details.len(), 1);
        assert!(parse(br#"{"scope":"world","seed":9007199254740992}"#).is_err());
        assert!(parse(br#"{"scope":"world","startAt":"1066-10-14T00:00:00Z"}"#).is_err());
    }
}
