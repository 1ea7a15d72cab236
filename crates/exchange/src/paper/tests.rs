//! The broker over a port that calls the core directly.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use torana_brokers::profile::sandbox_profile;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderType, Side, Validity, Variety};
use torana_domain::time::parse_iso;

mod faults;

use super::*;
use crate::core::{Answer, Event, State, apply, start};
use crate::market::Market;
use crate::port::PortError;

/// One world in memory; fails every call while `broken` is set.
struct HandPort {
    state: Mutex<State>,
    broken: Mutex<bool>,
    events: Mutex<Vec<Event>>,
    /// Pauses of the broker, which end at once.
    slept: Mutex<Vec<Duration>>,
}

impl Sleep for HandPort {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }
}

impl Port for HandPort {
    fn execute(
        &self,
        _: &str,
        at: Timestamp,
        command: Command,
    ) -> BoxFuture<'static, Result<Answer, PortError>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (events, answer) = apply(&mut state, &Market::bundled(), command, at);
        self.events.lock().unwrap().extend(events);
        let broken = *self.broken.lock().unwrap();
        let result = if broken {
            Err(PortError::Unavailable("connection lost".to_owned()))
        } else {
            Ok(answer)
        };
        Box::pin(async move { result })
    }
}

/// Every byte is the next number.
#[derive(Default)]
struct Counting(Mutex<u8>);

impl Entropy for Counting {
    fn fill(&self, _: torana_runtime::Stream, out: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        for byte in out {
            *byte = *next;
            *next = next.wrapping_add(1);
        }
    }
}

fn now() -> Timestamp {
    parse_iso("2026-01-05T04:30:00.000Z").unwrap()
}

fn setup_with(profile: &'static Profile) -> (PaperBroker, Arc<HandPort>) {
    let mut state = State::empty();
    start(&mut state, &Market::bundled(), 7, now());
    let port = Arc::new(HandPort {
        state: Mutex::new(state),
        broken: Mutex::default(),
        events: Mutex::default(),
        slept: Mutex::default(),
    });
    (
        PaperBroker::new(
            profile,
            "gatewaydemo",
            port.clone(),
            Arc::new(Counting::default()),
            port.clone(),
        ),
        port,
    )
}

fn setup() -> (PaperBroker, Arc<HandPort>) {
    setup_with(sandbox_profile(BrokerKey::Kite).unwrap())
}

fn context() -> LoginContext {
    LoginContext {
        at: now(),
        state: String::new(),
        return_url: String::new(),
    }
}

fn fields(name: &str, value: &str) -> BrokerReturn {
    BrokerReturn::Fields(vec![(name.to_owned(), value.to_owned())])
}

async fn login(broker: &PaperBroker, account: &str) -> Call {
    let session = broker
        .complete_login(context(), fields("account", account))
        .await
        .unwrap();
    Call { at: now(), session }
}

fn ticket(side: Side, ticker: &str, quantity: i64) -> OrderTicket {
    OrderTicket {
        reference: ClientReference::from_random([7; 10]),
        ticker: ticker.to_owned(),
        isin: String::new(),
        side,
        quantity: Shares(quantity),
        order_type: OrderType::Market,
        price: None,
        validity: Validity::Day,
        variety: Variety::Regular,
    }
}

#[tokio::test]
async fn the_login_page_offers_every_account_with_an_explanation() {
    let (broker, port) = setup();
    let key = AccountKey::new(BrokerKey::Kite, "CI0001").unwrap();
    let new = crate::core::NewAccount {
        key,
        funds: Paise(0),
        holdings: Vec::new(),
        ddpi: true,
        behaviour: crate::core::Behaviour::Slow,
    };
    port.execute("", now(), Command::CreateAccount(new))
        .await
        .unwrap();
    let LoginStep::CollectFields(fields) = broker.begin_login(context()).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (fields.len(), fields[0].name, fields[0].secret),
        (1, "account", false)
    );
    let names: Vec<_> = fields[0].choices.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected: Vec<_> = TEST_ACCOUNT_NAMES.to_vec();
    expected.push("CI0001");
    assert_eq!(names, expected);
    assert!(fields[0].choices.iter().all(|(_, text)| text.ends_with('.')));
}

const TEST_ACCOUNT_NAMES: [&str; 9] = [
    "DEMO01",
    "DEMO02",
    "EMPTY01",
    "TPIN01",
    "LOWFUNDS01",
    "ORDERFAIL01",
    "PARTIAL01",
    "SLOW01",
    "DEMO00",
];

