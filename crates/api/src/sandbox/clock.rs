//! `GET` and `POST .../sandbox/clock`: reads and moves the world's clock.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_clock::{ClockEdit, ClockMode, ClockState, parse_iso_duration};
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::request::{Field, Problems, Scope};
use torana_domain::time::{Timestamp, parse_iso};
use torana_engine::Engine;
use torana_engine::worlds::Ran;
use utoipa::ToSchema;

use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::{DurationWord, InstantWord};
use crate::state::ApiState;
use crate::{keyed, reply};

/// Earliest instant of a world: 1 January 2000, UTC.
const EARLIEST: Timestamp = Timestamp(946_684_800_000);
/// Latest instant of a world: the end of the year 2099, UTC.
const LATEST: Timestamp = Timestamp(4_102_444_799_999);

/// Body of a clock edit: exactly one member.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
enum ClockRequest {
    /// Jump forward to an instant.
    Set {
        /// The instant.
        #[schema(value_type = InstantWord)]
        set: String,
    },
    /// Jump forward by a duration.
    Advance {
        /// ISO-8601, or milliseconds.
        #[schema(value_type = DurationWord)]
        advance: String,
    },
    /// Stand still.
    Freeze {
        /// `true`.
        freeze: bool,
    },
    /// Equal wall time from now on.
    Follow {
        /// `true`.
        follow: bool,
    },
    /// Run at a rate from the present instant.
    Rate {
        /// World milliseconds per wall millisecond; 0 stands still.
        #[schema(minimum = 0, maximum = 100_000)]
        rate: i64,
    },
}

/// How a world's clock moves.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a member; the clock's own type is sent")]
pub enum ClockModeWord {
    /// World time is wall time.
    Follow,
    /// World time runs at a rate of its own.
    Running,
    /// World time stands still.
    Frozen,
}

/// `data` of the clock.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClockBody {
    /// World time.
    world_time: Instant,
    /// How the clock moves.
    #[schema(value_type = ClockModeWord)]
    mode: ClockMode,
    /// World milliseconds per wall millisecond.
    rate: i64,
    /// What the move ran; absent when reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    ran: Option<RanBody>,
    /// Whether the calendar of this day is not published yet.
    provisional: bool,
}

/// What a move of the clock ran.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RanBody {
    /// Jobs of the gateway.
    jobs: u64,
    /// Webhook attempts among them.
    webhook_attempts: u64,
    /// Events of the exchange.
    exchange_events: u64,
}

impl ClockBody {
    fn of(engine: &Engine, state: &ClockState, world_time: Timestamp, ran: Option<Ran>) -> Self {
        Self {
            world_time: Instant(world_time),
            mode: state.mode,
            rate: state.rate,
            ran: ran.map(|ran| RanBody {
                jobs: ran.jobs,
                webhook_attempts: ran.webhook_attempts,
                exchange_events: ran.exchange_events,
            }),
            provisional: engine.calendar().provisional(world_time),
        }
    }
}

/// Read the world's clock.
///
/// World time, and how it moves.
#[utoipa::path(
    get,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/clock",
    operation_id = "sandbox_get_clock",
    tag = "Sandbox",
    params(("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo")),
    responses((status = 200, description = "The clock.", body = Success<ClockBody>, example = json!({ "success": true, "errors": null, "data": { "worldTime": "2026-01-06T16:30:00.000Z", "mode": "frozen", "rate": 0, "provisional": false } }))),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_get_clock(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let engine = api.engine();
    let gateway = engine.fresh_gateway(&call.caller.gateway).await?;
    let world_time = engine.world_now(&gateway);
    reply::data(ClockBody::of(engine, &gateway.clock, world_time, None))
}

