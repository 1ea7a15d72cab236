use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::HeaderMap;
use torana_brokers::BrokerPage;
use torana_brokers::Deed;
use torana_brokers::profile::sandbox_profile;
use torana_clock::calendar::MarketCalendar;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderType, Side, Validity, Variety};
use torana_domain::time::parse_iso;
use torana_instruments::Master;
use torana_runtime::{HttpError, HttpRequest, HttpResponse};

use super::*;

/// A broker that plays its answers in order and remembers what it was asked.
#[derive(Default)]
struct Stage {
    answers: Mutex<VecDeque<Result<HttpResponse, HttpError>>>,
    asked: Mutex<Vec<HttpRequest>>,
    slept: Mutex<Vec<Duration>>,
}

impl Http for Stage {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(std::future::ready(answer.expect("no answer left")))
    }
}

impl Sleep for Stage {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }
}

struct Bundled;

impl MarketData for Bundled {
    fn calendar(&self) -> Arc<MarketCalendar> {
        Arc::new(MarketCalendar::parse(MarketCalendar::NSE_FILE).unwrap())
    }

    fn master_at(&self, _: Timestamp) -> Arc<Master> {
        Master::bundled().clone()
    }
}

struct OneApp;

impl AppSource for OneApp {
    fn app(&self) -> BoxFuture<'static, Result<App, String>> {
        Box::pin(std::future::ready(Ok(App {
            api_key: "key".to_owned(),
            api_secret: Secret::new("secret".to_owned()),
        })))
    }
}

fn answer(status: u16, body: &str) -> Result<HttpResponse, HttpError> {
    Ok(HttpResponse {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_owned()),
    })
}

