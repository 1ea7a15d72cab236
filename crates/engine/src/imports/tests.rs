use std::sync::atomic::Ordering;

use super::fetch::Reading;
use super::snapshot::snapshot_of;
use super::*;
use crate::auth::Principal;
use crate::context::lock;
use crate::testbed::{Bed, MORNING, at, run};
use torana_brokers::{AsOf, BrokerError, DematFund, Holding, NetPosition, PlatformScope};
use torana_domain::money::{Paise, Price, Shares, Units};
use torana_domain::time::Timestamp;
use torana_instruments::Master;

fn holding(isin: &str, nse: Option<&str>, quantity: i64) -> Holding {
    Holding {
        isin: isin.to_owned(),
        nse_ticker: nse.map(str::to_owned),
        bse_ticker: None,
        quantity: Shares(quantity),
        t1_quantity: Shares(2),
        average_price: Price(14_102_000),
        collateral_quantity: Shares(1),
        authorised_quantity: Shares(0),
    }
}

fn position(isin: &str, on_bse: bool, quantity: i64) -> NetPosition {
    let ticker = "SYMBOL".to_owned();
    NetPosition {
        isin: isin.to_owned(),
        ticker,
        on_bse,
        quantity: Shares(quantity),
        average_price: Price(1),
    }
}

#[test]
fn names_come_from_the_master_and_else_from_the_broker() {
    let master = Master::bundled();
    let infosys = master.by_ticker("INFY").unwrap();
    let held = vec![
        holding(&infosys.isin, Some("INFY"), 10),
        holding("INE000000000", Some("ODD"), 5),
    ];
    let positions = vec![
        position(&infosys.isin, false, -3),
        position(&infosys.isin, true, 4),
        position("INE111111111", true, 7),
    ];
    let holdings = AsOf {
        value: held,
        as_of: Timestamp(5),
    };
    let funds = None;
    let snapshot = snapshot_of(
        master,
        Reading {
            holdings,
            positions,
            funds,
        },
    );
    assert_eq!(snapshot.taken_at, Timestamp(5));
    let names: Vec<_> = snapshot
        .securities
        .iter()
        .map(|line| line.name.as_str())
        .collect();
    assert_eq!(names, [infosys.name.as_str(), "ODD", "SYMBOL"]);
    let first = &snapshot.securities[0];
    assert_eq!(
        (first.settled, first.t1, first.collateral),
        (Shares(10), Shares(2), Shares(1))
    );
    assert_eq!(
        (first.nse_position.quantity, first.bse_position.quantity),
        (Shares(-3), Shares(4))
    );
    let traded = &snapshot.securities[2];
    assert_eq!(
        (traded.held(), traded.bse_position.quantity),
        (Shares(0), Shares(7))
    );
    assert_eq!(
        (traded.nse_ticker.as_deref(), traded.bse_ticker.as_deref()),
        (None, Some("SYMBOL"))
    );
}

#[test]
fn waits_between_tries() {
    let waits: Vec<i64> = (1..=4).map(|attempts| fetch_wait(attempts, None)).collect();
    assert_eq!(waits, [1, 2, 4, 8]);
    assert_eq!(
        (
            fetch_wait(1, Some(7)),
            fetch_wait(1, Some(9000)),
            fetch_wait(1, Some(0))
        ),
        (7, 60, 1)
    );
}

fn caller(bed: &Bed, investor: &InvestorRow) -> Caller {
    Caller {
        gateway: Arc::clone(&bed.gateway),
        principal: Some(Principal::Connected(investor.auth_id.clone())),
        investor: Some(investor.clone()),
    }
}

fn read(bed: &Bed, investor: &InvestorRow) -> Result<HoldingsBody, EngineError> {
    run(bed
        .engine
        .read_holdings(&caller(bed, investor), HoldingsVersion::V2, false))
}

#[test]
fn an_import_is_stored_told_and_readable() {
    let bed = Bed::new();
    let investor = bed.investor();
    lock(&bed.broker.holdings).push(holding("INE009A01021", Some("INFY"), 10));
    assert_eq!(
        read(&bed, &investor).unwrap_err().code,
        ErrorCode::HoldingsNotImported
    );
    let txn = bed.start_import(&investor);
    bed.run_due();
    let seen = bed.seen(txn);
    assert_eq!(
        (seen.txn.status, seen.count("holdings.imported")),
        (Status::Completed, 1)
    );
    let bodies = bed.bodies();
    assert_eq!(bodies.len(), 1);
    assert_eq!(
        (&bodies[0]["eventType"], &bodies[0]["sequence"]),
        (&json!("holdings.imported"), &json!(1))
    );
    assert_eq!(bodies[0]["securities"][0]["holdings"]["quantity"], 12);
    let answer = serde_json::to_value(read(&bed, &investor).unwrap()).unwrap();
    assert_eq!(
        (&answer["securities"], &answer["notes"]),
        (&bodies[0]["securities"], &json!("plan-42"))
    );
}

