//! `.../sandbox/faults`: what goes wrong at the paper exchange on demand.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::errors::ErrorCode;
use torana_contract::instant::Instant;
use torana_contract::number::Decimal;
use torana_contract::request::{Problems, Scope};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::parse_decimal;
use torana_exchange::core::faults::{
    CATALOGUE, CERTAIN_PPM, FaultSpec, ParamSpec, ParamValue, Params, TIMES_MAX,
};
use torana_exchange::core::{AccountKey, Fault, FaultKind, FaultScope, NewFault, RequestClass, Trigger};
use utoipa::ToSchema;

use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::BrokerWord;
use crate::state::ApiState;
use crate::{keyed, reply};

/// How a fault's id begins; its number follows.
const ID_PREFIX: &str = "fault-";
/// Decimals of a probability: it is kept in millionths.
const PROBABILITY_DECIMALS: u32 = 6;

/// Body of a new fault: `times` or `probability`, or neither for once.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct FaultRequest {
    /// Name of the catalogue.
    name: String,
    /// Which requests it may hit; default all.
    scope: Option<ScopeRequest>,
    /// How many requests it hits; default 1.
    #[schema(minimum = 1, maximum = 1_000_000)]
    times: Option<i64>,
    /// With which probability it hits each request, drawn from the world's seed; at most six decimals.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    probability: Option<f64>,
    /// The parameters that the catalogue names, as numbers or strings; default those of the catalogue.
    #[schema(value_type = Option<Object>)]
    params: Option<()>,
}

/// What is given must all match.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct ScopeRequest {
    /// Name of the account, at whatever broker.
    #[schema(pattern = "^[A-Z0-9]{2,16}$")]
    account: Option<String>,
    /// Broker key.
    broker: Option<BrokerWord>,
    /// Kind of request, one of the fault's own.
    request_class: Option<RequestClassWord>,
}

/// Kinds of requests.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
enum RequestClassWord {
    /// Logging in.
    Login,
    /// Sending an order.
    Place,
    /// Changing an order.
    Modify,
    /// Cancelling an order.
    Cancel,
    /// Reading the order book.
    OrderBook,
    /// Reading executions.
    Trades,
    /// Reading shares or fund units.
    Holdings,
    /// Reading today's positions.
    Positions,
    /// Reading the money.
    Funds,
    /// Clearing shares for sale.
    Authorise,
    /// What the broker pushes when an order changes.
    Event,
}

/// A fault of the world.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FaultBody {
    /// Its id, for its removal.
    fault_id: String,
    /// Name of the catalogue.
    #[schema(value_type = String)]
    name: &'static str,
    /// Which requests it may hit.
    scope: ScopeBody,
    /// How many requests it hits, unless it has a probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// With which probability it hits each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<Decimal>,
    /// All its parameters, as numbers or strings.
    #[schema(value_type = Object)]
    params: BTreeMap<String, ParamBody>,
    /// How often it fired.
    fired: u64,
    /// When it was set, in world time.
    set_at: Instant,
}

/// What is given must all match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ScopeBody {
    /// Name of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// Broker key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    broker: Option<&'static str>,
    /// Kind of request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    request_class: Option<&'static str>,
}

/// A parameter's value.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum ParamBody {
    /// A whole number.
    Whole(i64),
    /// A word.
    Word(String),
}

/// `data` of a fault that was set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SetBody {
    /// The fault.
    #[serde(flatten)]
    fault: FaultBody,
    /// World time.
    world_time: Instant,
}

/// `data` of the list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FaultsBody {
    /// Faults that can still fire, oldest first.
    active: Vec<FaultBody>,
    /// The latest faults that cannot fire any more, oldest first.
    spent: Vec<FaultBody>,
    /// All faults that can be set.
    catalogue: Vec<CatalogueBody>,
    /// World time.
    world_time: Instant,
}

/// One kind of fault.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CatalogueBody {
    /// Its name.
    #[schema(value_type = String)]
    name: &'static str,
    /// What it can hit.
    #[schema(value_type = Vec<String>)]
    request_classes: Vec<&'static str>,
    /// Its parameters.
    params: Vec<ParamSpecBody>,
    /// What it does.
    #[schema(value_type = String)]
    what: &'static str,
    /// The kind of real incident that it stands for.
    #[schema(value_type = String)]
    incident: &'static str,
}