#[tokio::test]
async fn a_login_lasts_until_the_brokers_hour_and_its_token_stays_here() {
    let (broker, port) = setup();
    let call = login(&broker, "DEMO01").await;
    assert_eq!(call.session.account_id, "DEMO01");
    assert_eq!(
        call.session.expires_at,
        parse_iso("2026-01-06T00:30:00.000Z").unwrap()
    );
    let log = serde_json::to_string(&*port.events.lock().unwrap()).unwrap();
    assert!(log.contains(&hash(&call.session.token)) && !log.contains(call.session.token.reveal()));
    for wrong in ["NOBODY01", "demo01", ""] {
        let refused = broker.complete_login(context(), fields("account", wrong)).await;
        assert!(
            matches!(refused, Err(LoginError::Refused { .. })),
            "{wrong}: {refused:?}"
        );
    }
    let other = BrokerReturn::Fields(Vec::new());
    assert!(matches!(
        broker.complete_login(context(), other).await,
        Err(LoginError::Refused { .. })
    ));
    broker.logout(call.clone()).await.unwrap();
    assert_eq!(broker.funds(call).await, Err(BrokerError::SessionExpired));
}

#[tokio::test]
async fn reads_carry_their_instant() {
    let (broker, _) = setup();
    let call = login(&broker, "DEMO01").await;
    let funds = broker.funds(call.clone()).await.unwrap();
    assert_eq!(
        funds,
        AsOf {
            value: Funds {
                available: Paise(100_000_000)
            },
            as_of: now()
        }
    );
    let holdings = broker.holdings(call.clone()).await.unwrap().value;
    assert_eq!(holdings.len(), 6);
    let bse_only = holdings
        .iter()
        .find(|holding| holding.nse_ticker.is_none())
        .unwrap();
    assert_eq!(bse_only.bse_ticker.as_deref(), Some("HAWKINCOOK"));
    let quotes = broker
        .quotes(call.clone(), vec!["INFY".to_owned(), "NOPE".to_owned()])
        .await
        .unwrap()
        .value;
    assert_eq!((quotes.len(), quotes[0].ticker.as_str()), (1, "INFY"));
    assert!(broker.positions(call).await.unwrap().value.is_empty());
}

#[tokio::test]
async fn orders_show_in_the_book_under_our_reference() {
    let (broker, _) = setup();
    let call = login(&broker, "DEMO01").await;
    let PlaceOutcome::Accepted { broker_order_id } =
        broker.place(call.clone(), ticket(Side::Buy, "INFY", 2)).await
    else {
        panic!()
    };
    let book = broker.order_book(call.clone()).await.unwrap().value;
    assert_eq!(
        (
            book.trading_day.to_string().as_str(),
            book.closed,
            book.entries.len()
        ),
        ("2026-01-05", false, 1)
    );
    let entry = &book.entries[0];
    assert_eq!(entry.broker_order_id, broker_order_id);
    assert_eq!(entry.reference, Some(ClientReference::from_random([7; 10])));
    assert_eq!((entry.state, entry.filled), (OrderState::Complete, Shares(2)));
    assert!(entry.average_price > Price(0));
    assert_eq!(
        broker.positions(call.clone()).await.unwrap().value[0].quantity,
        Shares(2)
    );
    let cancelled = broker.cancel(call.clone(), broker_order_id).await;
    assert!(matches!(cancelled, ChangeOutcome::Refused { .. }));
    assert_eq!(
        broker.cancel(call.clone(), "1".to_owned()).await,
        ChangeOutcome::NotFound
    );
    let lookup = broker
        .order_by_reference(call, ClientReference::from_random([7; 10]))
        .await;
    assert_eq!(lookup, Err(BrokerError::Unsupported));
}

#[tokio::test]
async fn what_the_profile_says_is_what_the_broker_does() {
    let mut profile = *sandbox_profile(BrokerKey::Kite).unwrap();
    profile.reference.has_lookup = true;
    profile.reference.is_unique = true;
    profile.capabilities.amo = false;
    profile.capabilities.limit_orders = false;
    profile.sell_authorisation = SellAuthorisation::None;
    profile.session_ends_ist = (3, 30);
    let (broker, _) = setup_with(Box::leak(Box::new(profile)));
    let call = login(&broker, "TPIN01").await;
    assert_eq!(
        call.session.expires_at,
        parse_iso("2026-01-05T22:00:00.000Z").unwrap()
    );
    let order = ticket(Side::Buy, "INFY", 2);
    let amo = OrderTicket {
        variety: Variety::Amo,
        ..order.clone()
    };
    let limit = OrderTicket {
        order_type: OrderType::Limit,
        price: Some(Price(15_000_000)),
        ..order.clone()
    };
    for beyond in [amo, limit] {
        let refused = broker.place(call.clone(), beyond).await;
        assert!(
            matches!(&refused, PlaceOutcome::Refused { text, .. } if text.starts_with("Zerodha takes no")),
            "{refused:?}"
        );
    }
    assert!(matches!(
        broker.place(call.clone(), order.clone()).await,
        PlaceOutcome::Accepted { .. }
    ));
    let again = broker.place(call.clone(), order.clone()).await;
    assert!(
        matches!(&again, PlaceOutcome::Refused { text, .. } if text.contains("reference")),
        "{again:?}"
    );
    let found = broker
        .order_by_reference(call.clone(), order.reference)
        .await
        .unwrap()
        .value;
    assert_eq!(found.unwrap().ticker, "INFY");
    let other = broker
        .order_by_reference(call.clone(), ClientReference::from_random([8; 10]))
        .await;
    assert_eq!(other.unwrap().value, None);
    assert_eq!(
        broker.begin_authorisation(call, wanted(30)).await,
        Ok(AuthorisationStep::NotNeeded)
    );
}