fn success(data: &str) -> Result<HttpResponse, HttpError> {
    answer(200, &format!(r#"{{"status":"success","data":{data}}}"#))
}

fn failure(status: u16, kind: &str, text: &str) -> Result<HttpResponse, HttpError> {
    let body = format!(r#"{{"status":"error","message":"{text}","data":null,"error_type":"{kind}"}}"#);
    answer(status, &body)
}

/// An adapter whose broker plays these answers.
fn staged(answers: Vec<Result<HttpResponse, HttpError>>) -> (Zerodha, Arc<Stage>) {
    let stage = Arc::new(Stage::default());
    *stage.answers.lock().unwrap() = answers.into();
    let adapter = Zerodha::new(Parts {
        profile: sandbox_profile(BrokerKey::Kite).unwrap(),
        access: Access {
            api_url: "https://api.broker.example".to_owned(),
            login_url: "https://broker.example".to_owned(),
            execution: Execution::Direct,
        },
        app: Arc::new(OneApp),
        platform: None,
        test_user: None,
        market: Arc::new(Bundled),
        http: stage.clone(),
        sleep: stage.clone(),
    });
    (adapter, stage)
}

fn now() -> Timestamp {
    parse_iso("2026-01-05T04:30:00.000Z").unwrap()
}

fn call() -> Call {
    Call {
        at: now(),
        session: BrokerSession {
            account_id: "DEMO01".to_owned(),
            token: Secret::new("token".to_owned()),
            expires_at: now(),
        },
    }
}

fn context() -> LoginContext {
    LoginContext {
        at: now(),
        state: "flow.a&b=c".to_owned(),
        return_url: "https://gateway.example/return/kite".to_owned(),
    }
}

fn ticket() -> OrderTicket {
    OrderTicket {
        reference: ClientReference::parse("ABCDEFGHIJ").unwrap(),
        ticker: "INFY".to_owned(),
        isin: "INE009A01021".to_owned(),
        side: Side::Buy,
        quantity: Shares(3),
        order_type: OrderType::Limit,
        price: Some(Price::from_paise(150_050)),
        validity: Validity::Day,
        variety: Variety::Regular,
    }
}

/// What the one future of a test gives: nothing of it waits.
fn run<T>(future: BoxFuture<'static, T>) -> T {
    future.now_or_never().expect("the adapter waits for nothing here")
}

/// Method, URL, body and authorization of every request.
fn asked(stage: &Stage) -> Vec<String> {
    let line = |request: &HttpRequest| {
        let text = |name: &str| {
            request
                .headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        assert_eq!(text("x-kite-version"), "3");
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let url = request.url.strip_prefix("https://api.broker.example").unwrap();
        format!("{} {url} [{body}] {}", request.method, text("authorization"))
    };
    stage.asked.lock().unwrap().iter().map(line).collect()
}

fn placed(outcome: PlaceOutcome) -> String {
    match outcome {
        PlaceOutcome::Accepted { broker_order_id } => format!("accepted {broker_order_id}"),
        PlaceOutcome::Refused { code, text } => format!("refused {}: {text}", code.as_str()),
        PlaceOutcome::NeedsAuthorisation { text } => format!("needs authorisation: {text}"),
        PlaceOutcome::SessionOver { text } => format!("session over: {text}"),
        PlaceOutcome::Unknown { why } => format!("unknown: {why}"),
    }
}

#[test]
fn only_proof_is_a_refusal() {
    let lost = || HttpError::Unknown("the connection was reset".to_owned());
    let rows = vec![
        (
            success(r#"{"order_id":"26010500000001","children":[]}"#),
            "accepted 26010500000001",
        ),
        (success(r#"{"order_id":"1","more":[1]}"#), "accepted 1"),
        (success("{}"), "unknown: not the documented data"),
        (
            success(r#"{"order_id":null}"#),
            "unknown: not the documented data",
        ),
        (success(r#"{"order_id":""}"#), "unknown: accepted, without the id"),
        (success("null"), "unknown: not the documented data"),
        (answer(200, ""), "unknown: not the documented JSON"),
        (answer(200, "<html>"), "unknown: not the documented JSON"),
        (
            failure(200, "GeneralException", "odd"),
            "unknown: HTTP 200 with an error in its body: odd",
        ),
        (failure(500, "GeneralException", "odd"), "unknown: HTTP 500: odd"),
        (failure(502, "DataException", "odd"), "unknown: HTTP 502: odd"),
        (failure(503, "NetworkException", "odd"), "unknown: HTTP 503: odd"),
        (failure(504, "NetworkException", "odd"), "unknown: HTTP 504: odd"),
        // A refusal without the broker's own form may be anybody's on the way.
        (answer(400, "bad request"), "unknown: HTTP 400 without"),
        (answer(403, "{}"), "unknown: HTTP 403 without"),
        (
            failure(408, "NetworkException", "slow"),
            "unknown: HTTP 408: slow",
        ),
        (answer(302, ""), "unknown: HTTP 302 without"),
        (Err(lost()), "unknown: the connection was reset"),
        (
            Err(HttpError::NotSent("no route".to_owned())),
            "refused tradingSystemNotReady: The broker cannot be reached",
        ),
        (
            failure(429, "NetworkException", "Too many requests"),
            "refused tradingSystemNotReady: the broker takes no more calls",
        ),
        (
            failure(403, "TokenException", "Incorrect `api_key` or `access_token`."),
            "session over: Incorrect",
        ),
        (
            failure(428, "HoldingException", "3 quantity needs authorisation"),
            "needs authorisation: 3 quantity",
        ),
        (
            failure(400, "MarginException", "Insufficient funds."),
            "refused marginsExceeded: Insufficient funds.",
        ),
        (
            failure(400, "HoldingException", "Insufficient holdings"),
            "refused checkHoldings: Insufficient holdings",
        ),
        (
            failure(400, "InputException", "Tick size for this script is 0.10."),
            "refused adapterError: Tick size",
        ),
        (
            failure(400, "OrderException", "The market is closed; wait"),
            "refused tradingSystemNotReady: The market",
        ),
        (
            failure(400, "OrderException", "Something else"),
            "refused adapterError: Something else",
        ),
        (
            failure(
                403,
                "PermissionException",
                "Orders are taken from registered addresses only",
            ),
            "refused adapterError: Orders are",
        ),
        (
            failure(404, "GeneralException", "Route not found"),
            "refused adapterError: Route not found",
        ),
    ];
    for (answer, expected) in rows {
        let shown = format!("{answer:?}");
        let (adapter, stage) = staged(vec![answer]);
        let outcome = placed(run(adapter.place(call(), ticket())));
        assert!(
            outcome.starts_with(expected),
            "{shown}: {outcome}, expected {expected}"
        );
        assert_eq!(stage.asked.lock().unwrap().len(), 1, "{shown}: sent once");
    }
}

#[test]
fn orders_go_out_as_the_documentation_writes_them() {
    let (adapter, stage) = staged(vec![
        success(r#"{"order_id":"1"}"#),
        success(r#"{"order_id":"2"}"#),
    ]);
    run(adapter.place(call(), ticket()));
    let market = OrderTicket {
        order_type: OrderType::Market,
        price: None,
        side: Side::Sell,
        validity: Validity::Ioc,
        variety: Variety::Amo,
        ..ticket()
    };
    run(adapter.place(call(), market));
    assert_eq!(
        asked(&stage),
        [
            "POST /orders/regular [exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&quantity=3&product=CNC&\
             order_type=LIMIT&validity=DAY&tag=ABCDEFGHIJ&price=1500.5] token key:token",
            "POST /orders/amo [exchange=NSE&tradingsymbol=INFY&transaction_type=SELL&quantity=3&product=CNC&\
             order_type=MARKET&validity=IOC&tag=ABCDEFGHIJ&market_protection=-1] token key:token",
        ]
    );
}

#[test]
fn a_login_goes_over_the_brokers_page_and_proves_itself_with_a_checksum() {
    let (adapter, stage) = staged(vec![success(
        r#"{"user_id":"DEMO01","access_token":"t","other":1}"#,
    )]);
    let step = run(adapter.begin_login(context())).unwrap();
    assert_eq!(
        step,
        LoginStep::Redirect {
            url: "https://broker.example/connect/login?v=3&api_key=key&redirect_params=state%3Dflow.a%2526b%253Dc"
                .to_owned()
        }
    );
    let back = |pairs: &[(&str, &str)]| {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        BrokerReturn::Parameters(owned.collect())
    };
    let session =
        run(adapter.complete_login(context(), back(&[("status", "success"), ("request_token", "rt")])));
    let session = session.unwrap();
    assert_eq!(
        (session.account_id.as_str(), session.token.reveal()),
        ("DEMO01", "t")
    );
    // 06:00 in India on the next day.
    assert_eq!(session.expires_at, parse_iso("2026-01-06T00:30:00.000Z").unwrap());
    let checksum = sha256_hex(b"keyrtsecret");
    assert_eq!(
        asked(&stage),
        [format!(
            "POST /session/token [api_key=key&request_token=rt&checksum={checksum}] "
        )]
    );
    let refused = run(adapter.complete_login(context(), back(&[("status", "error")])));
    assert!(
        matches!(refused, Err(LoginError::Refused { .. })),
        "no token, nobody asked"
    );
}

const ORDER: &str = r#"{"order_id":"7","exchange_order_id":"11","status":"STATUS","status_message":MESSAGE,
    "order_timestamp":"2026-01-05 10:00:09","variety":"regular","tradingsymbol":"INFY","transaction_type":"BUY",
    "quantity":3,"filled_quantity":FILLED,"average_price":1500.123456,"tag":"ABCDEFGHIJ","guid":"x"}"#;

fn book_of(status: &str, message: &str, filled: &str) -> Result<AsOf<OrderBook>, BrokerError> {
    let row = ORDER
        .replace("STATUS", status)
        .replace("MESSAGE", message)
        .replace("FILLED", filled);
    let (adapter, _) = staged(vec![success(&format!("[{row}]"))]);
    run(adapter.order_book(call()))
}

#[test]
fn words_of_the_book_never_become_an_end_that_they_do_not_say() {
    let unmatched = Some(OrderErrorCode::OrderUnmatched);
    let rows: &[(&str, &str, &str, OrderState, Option<OrderErrorCode>)] = &[
        ("PUT ORDER REQ RECEIVED", "null", "0", OrderState::Open, None),
        ("AMO REQ RECEIVED", "null", "0", OrderState::Open, None),
        ("OPEN", "null", "1", OrderState::Open, None),
        ("COMPLETE", "null", "3", OrderState::Complete, None),
        ("COMPLETE", "null", "\"3\"", OrderState::Complete, None),
        ("CANCELLED", "null", "0", OrderState::Cancelled, None),
        ("CANCELLED", "null", "2", OrderState::Partial, None),
        (
            "CANCELLED",
            "\"16388 : Unmatched orders cancelled by the system\"",
            "0",
            OrderState::Cancelled,
            unmatched,
        ),
        (
            "REJECTED",
            "null",
            "0",
            OrderState::Rejected,
            Some(OrderErrorCode::AdapterError),
        ),
        (
            "REJECTED",
            "\"Insufficient funds. Required margin is 5\"",
            "0",
            OrderState::Rejected,
            Some(OrderErrorCode::MarginsExceeded),
        ),
        (
            "REJECTED",
            "\"price band\"",
            "1",
            OrderState::Partial,
            Some(OrderErrorCode::AdapterError),
        ),
        ("UNDER REVIEW", "null", "0", OrderState::Open, None),
        ("complete", "null", "3", OrderState::Open, None),
        ("", "null", "3", OrderState::Open, None),
    ];
    for (status, message, filled, state, code) in rows {
        let book = book_of(status, message, filled).unwrap().value;
        let entry = &book.entries[0];
        assert_eq!(
            (entry.state, entry.error_code),
            (*state, *code),
            "{status} {message} {filled}"
        );
        assert_eq!(entry.reference, Some(ticket().reference));
        assert_eq!(entry.order_timestamp, parse_iso("2026-01-05T04:30:09.000Z").ok());
        assert_eq!(entry.average_price, Price(15_001_235), "rounded to four decimals");
        assert_eq!(
            (book.trading_day.to_string().as_str(), book.closed),
            ("2026-01-05", false)
        );
    }
    assert!(matches!(
        book_of("OPEN", "null", "1.5"),
        Err(BrokerError::Protocol(_))
    ));
    assert!(matches!(
        book_of("OPEN", "null", "null"),
        Err(BrokerError::Protocol(_))
    ));
    assert!(matches!(
        book_of("OPEN", "null", "\"many\""),
        Err(BrokerError::Protocol(_))
    ));
}

#[test]
fn a_book_is_closed_when_its_day_is() {
    let at = |text: &str| {
        let (adapter, _) = staged(vec![success("[]")]);
        let call = Call {
            at: parse_iso(text).unwrap(),
            ..call()
        };
        let book = run(adapter.order_book(call)).unwrap().value;
        (book.trading_day.to_string(), book.closed)
    };
    let day = |text: &str, closed| (text.to_owned(), closed);
    assert_eq!(at("2026-01-05T09:59:59.999Z"), day("2026-01-05", false));
    assert_eq!(at("2026-01-05T10:00:00.000Z"), day("2026-01-05", true));
    // Saturday still shows Friday.
    assert_eq!(at("2026-01-10T06:00:00.000Z"), day("2026-01-09", true));
}

#[test]
fn reads_wait_for_their_turn_once_and_orders_never() {
    let early = || {
        let mut early = failure(429, "NetworkException", "Too many requests").unwrap();
        early.headers.insert("retry-after", "1".parse().unwrap());
        Ok(early)
    };
    let (adapter, stage) = staged(vec![early(), success(r#"{"net":1000.5}"#)]);
    let funds = run(adapter.funds(call())).unwrap().value;
    assert_eq!(funds.available, Paise(100_050));
    assert_eq!(*stage.slept.lock().unwrap(), [Duration::from_secs(1)]);
    let (adapter, stage) = staged(vec![early(), early()]);
    let again = run(adapter.funds(call()));
    assert!(matches!(
        again,
        Err(BrokerError::RateLimited {
            retry_after_seconds: Some(1)
        })
    ));
    assert_eq!(stage.slept.lock().unwrap().len(), 1);
    let mut late = failure(429, "NetworkException", "Too many requests").unwrap();
    late.headers.insert("retry-after", "60".parse().unwrap());
    let (adapter, stage) = staged(vec![Ok(late)]);
    assert!(run(adapter.funds(call())).is_err());
    assert!(
        stage.slept.lock().unwrap().is_empty(),
        "nobody waits a minute for a read"
    );
}

#[test]
fn money_shares_and_prices_are_read_exactly() {
    let holding = r#"{"tradingsymbol":"ITC","exchange":"NSE","isin":"INE154A01025","quantity":40,"t1_quantity":5,
        "authorised_quantity":0,"collateral_quantity":0,"average_price":402.35,"price":0}"#;
    let position = |product: &str, symbol: &str| {
        format!(
            r#"{{"tradingsymbol":"{symbol}","exchange":"NSE","product":"{product}","quantity":-2,"average_price":10.05}}"#
        )
    };
    let positions = format!(
        r#"{{"net":[{},{},{}],"day":[]}}"#,
        position("CNC", "INFY"),
        position("MIS", "INFY"),
        position("CNC", "NOSUCH")
    );
    let fund = r#"{"folio":null,"fund":"F","tradingsymbol":"INF0001","quantity":10.123456,"average_price":20.5,
        "last_price":"21.25","last_price_date":"2026-01-02","pnl":7.594}"#;
    let quote = r#"{"last_price":1500.5,"lower_circuit_limit":1350,"upper_circuit_limit":1650.55,"ohlc":{"close":1499}}"#;
    let (adapter, stage) = staged(vec![
        success(&format!("[{holding}]")),
        success(&positions),
        success(&format!("[{fund}]")),
        success(&format!(r#"{{"NSE:INFY":{quote}}}"#)),
    ]);
    let held = run(adapter.holdings(call())).unwrap().value;
    assert_eq!(
        (held[0].quantity, held[0].t1_quantity, held[0].average_price),
        (Shares(40), Shares(5), Price::from_paise(40_235))
    );
    assert_eq!(
        (held[0].nse_ticker.as_deref(), held[0].bse_ticker.as_deref()),
        (Some("ITC"), Some("ITC"))
    );
    let today = run(adapter.positions(call())).unwrap().value;
    let shown: Vec<_> = today
        .iter()
        .map(|row| (row.isin.as_str(), row.quantity.0))
        .collect();
    assert_eq!(shown, [("INE009A01021", -2)]);
    let funds = run(adapter.demat_funds(call())).unwrap().value;
    assert_eq!(
        (funds[0].units.0, funds[0].pnl, funds[0].last_price),
        (10_123_456, Paise(759), Price(212_500))
    );
    let asked_for = vec!["INFY".to_owned(), "NOSUCH".to_owned()];
    let quotes = run(adapter.quotes(call(), asked_for)).unwrap().value;
    assert_eq!(quotes.len(), 1);
    let bounds = quotes[0].bounds.unwrap();
    assert_eq!(
        (quotes[0].last_price, bounds.low, bounds.high),
        (Price(15_005_000), Price(13_500_000), Price(16_505_500))
    );
    assert_eq!(
        asked(&stage)[3],
        "GET /quote?i=NSE%3AINFY&i=NSE%3ANOSUCH [] token key:token"
    );
}

#[test]
fn shares_are_cleared_on_the_depositorys_page_where_nothing_covers_them() {
    let wanted = || {
        vec![WantedAuthorisation {
            isin: "INE154A01025".to_owned(),
            ticker: "ITC".to_owned(),
            quantity: Shares(5),
        }]
    };
    let profile = |consent: &str| success(&format!(r#"{{"meta":{{"demat_consent":"{consent}"}}}}"#));
    let holding = |authorised: i64| {
        success(&format!(
            r#"[{{"tradingsymbol":"ITC","exchange":"NSE","isin":"INE154A01025","quantity":40,"t1_quantity":0,
            "authorised_quantity":{authorised},"collateral_quantity":0,"average_price":1}}]"#
        ))
    };
    let (adapter, _) = staged(vec![profile("physical")]);
    let step = run(adapter.begin_authorisation(call(), wanted())).unwrap();
    assert_eq!(step, AuthorisationStep::NotNeeded);
    let (adapter, _) = staged(vec![profile(""), holding(5)]);
    let step = run(adapter.begin_authorisation(call(), wanted())).unwrap();
    assert_eq!(step, AuthorisationStep::NotNeeded);
    let (adapter, stage) = staged(vec![
        profile(""),
        holding(4),
        success(r#"{"request_id":"r1"}"#),
        holding(4),
        holding(5),
    ]);
    let step = run(adapter.begin_authorisation(call(), wanted())).unwrap();
    let url = "https://broker.example/connect/portfolio/authorise/holdings/key/r1".to_owned();
    assert_eq!(step, AuthorisationStep::Redirect { url });
    assert_eq!(
        asked(&stage)[2],
        "POST /portfolio/holdings/authorise [isin=INE154A01025&quantity=5] token key:token"
    );
    let nothing = || BrokerReturn::Fields(Vec::new());
    let early = run(adapter.complete_authorisation(call(), wanted(), nothing()));
    assert!(matches!(early, Err(LoginError::Refused { .. })));
    run(adapter.complete_authorisation(call(), wanted(), nothing())).unwrap();
}

#[test]
fn a_cancellation_names_the_variety_that_the_order_has() {
    let history = ORDER
        .replace("STATUS", "OPEN")
        .replace("MESSAGE", "null")
        .replace("FILLED", "0");
    let history = history.replace("regular", "amo");
    let (adapter, stage) = staged(vec![
        success(&format!("[{history}]")),
        success(r#"{"order_id":"7"}"#),
    ]);
    assert_eq!(
        run(adapter.cancel(call(), "7".to_owned())),
        ChangeOutcome::Accepted
    );
    assert_eq!(asked(&stage)[1], "DELETE /orders/amo/7 [] token key:token");
    let (adapter, _) = staged(vec![failure(
        400,
        "OrderException",
        "Couldn't find that `order_id`.",
    )]);
    assert_eq!(
        run(adapter.cancel(call(), "7".to_owned())),
        ChangeOutcome::NotFound
    );
    let (adapter, _) = staged(vec![failure(502, "NetworkException", "odd")]);
    assert!(matches!(
        run(adapter.cancel(call(), "7".to_owned())),
        ChangeOutcome::Refused { .. }
    ));
}

#[test]
fn a_basket_is_carried_to_the_brokers_page_as_it_was_reviewed() {
    let (adapter, _) = staged(Vec::new());
    let form = run(adapter.begin_hand_off(context(), vec![ticket()])).unwrap();
    assert_eq!(form.url, "https://broker.example/connect/basket");
    let value = |name: &str| &form.fields.iter().find(|(key, _)| key == name).unwrap().1;
    assert_eq!(
        value("data"),
        r#"[{"variety":"regular","exchange":"NSE","tradingsymbol":"INFY","transaction_type":"BUY","order_type":"LIMIT","quantity":3,"price":1500.5,"product":"CNC","validity":"DAY","tag":"ABCDEFGHIJ","readonly":true}]"#
    );
    assert_eq!(value("redirect_params"), "state=flow.a%26b%3Dc");
    let left = BrokerReturn::Parameters(vec![("status".to_owned(), "cancelled".to_owned())]);
    assert!(matches!(
        run(adapter.complete_hand_off(context(), left)),
        Ok(HandOff::Left)
    ));
}

#[test]
fn a_test_user_posts_the_pages_form_and_follows_it_back() {
    let stage = Arc::new(Stage::default());
    let mut back = answer(303, "").unwrap();
    let target = "https://gateway.example/return/kite?action=login&status=success&request_token=rt&state=s";
    back.headers.insert("location", target.parse().unwrap());
    *stage.answers.lock().unwrap() = VecDeque::from([Ok(back), answer(200, "<html>")]);
    let user = test_user::PageUser::new(stage.clone());
    let page = || {
        BrokerPage::At(
            "https://broker.example/connect/login?v=3&api_key=key&redirect_params=state%3Ds".to_owned(),
        )
    };
    let deed = || Deed::LogIn {
        account: "DEMO01".to_owned(),
    };
    let BrokerReturn::Parameters(pairs) = run(user.act(page(), deed())).unwrap() else {
        panic!("not the parameters of an address");
    };
    assert!(pairs.contains(&("request_token".to_owned(), "rt".to_owned())));
    let request = stage.asked.lock().unwrap()[0].clone();
    assert_eq!(request.url, "https://broker.example/connect/login");
    assert_eq!(
        request.body,
        "v=3&api_key=key&redirect_params=state%3Ds&account=DEMO01"
    );
    assert!(matches!(
        run(user.act(page(), deed())),
        Err(LoginError::Refused { .. })
    ));
}
