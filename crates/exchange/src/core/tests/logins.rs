//! Accounts, logins, clearances, resets.

use torana_domain::money::Units;
use torana_domain::order::Side::Sell;

use super::*;
use crate::core::accounts::FUNDS_MAX;
use crate::seeds::TEST_ACCOUNTS;

fn key(account: &str) -> AccountKey {
    AccountKey::new(BrokerKey::Kite, account).unwrap()
}

fn holding(security: SecurityName, quantity: i64, t1: i64, authorised: i64) -> NewHolding {
    NewHolding {
        security,
        quantity: Shares(quantity),
        t1_quantity: Shares(t1),
        average_price: Price::from_paise(40_235),
        authorised: Shares(authorised),
    }
}

fn ticker(text: &str) -> SecurityName {
    SecurityName::Ticker(text.to_owned())
}

fn new_account(account: &str, holdings: Vec<NewHolding>) -> NewAccount {
    NewAccount {
        key: key(account),
        funds: Paise(100),
        holdings,
        ddpi: false,
        behaviour: Behaviour::Normal,
    }
}

#[test]
fn seeded_accounts_appear_with_their_broker() {
    let mut world = World::new();
    assert!(world.state.accounts.is_empty());
    for broker in [BrokerKey::Kite, BrokerKey::Groww] {
        let Reply::Accounts(accounts) = world.run(Command::ListAccounts(broker)) else {
            panic!()
        };
        assert_eq!(accounts.len(), TEST_ACCOUNTS.len());
        let demo = accounts
            .iter()
            .find(|view| view.key.account() == "DEMO01")
            .unwrap();
        assert_eq!(
            (demo.cash, demo.ddpi, demo.holdings.len()),
            (Paise(100_000_000), true, 6)
        );
        assert!(
            demo.holdings
                .iter()
                .any(|held| held.nse_ticker.is_none() && held.bse_ticker.is_some())
        );
    }
    assert_eq!(world.state.accounts.len(), 2 * TEST_ACCOUNTS.len());
}

#[test]
fn accounts_are_made_once_and_checked() {
    let mut world = World::new();
    let isin = SecurityName::Isin("INE979B01015".to_owned());
    let good = new_account(
        "CI0001",
        vec![holding(ticker("ITC"), 40, 5, 10), holding(isin, 1, 0, 0)],
    );
    let Reply::AccountMade(view) = world.run(Command::CreateAccount(good.clone())) else {
        panic!()
    };
    let itc = view.holdings.iter().find(|held| held.isin == ITC).unwrap();
    assert_eq!(
        (itc.quantity, itc.t1_quantity, itc.authorised_quantity),
        (Shares(40), Shares(5), Shares(10))
    );
    assert_eq!(itc.average_price, Price::from_paise(40_235));
    assert_eq!(world.run(Command::CreateAccount(good)), Reply::AccountExists);
    let demo = world.run(Command::CreateAccount(new_account("DEMO01", Vec::new())));
    assert_eq!(
        demo,
        Reply::AccountExists,
        "seeded accounts count even before their first use"
    );

    let unknown = new_account(
        "CI0002",
        vec![holding(ticker("ITC"), 1, 0, 0), holding(ticker("NOPE"), 1, 0, 0)],
    );
    assert_eq!(
        world.run(Command::CreateAccount(unknown)),
        Reply::SecurityNotFound { holding: 1 }
    );
    let twice = vec![
        holding(ticker("ITC"), 1, 0, 0),
        holding(SecurityName::Isin(ITC.to_owned()), 1, 0, 0),
    ];
    let bad = [
        new_account("CI0002", twice),
        new_account("CI0002", vec![holding(ticker("ITC"), -1, 0, 0)]),
        new_account("CI0002", vec![holding(ticker("ITC"), 1, 0, 2)]),
        NewAccount {
            funds: Paise(-1),
            ..new_account("CI0002", Vec::new())
        },
        NewAccount {
            funds: Paise(FUNDS_MAX.0 + 1),
            ..new_account("CI0002", Vec::new())
        },
    ];
    for account in bad {
        let reply = world.run(Command::CreateAccount(account));
        assert!(matches!(reply, Reply::BadAccount { .. }), "{reply:?}");
    }
}