#[test]
fn a_passing_failure_is_tried_again_and_a_lasting_one_ends_the_import() {
    let failure = || BrokerError::Unavailable("maintenance".to_owned());
    for (failures, status, code, reads) in [
        (2, Status::Completed, None, 3),
        (9, Status::Errored, Some(2001), FETCH_ATTEMPTS_MAX),
    ] {
        let bed = Bed::new();
        let txn = bed.start_import(&bed.investor());
        lock(&bed.broker.read_failures).extend((0..failures).map(|_| failure()));
        bed.run_until(at("2026-01-05T04:34:00.000Z"));
        let seen = bed.seen(txn);
        assert_eq!((seen.txn.status, seen.txn.error_code), (status, code));
        assert_eq!(bed.broker.reads.load(Ordering::SeqCst), reads);
    }
}

#[test]
fn a_dead_session_ends_an_import_at_once_and_five_minutes_end_it_as_timed_out() {
    let bed = Bed::new();
    let txn = bed.start_import(&bed.investor());
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    bed.run_due();
    assert_eq!(bed.seen(txn).txn.error_code, Some(2001));

    let bed = Bed::new();
    let txn = bed.start_import(&bed.investor());
    bed.machine.set(at(MORNING).plus_ms(FETCH_TIME_MAX_MS + 1));
    lock(&bed.broker.read_failures).push_back(BrokerError::Unavailable("maintenance".to_owned()));
    bed.run_due();
    assert_eq!(bed.seen(txn).txn.error_code, Some(4003));
}

#[test]
fn refreshes_run_in_the_background_and_not_too_often() {
    let bed = Bed::new();
    let investor = bed.investor();
    bed.start_import(&investor);
    bed.run_due();
    lock(&bed.broker.holdings).push(holding("INE009A01021", Some("INFY"), 10));
    let first = read(&bed, &investor).unwrap();
    assert!(first.updating);
    assert!(
        read(&bed, &investor).unwrap().updating,
        "the refresh has not run yet"
    );
    bed.machine.set(at(MORNING).plus_ms(1000));
    bed.run_due();
    let second = read(&bed, &investor).unwrap();
    assert!(!second.updating, "at most one in 15 s");
    assert!(second.last_update.0 > first.last_update.0);
    assert_eq!(
        second.notes.as_deref(),
        Some("plan-42"),
        "notes stay those of the import"
    );
    bed.machine.set(at(MORNING).plus_ms(REFRESH_INTERVAL_MS));
    lock(&bed.broker.read_failures).push_back(BrokerError::Unavailable("maintenance".to_owned()));
    assert!(read(&bed, &investor).unwrap().updating);
    bed.run_due();
    let third = read(&bed, &investor).unwrap();
    assert_eq!(
        (third.updating, third.last_update),
        (false, second.last_update),
        "a failed refresh changes nothing"
    );
    assert_eq!(bed.bodies().len(), 1, "refreshes send no webhook");
}

/// After the users' sessions ended at six in the morning of the next day.
const NEXT_MORNING: &str = "2026-01-06T03:30:00.000Z";

#[test]
fn a_sessionless_broker_is_refreshed_after_the_session_ended() {
    let bed = Bed::new();
    let investor = bed.investor();
    bed.start_import(&investor);
    bed.run_due();
    lock(&bed.broker.holdings).push(holding("INE009A01021", Some("INFY"), 10));
    let first = read(&bed, &investor).unwrap();
    bed.machine.set(at(NEXT_MORNING));
    bed.run_due();
    let refused = read(&bed, &investor).unwrap();
    bed.run_due();
    assert_eq!(
        (refused.updating, read(&bed, &investor).unwrap().last_update),
        (true, first.last_update),
        "nothing is granted yet"
    );
    assert!(lock(&bed.broker.granted).is_empty());

    lock(&bed.broker.grants).push(PlatformScope::Holdings);
    bed.machine.set(at(NEXT_MORNING).plus_ms(REFRESH_INTERVAL_MS));
    assert!(read(&bed, &investor).unwrap().updating);
    bed.run_due();
    let answer = read(&bed, &investor).unwrap();
    assert_eq!(
        answer.last_update.0,
        at(NEXT_MORNING).plus_ms(REFRESH_INTERVAL_MS)
    );
    let securities = serde_json::to_value(&answer).unwrap()["securities"].clone();
    assert_eq!(securities[0]["nseTicker"], "INFY");
    assert_eq!(*lock(&bed.broker.granted), ["CI0001"]);
}

#[test]
fn a_session_that_the_broker_ended_is_followed_by_the_platforms_own() {
    let bed = Bed::new();
    lock(&bed.broker.grants).push(PlatformScope::Holdings);
    lock(&bed.broker.read_failures).push_back(BrokerError::SessionExpired);
    let investor = bed.investor();
    let txn = bed.start_import(&investor);
    bed.run_due();
    assert_eq!(bed.seen(txn).txn.status, Status::Completed);
    assert_eq!(lock(&bed.broker.granted).len(), 1);
    let (investor_id, now) = (investor.id, bed.now().world);
    let living =
        bed.write(move |tx| torana_storage::gateway::sessions::list_living_brokers(tx, investor_id, now));
    assert!(living.is_empty(), "the dead session is not tried again");
}