/// Move the world's clock.
///
/// A jump returns after everything that fell due has run, in order of due time, webhook attempts included. A
/// caller that hangs up does not stop it.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/clock",
    operation_id = "sandbox_move_clock",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(
        content = ClockRequest,
        examples(
            ("set" = (value = json!({ "set": "2026-01-06T16:30:00.000Z" }))),
            ("advance" = (value = json!({ "advance": "PT36H" }))),
            ("freeze" = (value = json!({ "freeze": true }))),
            ("follow" = (value = json!({ "follow": true }))),
            ("rate" = (value = json!({ "rate": 60 }))),
        ),
    ),
    responses(
        (status = 200, description = "The clock.", body = Success<ClockBody>, example = json!({ "success": true, "errors": null, "data": { "worldTime": "2026-01-06T16:30:00.000Z", "mode": "frozen", "rate": 0, "ran": { "jobs": 14, "webhookAttempts": 3, "exchangeEvents": 212 }, "provisional": false } })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "clock_backwards, clock_busy, request_in_progress"),
        (status = 422, description = "clock_jump_too_large, idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_move_clock(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let edit = parse(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.clock", async move {
        keyed::once(&engine, &caller, key, async {
            let (state, ran) = engine.edit_clock(&caller.gateway, edit).await?;
            let world_time = state.world_now(engine.wall_now());
            reply::envelope(ClockBody::of(&engine, &state, world_time, Some(ran)))
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

fn parse(body: &[u8]) -> Result<ClockEdit, ApiError> {
    const MEMBERS: [&str; 5] = ["set", "advance", "freeze", "follow", "rate"];
    let body = Scope::of_body(body)?;
    let sent: Vec<&str> = MEMBERS.into_iter().filter(|member| body.has(member)).collect();
    let [member] = sent.as_slice() else {
        let detail = format!(
            "body: exactly one of {} must be given, {} were",
            MEMBERS.join(", "),
            sent.len()
        );
        return Err(ApiError::validation([detail]));
    };
    let mut problems = Problems::default();
    let edit = match *member {
        "set" => parse_instant(&body, "set", &mut problems)
            .value()
            .map(ClockEdit::Set),
        "advance" => parse_advance(&body, &mut problems).map(ClockEdit::Advance),
        "freeze" => parse_switch(&body, "freeze", &mut problems).map(|()| ClockEdit::Freeze),
        "follow" => parse_switch(&body, "follow", &mut problems).map(|()| ClockEdit::Follow),
        _ => body
            .integer("rate", &mut problems, 0..=torana_clock::world::RATE_MAX)
            .value()
            .map(ClockEdit::Rate),
    };
    problems.into_result()?;
    edit.ok_or_else(|| ApiError::validation([format!("{member}: is not understood")]))
}

/// An instant that a world can stand at.
pub fn parse_instant(body: &Scope<'_>, name: &str, problems: &mut Problems) -> Field<Timestamp> {
    body.text(name, problems)
        .and_then(problems, &body.path_of(name), |text| {
            let allowed = "must be an instant such as 2026-01-06T16:30:00.000Z, from the year 2000 to 2099";
            parse_iso(&text)
                .ok()
                .filter(|at| (EARLIEST..=LATEST).contains(at))
                .ok_or_else(|| allowed.to_owned())
        })
}

/// A duration in ISO-8601, or whole milliseconds. Whether it goes backwards or too far is the clock's to say.
fn parse_advance(body: &Scope<'_>, problems: &mut Problems) -> Option<i64> {
    if let Some(text) = body.peek_text("advance") {
        return match parse_iso_duration(&text) {
            Ok(ms) => Some(ms),
            Err(error) => {
                problems.note("advance", &error.to_string());
                None
            }
        };
    }
    let number = body.number("advance").and_then(problems, "advance", |number| {
        number
            .as_integer()
            .map_err(|why| format!("must be an ISO-8601 duration, or milliseconds; a number {why}"))
    });
    number.value()
}

fn parse_switch(body: &Scope<'_>, name: &str, problems: &mut Problems) -> Option<()> {
    match body.boolean(name, problems) {
        Field::Value(true) => Some(()),
        Field::Value(false) => {
            problems.note(
                name,
                "must be true; send another member to move the clock in another way",
            );
            None
        }
        Field::Absent | Field::Wrong => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_has_its_member() {
        let edit = |body: &str| parse(body.as_bytes()).unwrap();
        assert_eq!(
            edit(r#"{"set":"2026-01-06T16:30:00.000Z"}"#),
            ClockEdit::Set(Timestamp(1_767_717_000_000))
        );
        assert_eq!(edit(r#"{"advance":"PT36H"}"#), ClockEdit::Advance(129_600_000));
        assert_eq!(edit(r#"{"advance":1500}"#), ClockEdit::Advance(1500));
        assert_eq!(edit(r#"{"freeze":true}"#), ClockEdit::Freeze);
        assert_eq!(edit(r#"{"follow":true,"rate":null}"#), ClockEdit::Follow);
        assert_eq!(edit(r#"{"rate":100000}"#), ClockEdit::Rate(100_000));
    }

    #[test]
    fn anything_else_says_what_is_allowed() {
        for body in [
            "{}",
            r#"{"freeze":true,"follow":true}"#,
            r#"{"freeze":false}"#,
            r#"{"follow":"true"}"#,
            r#"{"rate":100001}"#,
            r#"{"rate":-1}"#,
            r#"{"rate":1.5}"#,
            r#"{"advance":"1 day"}"#,
            r#"{"advance":1.5}"#,
            r#"{"advance":true}"#,
            r#"{"set":"2026-01-06"}"#,
            r#"{"set":"2150-01-06T16:30:00.000Z"}"#,
            r#"{"set":5}"#,
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.code.slug(), error.details.len()),
                ("validation_failed", 1),
                "{body}"
            );
        }
    }
}