#[test]
fn a_session_ends_when_the_broker_says_so() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.go_to("2026-01-06T00:29:59.999Z");
    world.funds(&session);
    world.go_to("2026-01-06T00:30:00.000Z");
    assert_eq!(world.run(Command::Funds(session.clone())), Reply::SessionExpired);
    assert!(world.account(&session).sessions.is_empty());
}

#[test]
fn a_logout_ends_one_session() {
    let mut world = World::new();
    let first = world.login("DEMO01");
    world.now = world.now.plus_seconds(1);
    let second = world.login("DEMO01");
    for _ in 0..2 {
        assert_eq!(world.run(Command::Logout(first.clone())), Reply::Done);
    }
    assert_eq!(world.run(Command::Funds(first)), Reply::SessionExpired);
    world.funds(&second);
}

#[test]
fn another_accounts_token_proves_nothing() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let forged = SessionRef {
        key: key("DEMO02"),
        token_hash: session.token_hash,
    };
    assert_eq!(world.run(Command::Funds(forged)), Reply::SessionExpired);
    let expires_at = world.now.plus_seconds(60);
    let nobody = SessionRef {
        key: key("NOBODY"),
        token_hash: "h".to_owned(),
    };
    assert!(matches!(
        world.run(Command::Login {
            session: nobody,
            expires_at
        }),
        Reply::LoginRefused { .. }
    ));
}

#[test]
fn the_platform_reads_without_a_login_and_only_what_is_there() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.taken(&session, market(Sell, "ITC", 5));
    let reads = |reader: &Reader| {
        [
            Command::Holdings(reader.clone()),
            Command::Positions(reader.clone()),
            Command::DematFunds(reader.clone()),
            Command::OrderBook(reader.clone()),
        ]
    };
    let [users, platforms] = [Reader::from(session.clone()), Reader::Platform(key("DEMO01"))];
    let seen = reads(&users).map(|command| world.run(command));
    let events = world.events.len();
    assert_eq!(reads(&platforms).map(|command| world.run(command)), seen);
    world.go_to("2026-01-06T00:30:00.000Z");
    for command in reads(&users) {
        assert_eq!(world.run(command), Reply::SessionExpired);
    }
    for command in reads(&platforms) {
        assert!(!matches!(
            world.run(command),
            Reply::SessionExpired | Reply::NoSuchAccount
        ));
    }
    for command in reads(&Reader::Platform(key("NOBODY"))) {
        assert_eq!(world.run(command), Reply::NoSuchAccount);
    }
    assert_eq!(
        world.events.len(),
        events + 2,
        "nothing happened but a contract note and the new day"
    );
}

#[test]
fn demo_accounts_hold_funds_that_are_valued_at_the_last_close() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let mut funds = |session: &SessionRef| match world.run(Command::DematFunds(session.clone().into())) {
        Reply::DematFunds(funds) => funds,
        other => panic!("{other:?}"),
    };
    let held = funds(&session);
    assert_eq!(held.len(), 3);
    let first = &held[0];
    assert_eq!(
        (first.name.as_str(), first.units, first.last_price, first.pnl),
        (
            "Sandbox Flexi Cap Fund - Direct Growth",
            Units(105_231_000),
            Price(602_000),
            Paise(85_132)
        )
    );
    assert_eq!(first.last_price_date.to_string(), "2026-01-02", "a Friday");
    assert!(held.iter().any(|fund| fund.pnl.0 < 0), "one has lost");
    let empty = world.login("EMPTY01");
    assert_eq!(
        world.run(Command::DematFunds(empty.into())),
        Reply::DematFunds(Vec::new())
    );
}

#[test]
fn sales_without_a_standing_instruction_need_the_depository() {
    let mut world = World::new();
    let session = world.login("TPIN01");
    let wanted = |quantity: i64| {
        vec![Clearance {
            isin: ITC.to_owned(),
            quantity: Shares(quantity),
        }]
    };
    let needed = |quantity: i64| Command::IsClearanceNeeded {
        session: session.clone(),
        wanted: wanted(quantity),
    };
    let authorise = |quantity: i64, tpin: &str| Command::Authorise {
        session: session.clone(),
        wanted: wanted(quantity),
        tpin: tpin.to_owned(),
    };
    assert!(matches!(
        world.place(&session, market(Sell, "ITC", 30)),
        Reply::OrderNeedsClearance { .. }
    ));
    assert_eq!(world.run(needed(30)), Reply::ClearanceNeeded(true));
    assert_eq!(world.run(authorise(30, "654321")), Reply::WrongTpin);
    assert_eq!(world.run(authorise(30, "123456")), Reply::Done);
    assert_eq!(world.run(needed(30)), Reply::ClearanceNeeded(false));
    assert_eq!(world.holding(&session, ITC).authorised_quantity, Shares(30));
    world.taken(&session, market(Sell, "ITC", 20));
    assert_eq!(world.holding(&session, ITC).authorised_quantity, Shares(10));
    assert!(matches!(
        world.place(&session, market(Sell, "ITC", 11)),
        Reply::OrderNeedsClearance { .. }
    ));
    world.taken(&session, market(Sell, "ITC", 10));
}