/// One parameter of a kind of fault.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ParamSpecBody {
    /// Its name, with its unit.
    #[schema(value_type = String)]
    name: &'static str,
    /// What is allowed.
    allowed: String,
    /// Its value unless given, a number or a string.
    default: ParamBody,
}

/// `data` of a removal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RemovedBody {
    /// How many active faults were removed.
    removed: usize,
    /// World time.
    world_time: Instant,
}

/// Set a fault.
///
/// From now on the requests that it can hit go wrong in the way that its name says, so many times or with a
/// probability. A fault stands until it is used up or removed; a reset removes all.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/faults",
    operation_id = "sandbox_set_fault",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(
        content = FaultRequest,
        examples(
            ("once" = (value = json!({ "name": "accepted_answer_lost", "scope": { "broker": "kite", "account": "DEMO01", "requestClass": "place" }, "times": 1, "params": {} }))),
            ("by chance" = (value = json!({ "name": "slow_then_fine", "scope": {}, "probability": 0.25, "params": { "delayMs": 1500 } }))),
        ),
    ),
    responses(
        (status = 200, description = "The fault.", body = Success<SetBody>, example = json!({ "success": true, "errors": null, "data": { "faultId": "fault-1", "name": "accepted_answer_lost", "scope": { "account": "DEMO01", "broker": "kite", "requestClass": "place" }, "times": 1, "params": {}, "fired": 0, "setAt": "2026-01-05T04:30:00.000Z", "worldTime": "2026-01-05T04:30:00.000Z" } })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "request_in_progress"),
        (status = 422, description = "unknown_fault, idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_set_fault(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let new = parse(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.fault", async move {
        keyed::once(&engine, &caller, key, async {
            let fault = engine.set_fault(&caller.gateway, new).await?;
            reply::envelope(SetBody {
                fault: show(fault),
                world_time: Instant(engine.world_now(&caller.gateway)),
            })
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

/// List the faults.
///
/// Those that are set, with how often each fired, and the catalogue of all that can be set.
#[utoipa::path(
    get,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/faults",
    operation_id = "sandbox_list_faults",
    tag = "Sandbox",
    params(("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo")),
    responses((status = 200, description = "The faults.", body = Success<FaultsBody>)),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_list_faults(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let (engine, gateway) = (api.engine(), &call.caller.gateway);
    let faults = engine.faults(gateway).await?;
    reply::data(FaultsBody {
        active: faults.active.into_iter().map(show).collect(),
        spent: faults.spent.into_iter().map(show).collect(),
        catalogue: CATALOGUE.iter().map(show_kind).collect(),
        world_time: Instant(engine.world_now(gateway)),
    })
}

/// Remove all faults.
///
/// What they did already stays as it is.
#[utoipa::path(
    delete,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/faults",
    operation_id = "sandbox_remove_faults",
    tag = "Sandbox",
    params(("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo")),
    responses((status = 200, description = "How many were active.", body = Success<RemovedBody>, example = json!({ "success": true, "errors": null, "data": { "removed": 2, "worldTime": "2026-01-05T04:30:00.000Z" } }))),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_remove_faults(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    removed(&api, &call, None).await
}

/// Remove one fault.
///
/// What it did already stays as it is. A fault that is used up is not active any more.
#[utoipa::path(
    delete,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/faults/{faultId}",
    operation_id = "sandbox_remove_fault",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("faultId" = String, Path, description = "The fault.", example = "fault-1"),
    ),
    responses(
        (status = 200, description = "It is removed.", body = Success<RemovedBody>, example = json!({ "success": true, "errors": null, "data": { "removed": 1, "worldTime": "2026-01-05T04:30:00.000Z" } })),
        (status = 404, description = "fault_not_found"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_remove_fault(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let id = call.path_param("faultId");
    let number = id.strip_prefix(ID_PREFIX).and_then(|number| number.parse().ok());
    let number: u64 = number.ok_or_else(|| ApiError::new(ErrorCode::FaultNotFound))?;
    removed(&api, &call, Some(number)).await
}

async fn removed(api: &ApiState, call: &Call<Control>, only: Option<u64>) -> Result<Response, Failure> {
    let (engine, gateway) = (api.engine(), &call.caller.gateway);
    reply::data(RemovedBody {
        removed: engine.remove_faults(gateway, only).await?,
        world_time: Instant(engine.world_now(gateway)),
    })
}

fn show(fault: Fault) -> FaultBody {
    let Fault {
        number,
        asked,
        set_at,
        fired,
        ..
    } = fault;
    let FaultScope {
        account,
        broker,
        request_class,
    } = asked.scope;
    let (times, probability) = match asked.trigger {
        Trigger::Times(times) => (Some(times), None),
        Trigger::Probability(ppm) => (None, Some(Decimal::new(i64::from(ppm), PROBABILITY_DECIMALS))),
    };
    FaultBody {
        fault_id: format!("{ID_PREFIX}{number}"),
        name: asked.kind.spec().name,
        scope: ScopeBody {
            account,
            broker: broker.map(BrokerKey::as_str),
            request_class: request_class.map(RequestClass::as_str),
        },
        times,
        probability,
        params: asked
            .params
            .0
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect(),
        fired,
        set_at: Instant(set_at),
    }
}

fn show_kind(spec: &'static FaultSpec) -> CatalogueBody {
    let param = |param: &ParamSpec| ParamSpecBody {
        name: param.name,
        allowed: param.rule(),
        default: param.default_value().into(),
    };
    CatalogueBody {
        name: spec.name,
        request_classes: spec.classes.iter().map(|class| class.as_str()).collect(),
        params: spec.params.iter().map(param).collect(),
        what: spec.what,
        incident: spec.incident,
    }
}

impl From<ParamValue> for ParamBody {
    fn from(value: ParamValue) -> Self {
        match value {
            ParamValue::Whole(number) => Self::Whole(number),
            ParamValue::Word(word) => Self::Word(word),
        }
    }
}

fn parse(body: &[u8]) -> Result<NewFault, ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let name = body.text("name", &mut problems);
    let name = name.required(&mut problems, "name", "a name of the catalogue");
    let kind = match name.as_deref().map(FaultKind::parse) {
        Some(None) => {
            let detail = format!("name: {}", name.unwrap_or_default());
            return Err(ApiError::new(ErrorCode::UnknownFault).with_detail(detail));
        }
        Some(Some(kind)) => Some(kind),
        None => None,
    };
    let scope = parse_scope(&body, kind, &mut problems);
    let trigger = parse_trigger(&body, &mut problems);
    let params = parse_params(&body, kind, &mut problems);
    problems.into_result()?;
    // An absent name was noted, so that this is never reached without one.
    let kind = kind.ok_or_else(|| ApiError::validation(["name: is required".to_owned()]))?;
    Ok(NewFault {
        kind,
        scope,
        trigger,
        params,
    })
}

fn parse_scope(body: &Scope<'_>, kind: Option<FaultKind>, problems: &mut Problems) -> FaultScope {
    let Some(scope) = body.object_or_empty("scope", problems) else {
        return FaultScope::default();
    };
    for name in scope
        .names()
        .filter(|name| !["account", "broker", "requestClass"].contains(name))
    {
        problems.note(
            &scope.path_of(name),
            "is no member of a scope; those are account, broker, requestClass",
        );
    }
    let account = scope.text("account", problems);
    let account = account.and_then(problems, &scope.path_of("account"), |account| {
        AccountKey::new(BrokerKey::Kite, &account)
            .map(|_| account)
            .map_err(|bad| bad.to_string())
    });
    let broker = scope.word(
        "broker",
        problems,
        "a broker key, such as kite",
        BrokerKey::parse_lenient,
    );
    let classes = kind.map_or(&RequestClass::ALL[..], |kind| kind.spec().classes);
    let words: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    let allowed = format!("one of {}, which this fault can hit", words.join(", "));
    let request_class = scope.word("requestClass", problems, &allowed, |word| {
        RequestClass::parse(word).filter(|class| classes.contains(class))
    });
    FaultScope {
        account: account.value(),
        broker: broker.value(),
        request_class: request_class.value(),
    }
}

fn parse_trigger(body: &Scope<'_>, problems: &mut Problems) -> Trigger {
    let times = body.integer("times", problems, 1..=i64::from(TIMES_MAX));
    let probability = body
        .number("probability")
        .and_then(problems, "probability", |number| {
            let ppm = parse_decimal(number.as_str(), PROBABILITY_DECIMALS).ok();
            let ppm = ppm.and_then(|ppm| u32::try_from(ppm).ok());
            ppm.filter(|ppm| (1..=CERTAIN_PPM).contains(ppm))
                .ok_or_else(|| "must be a number above 0 and at most 1, with at most six decimals".to_owned())
        });
    if times.is_present() && probability.is_present() {
        problems.note("times", "must not be given together with probability");
    }
    match (times.value(), probability.value()) {
        (_, Some(ppm)) => Trigger::Probability(ppm),
        (Some(times), None) => Trigger::Times(u32::try_from(times).unwrap_or(TIMES_MAX)),
        (None, None) => Trigger::Times(1),
    }
}

fn parse_params(body: &Scope<'_>, kind: Option<FaultKind>, problems: &mut Problems) -> Params {
    let (Some(params), Some(kind)) = (body.object_or_empty("params", problems), kind) else {
        return Params::default();
    };
    let mut chosen = Params::default();
    for name in params.names().filter(|name| params.has(name)) {
        let number = || params.number(name).value()?.as_integer().ok();
        let value = params.peek_text(name).map(ParamValue::Word);
        match value.or_else(|| number().map(ParamValue::Whole)) {
            Some(value) => {
                chosen.0.insert(name.to_owned(), value);
            }
            None => problems.note(&params.path_of(name), "must be a whole number or a string"),
        }
    }
    kind.params(chosen).unwrap_or_else(|wrong| {
        for (name, what) in wrong {
            problems.note(&params.path_of(&name), &what);
        }
        Params::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_contracts() {
        let new = parse(br#"{"name":"accepted_answer_lost"}"#).unwrap();
        assert_eq!(
            (new.trigger, new.scope),
            (Trigger::Times(1), FaultScope::default())
        );
        let new = parse(
            br#"{"name":"slow_then_fine","scope":{"broker":"kite","account":"DEMO01","requestClass":"orderBook"},"probability":0.25,"params":{"delayMs":20}}"#,
        )
        .unwrap();
        assert_eq!(new.trigger, Trigger::Probability(250_000));
        assert_eq!(new.scope.request_class, Some(RequestClass::OrderBook));
        assert_eq!(new.params.0["delayMs"], ParamValue::Whole(20));
        let defaulted = parse(br#"{"name":"slow_then_fine","params":null}"#).unwrap();
        assert_eq!(defaulted.params.0["delayMs"], ParamValue::Whole(3_000));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = |body: &str| -> Vec<String> {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.code, ErrorCode::ValidationFailed, "{body}");
            let names = error.details.iter().filter_map(|line| line.split(':').next());
            names.map(str::to_owned).collect()
        };
        assert_eq!(wrong("{}"), ["name"]);
        assert_eq!(
            wrong(
                r#"{"name":"login_refused","scope":{"account":"a","broker":"x","requestClass":"place","user":"y"},"times":0,"params":{"a":1,"b":null,"c":[]}}"#
            ),
            [
                "scope.user",
                "scope.account",
                "scope.broker",
                "scope.requestClass",
                "times",
                "params.c",
                "params.a"
            ]
        );
        assert_eq!(
            wrong(r#"{"name":"login_refused","scope":[],"params":3}"#),
            ["scope", "params"]
        );
        assert_eq!(
            wrong(r#"{"name":"login_refused","times":1,"probability":1}"#),
            ["times"]
        );
        for probability in ["0", "1.000001", "-1", "0.0000001", "\"1\"", "true", "1e400"] {
            assert_eq!(
                wrong(&format!(
                    r#"{{"name":"login_refused","probability":{probability}}}"#
                )),
                ["probability"]
            );
        }
        assert_eq!(
            wrong(r#"{"name":"slow_then_fine","params":{"delayMs":60001}}"#),
            ["params.delayMs"]
        );
        assert_eq!(
            wrong(r#"{"name":"slow_then_fine","params":{"delayMs":1.5}}"#),
            ["params.delayMs"]
        );
    }

    #[test]
    fn a_name_that_nobody_knows_is_told_first() {
        let error = parse(br#"{"name":"gremlins","times":0}"#).unwrap_err();
        assert_eq!((error.code, error.details.len()), (ErrorCode::UnknownFault, 1));
    }
}