#[tokio::test]
async fn the_platforms_session_is_good_for_its_scope_and_nothing_else() {
    let (broker, _) = setup();
    let user = login(&broker, "DEMO01").await;
    broker.place(user.clone(), ticket(Side::Buy, "INFY", 2)).await;
    broker.logout(user.clone()).await.unwrap();
    let scopes = [PlatformScope::Orders, PlatformScope::Holdings];
    for scope in scopes {
        let session = broker
            .platform_session(now(), "DEMO01".to_owned(), scope)
            .await
            .unwrap();
        assert_eq!(session.account_id, "DEMO01");
        let call = Call { at: now(), session };
        let over = Some(BrokerError::SessionExpired);
        let book = broker.order_book(call.clone()).await;
        let holdings = [
            broker.holdings(call.clone()).await.err(),
            broker.positions(call.clone()).await.err(),
            broker.demat_funds(call.clone()).await.err(),
        ];
        if scope == PlatformScope::Orders {
            assert_eq!(book.unwrap().value.entries.len(), 1);
            assert_eq!(holdings, [over.clone(), over.clone(), over.clone()]);
        } else {
            assert_eq!((book.err(), holdings), (over.clone(), [None, None, None]));
        }
        assert_eq!(broker.funds(call.clone()).await.err(), over);
        assert_eq!(broker.quotes(call.clone(), Vec::new()).await.err(), over);
        assert_eq!(
            broker.begin_authorisation(call.clone(), wanted(1)).await.err(),
            over
        );
        let authorised = broker
            .complete_authorisation(call.clone(), wanted(1), fields("tpin", "123456"))
            .await;
        assert!(
            matches!(authorised, Err(LoginError::Refused { .. })),
            "{authorised:?}"
        );
        let placed = broker.place(call.clone(), ticket(Side::Buy, "INFY", 1)).await;
        assert!(matches!(placed, PlaceOutcome::SessionOver { .. }), "{placed:?}");
        let cancelled = broker.cancel(call.clone(), "1".to_owned()).await;
        assert!(
            matches!(cancelled, ChangeOutcome::Refused { .. }),
            "{cancelled:?}"
        );
        let later = Call {
            at: call.session.expires_at,
            ..call
        };
        assert_eq!(broker.order_book(later.clone()).await.err(), over);
        assert_eq!(broker.holdings(later).await.err(), over);
    }
}

#[tokio::test]
async fn the_platform_reads_only_what_the_broker_grants_and_has() {
    let (broker, port) = setup();
    let scope = PlatformScope::Holdings;
    for (account, is_name) in [("NOBODY01", true), ("demo01", false)] {
        let granted = broker.platform_session(now(), account.to_owned(), scope).await;
        assert_eq!(granted.is_ok(), is_name, "{granted:?}");
        let read = match granted {
            Ok(session) => broker.holdings(Call { at: now(), session }).await.err(),
            Err(error) => Some(error),
        };
        assert!(
            matches!(read, Some(BrokerError::Protocol(_))),
            "{account}: {read:?}"
        );
    }
    // A reset forgets the accounts, and no user's session is blamed for it.
    login(&broker, "DEMO01").await;
    let session = broker
        .platform_session(now(), "DEMO01".to_owned(), scope)
        .await
        .unwrap();
    let call = Call { at: now(), session };
    assert_eq!(broker.holdings(call.clone()).await.unwrap().value.len(), 6);
    let reset = Command::Reset {
        seed: None,
        start: None,
    };
    port.execute("", now(), reset).await.unwrap();
    let gone = broker.holdings(call.clone()).await;
    assert!(matches!(gone, Err(BrokerError::Protocol(_))), "{gone:?}");

    let (broker, _) = setup_with(sandbox_profile(BrokerKey::Groww).unwrap());
    let refused = broker.platform_session(now(), "DEMO01".to_owned(), scope).await;
    assert_eq!(refused.err(), Some(BrokerError::Unsupported));
    login(&broker, "DEMO01").await;
    let borrowed = broker.holdings(call).await;
    assert_eq!(borrowed.err(), Some(BrokerError::SessionExpired));
}