#[test]
fn shares_that_are_not_there_cannot_be_cleared_and_stop_nothing() {
    let mut world = World::new();
    let session = world.login("TPIN01");
    let wanted: Vec<_> = [("INE000000000", 5), (ITC, 500), (INFY, -1)]
        .map(|(isin, quantity)| Clearance {
            isin: isin.to_owned(),
            quantity: Shares(quantity),
        })
        .into();
    let needed = Command::IsClearanceNeeded {
        session: session.clone(),
        wanted: wanted.clone(),
    };
    assert_eq!(world.run(needed.clone()), Reply::ClearanceNeeded(true));
    let tpin = "123456".to_owned();
    assert_eq!(
        world.run(Command::Authorise {
            session: session.clone(),
            wanted,
            tpin
        }),
        Reply::Done
    );
    assert_eq!(world.holding(&session, ITC).authorised_quantity, Shares(120));
    assert_eq!(world.holding(&session, INFY).authorised_quantity, Shares(0));
    assert_eq!(world.run(needed), Reply::ClearanceNeeded(false));
}

#[test]
fn a_clearance_ends_with_the_trading_day() {
    let mut world = World::new();
    let session = world.login("TPIN01");
    let wanted = vec![Clearance {
        isin: ITC.to_owned(),
        quantity: Shares(30),
    }];
    world.run(Command::Authorise {
        session,
        wanted,
        tpin: "123456".to_owned(),
    });
    world.go_to("2026-01-06T04:30:00.000Z");
    let session = world.login("TPIN01");
    assert!(matches!(
        world.place(&session, market(Sell, "ITC", 1)),
        Reply::OrderNeedsClearance { .. }
    ));
}

#[test]
fn t1_shares_need_no_clearance() {
    let mut world = World::new();
    let session = world.login("TPIN01");
    world.taken(&session, market(Sell, "TCS", 2));
    assert!(matches!(
        world.place(&session, market(Sell, "TCS", 1)),
        Reply::OrderNeedsClearance { .. }
    ));
}

#[test]
fn quotes_leave_out_what_nobody_knows() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let tickers = ["INFY", "NOPE", "HAWKINCOOK"].map(str::to_owned).to_vec();
    let Reply::Quotes(quotes) = world.run(Command::Quotes { session, tickers }) else {
        panic!()
    };
    assert_eq!(
        quotes
            .iter()
            .map(|quote| quote.ticker.as_str())
            .collect::<Vec<_>>(),
        ["INFY"]
    );
}

#[test]
fn a_reset_forgets_everything_and_may_go_back() {
    let mut world = World::new();
    world.run(Command::CreateAccount(new_account("CI0001", Vec::new())));
    let session = world.login("DEMO01");
    world.taken(&session, market(Sell, "ITC", 5));
    world.go_to("2026-01-07T04:30:00.000Z");
    world.now = at("2026-01-02T04:30:00.000Z");
    let Reply::World(view) = world.run(Command::Reset {
        seed: Some(8),
        start: Some(world.now),
    }) else {
        panic!()
    };
    assert_eq!((view.seed, view.started_at, view.now), (8, world.now, world.now));
    let mut fresh = World::starting(8, world.now);
    assert_eq!(world.state, fresh.state);
    assert_eq!(world.run(Command::Funds(session)), Reply::SessionExpired);
    let Reply::Accounts(accounts) = world.run(Command::ListAccounts(BrokerKey::Kite)) else {
        panic!()
    };
    assert_eq!(accounts.len(), TEST_ACCOUNTS.len());
    // Without arguments the world begins as it began.
    world.now = at("2026-01-02T04:30:00.000Z");
    world.run(Command::Reset {
        seed: None,
        start: None,
    });
    fresh.run(Command::AdvanceTo);
    assert_eq!(world.state, fresh.state);
}