#[test]
fn an_account_that_is_gone_is_asked_for_once_per_refresh() {
    let bed = Bed::new();
    lock(&bed.broker.grants).push(PlatformScope::Holdings);
    let investor = bed.investor();
    bed.start_import(&investor);
    bed.run_due();
    let before = bed.broker.reads.load(Ordering::SeqCst);
    bed.machine.set(at(NEXT_MORNING));
    let gone = || BrokerError::Protocol("there is no such account".to_owned());
    lock(&bed.broker.read_failures).extend((0..50).map(|_| gone()));
    let first = read(&bed, &investor).unwrap();
    bed.run_until(at("2026-01-06T12:00:00.000Z"));
    assert_eq!(bed.broker.reads.load(Ordering::SeqCst), before + 1);
    let second = read(&bed, &investor).unwrap();
    assert_eq!((first.last_update, second.updating), (second.last_update, true));
}

fn fund() -> DematFund {
    DematFund {
        folio: "900001/01".to_owned(),
        fund: "Sandbox Fund".to_owned(),
        tradingsymbol: "INF000S01013".to_owned(),
        isin: "INF000S01013".to_owned(),
        units: Units(105_231_000),
        average_price: Price(521_100),
        last_price: Price(602_000),
        last_price_date: None,
        pnl: Paise(85_132),
    }
}

/// The funds of the answer to a partner.
fn read_funds(bed: &Bed, investor: &InvestorRow, asks: bool) -> serde_json::Value {
    let caller = caller(bed, investor);
    let body = run(bed.engine.read_holdings(&caller, HoldingsVersion::V2, asks)).unwrap();
    let body = serde_json::to_value(body).unwrap();
    body.get("mutualFunds").cloned().unwrap_or(json!("no key"))
}

#[test]
fn funds_are_imported_when_asked_for_and_shown_when_asked_for() {
    let bed = Bed::new();
    let investor = bed.investor();
    *lock(&bed.broker.demat_funds) = Some(vec![fund()]);
    bed.start_import_with(&investor, true);
    bed.run_due();
    let expected = json!({ "holdings": [{
        "folio": "900001/01", "fund": "Sandbox Fund", "tradingsymbol": "INF000S01013", "isin": "INF000S01013",
        "quantity": 105.231, "averagePrice": 52.11, "lastPrice": 60.2, "lastPriceDate": null, "pnl": 851.32,
        "xirr": 0
    }] });
    assert_eq!(bed.bodies()[0]["mutualFunds"], expected);
    assert_eq!(read_funds(&bed, &investor, true), expected);
    assert_eq!(read_funds(&bed, &investor, false), "no key");

    *lock(&bed.broker.demat_funds) = Some(Vec::new());
    bed.run_due();
    let empty = json!({ "holdings": [] });
    assert_eq!(
        read_funds(&bed, &investor, true),
        empty,
        "the refresh read them too"
    );

    bed.start_import_with(&investor, false);
    bed.run_due();
    assert_eq!(bed.bodies()[1].get("mutualFunds"), None);
    assert_eq!(
        read_funds(&bed, &investor, true),
        "no key",
        "the last import did not ask"
    );
}

#[test]
fn a_broker_without_funds_leaves_the_key_out() {
    let bed = Bed::new();
    let investor = bed.investor();
    let txn = bed.start_import_with(&investor, true);
    bed.run_due();
    assert_eq!(bed.seen(txn).txn.status, Status::Completed);
    assert_eq!(bed.bodies()[0].get("mutualFunds"), None);
    assert_eq!(read_funds(&bed, &investor, true), "no key");
}

#[test]
fn a_refresh_gives_way_to_an_import_that_came_in_between() {
    let bed = Bed::new();
    let investor = bed.investor();
    *lock(&bed.broker.demat_funds) = Some(vec![fund()]);
    bed.start_import_with(&investor, true);
    bed.run_due();
    let (id, store) = (investor.id, bed.engine.store().clone());
    let with_funds = bed.write(move |tx| snapshots::find(tx, id)).unwrap();
    bed.start_import(&investor);
    bed.run_due();
    assert!(read(&bed, &investor).unwrap().updating);
    *lock(&bed.broker.meanwhile) = Some(Box::new(move || {
        run(store.write("test", move |tx| snapshots::put(tx, id, &with_funds))).unwrap();
    }));
    bed.run_due();
    assert!(lock(&bed.broker.meanwhile).is_none(), "the refresh has read");
    let funds = read_funds(&bed, &investor, true);
    assert_eq!(funds["holdings"][0]["fund"], "Sandbox Fund");
}

#[test]
fn without_consent_nothing_is_shown() {
    let bed = Bed::new();
    let investor = bed.investor();
    bed.start_import(&investor);
    bed.run_due();
    let id = investor.id;
    bed.write(move |tx| investors::set_holdings_consent(tx, id, None));
    assert_eq!(read(&bed, &investor).unwrap_err().code, ErrorCode::ConsentDenied);
    let guest = Caller {
        investor: None,
        ..caller(&bed, &investor)
    };
    let refused = run(bed.engine.read_holdings(&guest, HoldingsVersion::V1, false)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::ConnectedUserRequired);
}