#[tokio::test]
async fn demat_funds_are_read_where_the_profile_offers_them() {
    let (broker, _) = setup();
    let call = login(&broker, "DEMO01").await;
    let funds = broker.demat_funds(call.clone()).await.unwrap().value;
    assert_eq!(funds.len(), 3);
    assert!(funds.iter().all(|fund| fund.tradingsymbol == fund.isin));
    let mut profile = *sandbox_profile(BrokerKey::Kite).unwrap();
    profile.capabilities.demat_funds = false;
    let (broker, _) = setup_with(Box::leak(Box::new(profile)));
    let call = login(&broker, "DEMO01").await;
    assert_eq!(
        broker.demat_funds(call).await.err(),
        Some(BrokerError::Unsupported)
    );
}

fn wanted(quantity: i64) -> Vec<WantedAuthorisation> {
    let isin = "INE154A01025".to_owned();
    vec![WantedAuthorisation {
        isin,
        ticker: "ITC".to_owned(),
        quantity: Shares(quantity),
    }]
}

#[tokio::test]
async fn clearing_shares_for_sale() {
    let (broker, _) = setup();
    let call = login(&broker, "TPIN01").await;
    let sell = ticket(Side::Sell, "ITC", 30);
    let stopped = broker.place(call.clone(), sell.clone()).await;
    assert!(
        matches!(stopped, PlaceOutcome::NeedsAuthorisation { .. }),
        "{stopped:?}"
    );
    let step = broker
        .begin_authorisation(call.clone(), wanted(30))
        .await
        .unwrap();
    let AuthorisationStep::CollectFields(form) = step else {
        panic!("{step:?}")
    };
    assert_eq!((form[0].name, form[0].secret), ("tpin", true));
    let wrong = broker
        .complete_authorisation(call.clone(), wanted(30), fields("tpin", "000000"))
        .await;
    assert!(
        matches!(&wrong, Err(LoginError::Refused { text }) if text.contains("TPIN")),
        "{wrong:?}"
    );
    broker
        .complete_authorisation(call.clone(), wanted(30), fields("tpin", "123456"))
        .await
        .unwrap();
    let step = broker.begin_authorisation(call.clone(), wanted(30)).await;
    assert_eq!(step, Ok(AuthorisationStep::NotNeeded));
    assert!(matches!(
        broker.place(call, sell).await,
        PlaceOutcome::Accepted { .. }
    ));
    let ddpi = login(&broker, "DEMO01").await;
    assert_eq!(
        broker.begin_authorisation(ddpi, wanted(30)).await,
        Ok(AuthorisationStep::NotNeeded)
    );
}

#[tokio::test]
async fn only_what_is_proven_is_called_refused() {
    let (broker, port) = setup();
    let call = login(&broker, "DEMO01").await;
    let refused = broker
        .place(call.clone(), ticket(Side::Sell, "INFY", 1_000))
        .await;
    assert!(
        matches!(
            refused,
            PlaceOutcome::Refused {
                code: OrderErrorCode::CheckHoldings,
                ..
            }
        ),
        "{refused:?}"
    );

    *port.broken.lock().unwrap() = true;
    let lost = broker.place(call.clone(), ticket(Side::Buy, "INFY", 1)).await;
    assert!(matches!(lost, PlaceOutcome::Unknown { .. }), "{lost:?}");
    assert!(matches!(
        broker.cancel(call.clone(), "1".to_owned()).await,
        ChangeOutcome::Unknown { .. }
    ));
    assert!(matches!(
        broker.funds(call.clone()).await,
        Err(BrokerError::Unavailable(_))
    ));
    assert!(matches!(
        broker.begin_login(context()).await,
        Err(LoginError::Unavailable(_))
    ));
    *port.broken.lock().unwrap() = false;
    // The order whose answer was lost is there.
    assert_eq!(
        broker.order_book(call.clone()).await.unwrap().value.entries.len(),
        1
    );

    let tomorrow = Call {
        at: parse_iso("2026-01-06T04:30:00.000Z").unwrap(),
        ..call
    };
    let over = broker.place(tomorrow.clone(), ticket(Side::Buy, "INFY", 1)).await;
    assert!(
        matches!(&over, PlaceOutcome::SessionOver { text } if text.contains("log in again")),
        "{over:?}"
    );
    assert!(matches!(
        broker.cancel(tomorrow.clone(), "1".to_owned()).await,
        ChangeOutcome::Refused { .. }
    ));
    assert_eq!(
        broker.order_book(tomorrow).await,
        Err(BrokerError::SessionExpired)
    );
}
