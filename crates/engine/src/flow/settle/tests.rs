//! The contract's table of settlements, row by row, over status, presence and time.

use torana_domain::ids::{BatchId, ClientReference, FlowId, TransactionId};
use torana_domain::intent::{HoldingsVersion, OrderMeta};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{Evidence, Order, OrderState, OrderTicket, OrderType, Side, Validity, Variety};
use torana_storage::gateway::batches::BatchRow;
use torana_storage::gateway::transactions::TxnRow;

use super::super::access::PRESENCE_MS;
use super::super::state::{HandOffState, Step};
use super::*;

/// The present. Everything else lies before it.
const NOW: Timestamp = Timestamp(1_000_000);
/// Longer ago than any wait.
const LONG_AGO: i64 = 60_000;

fn ago(ms: i64) -> Timestamp {
    NOW.plus_ms(-ms)
}

/// A transaction and its flow, of which each test changes what it is about.
struct Case {
    loaded: Loaded,
    flow: FlowRow,
    state: FlowState,
}

impl Case {
    fn new(status: Status) -> Self {
        let txn = TxnRow {
            id: 1,
            gateway_id: 1,
            public_id: TransactionId::from_random([1; 16]),
            intent: Intent::Connect,
            status,
            principal: None,
            investor_id: None,
            signup: false,
            notes: None,
            error_code: None,
            result: None,
            created_at: ago(LONG_AGO),
            updated_at: ago(LONG_AGO),
            expire_at: NOW.plus_ms(LONG_AGO),
            processing_since: (status == Status::Processing).then(|| ago(1000)),
            ended_since: status.is_terminal().then(|| ago(LONG_AGO)),
            event_seq: 1,
            webhook_seq: 0,
        };
        let flow = FlowRow {
            id: 1,
            public_id: FlowId::from_random([2; 12]),
            txn_id: 1,
            gateway_id: 1,
            sdk_session_id: Some(1),
            cookie_hash: Some("hash".to_owned()),
            cookie_expires_at: Some(NOW.plus_ms(LONG_AGO)),
            nonce: String::new(),
            options: String::new(),
            state: String::new(),
            version: 1,
            seen_at: Some(ago(1000)),
            gone_at: None,
            closed_at: None,
            created_at: ago(LONG_AGO),
        };
        Self {
            loaded: Loaded {
                txn,
                investor: None,
                batch: None,
            },
            flow,
            state: FlowState::default(),
        }
    }

    fn at_step(mut self, step: Step) -> Self {
        self.state.step = step;
        self
    }

    fn with_error(mut self, code: u16) -> Self {
        self.loaded.txn.error_code = Some(code);
        self
    }

    /// The last page said goodbye so long ago.
    fn gone(mut self, ms: i64) -> Self {
        self.flow.gone_at = Some(ago(ms));
        self
    }

    /// The SDK reported the close so long ago.
    fn closed(mut self, ms: i64) -> Self {
        self.flow.closed_at = Some(ago(ms));
        self
    }

    fn processing_since(mut self, ms: i64) -> Self {
        self.loaded.txn.processing_since = Some(ago(ms));
        self
    }

    fn ended(mut self, ms: i64) -> Self {
        self.loaded.txn.ended_since = Some(ago(ms));
        self
    }

    fn read(mut self) -> Self {
        self.state.is_read = true;
        self
    }

    fn import(mut self) -> Self {
        self.loaded.txn.intent = Intent::HoldingsImport {
            version: HoldingsVersion::V1,
            mf_holdings: false,
        };
        self
    }

    fn orders(mut self, states: &[OrderState]) -> Self {
        self.loaded.txn.intent = Intent::Securities {
            lines: Vec::new(),
            meta: OrderMeta::default(),
        };
        let row = BatchRow {
            id: 1,
            public_id: BatchId::from_random([3; 12]),
            txn_id: 1,
            investor_id: 1,
            broker_session_id: 1,
            broker: torana_domain::broker_key::BrokerKey::Kite,
            variety: Variety::Regular,
            is_placed_event_sent: false,
            completed_at: None,
            place_before: NOW,
            shown: String::new(),
            created_at: ago(LONG_AGO),
        };
        self.loaded.batch = Some((row, states.iter().map(|state| order(*state)).collect()));
        self
    }

    /// What is decided: `pending`, `resolve`, or the number of a rejection.
    fn outcome(&self) -> String {
        let presence = Presence {
            flow: &self.flow,
            state: &self.state,
        };
        shown(settle(&self.loaded, Some(presence), NOW))
    }
}

fn shown(settlement: Settlement) -> String {
    match settlement {
        Settlement::Pending => "pending".to_owned(),
        Settlement::Resolve => "resolve".to_owned(),
        Settlement::Reject(failure) => failure.code.to_string(),
    }
}

fn order(state: OrderState) -> Order {
    Order {
        ticket: OrderTicket {
            reference: ClientReference::from_random([4; 10]),
            ticker: "INFY".to_owned(),
            isin: "INE009A01021".to_owned(),
            side: Side::Buy,
            quantity: Shares(1),
            order_type: OrderType::Market,
            price: None,
            validity: Validity::Day,
            variety: Variety::Regular,
        },
        state,
        filled: Shares(0),
        average_price: Price(0),
        broker_order_id: None,
        exchange_order_id: None,
        order_timestamp: None,
        error_code: None,
        status_message: None,
        evidence: Evidence::None,
        as_of: NOW,
    }
}

fn check(table: Vec<(&str, Case, &str)>) {
    for (name, case, expected) in table {
        assert_eq!(case.outcome(), expected, "{name}");
    }
}

#[test]
fn a_close_before_the_work_is_believed_when_no_page_was_there_for_three_seconds() {
    use Status::{Initialized, Used};
    let external = |status| {
        let mut case = Case::new(status).gone(LONG_AGO).closed(LONG_AGO);
        case.state.is_external = true;
        case
    };
    let silent = |ms| {
        let mut case = Case::new(Used).closed(LONG_AGO);
        case.flow.seen_at = Some(ago(ms));
        case
    };
    let never_opened = |created| {
        let mut case = Case::new(Initialized).closed(1000);
        (case.flow.seen_at, case.flow.created_at) = (None, ago(created));
        case
    };
    check(vec![
        ("open, page there", Case::new(Initialized), "pending"),
        (
            "open, page gone, nobody asks",
            Case::new(Initialized).gone(LONG_AGO),
            "pending",
        ),
        (
            "reported, but a page is there",
            Case::new(Initialized).closed(LONG_AGO),
            "pending",
        ),
        (
            "reported, gone just now",
            Case::new(Initialized).gone(2999).closed(2000),
            "pending",
        ),
        (
            "believed at the chooser",
            Case::new(Initialized).gone(3000).closed(1),
            "1010",
        ),
        (
            "at the notice",
            Case::new(Initialized).at_step(Step::Notice).gone(3000).closed(1),
            "1010",
        ),
        (
            "at the login",
            Case::new(Initialized).at_step(Step::Login).gone(3000).closed(1),
            "1011",
        ),
        (
            "at an existing session",
            Case::new(Initialized)
                .at_step(Step::ExistingSession)
                .gone(3000)
                .closed(1),
            "1011",
        ),
        (
            "after the login",
            Case::new(Used).at_step(Step::Review).gone(3000).closed(1),
            "1012",
        ),
        (
            "after the login, at a second login",
            Case::new(Used).at_step(Step::Login).gone(3000).closed(1),
            "1012",
        ),
        ("at the broker's own page", external(Initialized), "pending"),
        ("the same after the login", external(Used), "pending"),
        ("a page without a sign of life", silent(PRESENCE_MS), "pending"),
        ("a page that fell silent", silent(PRESENCE_MS + 1), "1012"),
        ("a window that never opened", never_opened(2999), "pending"),
        ("a window that never opened, later", never_opened(3000), "1010"),
    ]);
}

#[test]
fn work_that_goes_on_is_waited_for_and_then_told_by_what_is_proven() {
    use OrderState::{Complete, Open, Queued, Submitting, Unknown, Unplaced};
    let orders = |states: &[OrderState]| Case::new(Status::Processing).orders(states);
    let import = || Case::new(Status::Processing).import();
    check(vec![
        (
            "orders, early",
            orders(&[Open]).processing_since(29_999),
            "pending",
        ),
        (
            "one accepted",
            orders(&[Queued, Open]).processing_since(30_000),
            "resolve",
        ),
        (
            "one final",
            orders(&[Unplaced, Complete]).processing_since(30_000),
            "resolve",
        ),
        (
            "nothing proven",
            orders(&[Unknown, Submitting]).processing_since(30_000),
            "4006",
        ),
        (
            "refused is not accepted",
            orders(&[Unplaced, Unknown]).processing_since(30_000),
            "4006",
        ),
        ("import, early", import().processing_since(29_999), "pending"),
        ("import, late", import().processing_since(30_000), "4003"),
    ]);
}

#[test]
fn orders_that_the_user_confirms_at_the_broker_are_waited_for_longer() {
    use OrderState::{Open, Unknown};
    const MINUTE: i64 = 60_000;
    let waiting = |since| {
        let mut case = Case::new(Status::Processing)
            .orders(&[Unknown])
            .processing_since(since);
        case.state.hand_off = Some(HandOffState::default());
        case
    };
    let external = |mut case: Case| {
        case.state.is_external = true;
        case
    };
    let returned = |at: i64, state| {
        let mut case = waiting(10 * MINUTE).orders(&[state]);
        case.state.hand_off = Some(HandOffState {
            returned_at: Some(ago(at)),
            was_left: false,
        });
        case
    };
    check(vec![
        ("at the broker", external(waiting(15 * MINUTE - 1)), "pending"),
        ("never came back", external(waiting(15 * MINUTE)), "4006"),
        (
            "a window that closed at the broker",
            external(waiting(MINUTE)).gone(30_000).closed(30_000),
            "pending",
        ),
        (
            "with us, and closed just now",
            waiting(MINUTE).gone(8000).closed(4999),
            "pending",
        ),
        (
            "with us, and closed",
            waiting(MINUTE).gone(8000).closed(5000),
            "4006",
        ),
        ("read, and not confirmed", waiting(MINUTE).read(), "4006"),
        (
            "back, and the book is being read",
            returned(29_999, Unknown),
            "pending",
        ),
        ("back, and not in the book", returned(30_000, Unknown), "4006"),
        ("back, and accepted", returned(30_000, Open), "resolve"),
    ]);
}

#[test]
fn a_believed_close_cuts_the_wait_to_five_seconds() {
    let orders = |since| {
        Case::new(Status::Processing)
            .orders(&[OrderState::Open])
            .processing_since(since)
    };
    let import = |since| Case::new(Status::Processing).import().processing_since(since);
    check(vec![
        (
            "closed just now",
            orders(20_000).gone(8000).closed(4999),
            "pending",
        ),
        (
            "five seconds ago",
            orders(20_000).gone(8000).closed(5000),
            "resolve",
        ),
        ("not believed", orders(20_000).closed(8000), "pending"),
        (
            "not believed yet",
            orders(20_000).gone(2999).closed(8000),
            "pending",
        ),
        (
            "never longer than without a close",
            orders(30_000).gone(8000).closed(1),
            "resolve",
        ),
        (
            "closed before the work began",
            orders(4999).gone(8000).closed(7000),
            "pending",
        ),
        (
            "five seconds of work after an early close",
            orders(5000).gone(8000).closed(7000),
            "resolve",
        ),
        ("import", import(20_000).gone(8000).closed(5000), "4003"),
    ]);
}

#[test]
fn a_user_who_has_read_that_orders_were_taken_waits_for_nothing() {
    let read = Case::new(Status::Processing).orders(&[OrderState::Open]).read();
    assert_eq!(read.outcome(), "resolve");
}

#[test]
fn an_end_is_told_with_its_code() {
    let failed = |status, code| Case::new(status).with_error(code).gone(LONG_AGO);
    check(vec![
        (
            "completed",
            Case::new(Status::Completed).gone(LONG_AGO),
            "resolve",
        ),
        (
            "action required",
            Case::new(Status::ActionRequired).gone(LONG_AGO),
            "resolve",
        ),
        ("errored", failed(Status::Errored, 1003), "1003"),
        (
            "errored without a code",
            Case::new(Status::Errored).gone(LONG_AGO),
            "2000",
        ),
        (
            "cancelled before the login",
            failed(Status::Cancelled, 1010),
            "1010",
        ),
        ("cancelled after it", failed(Status::Cancelled, 1012), "1012"),
        ("expired before the login", failed(Status::Expired, 3001), "3001"),
        ("expired after it", failed(Status::Expired, 1005), "1005"),
    ]);
}

#[test]
fn the_last_page_has_time_to_be_read() {
    use OrderState::{Complete, Rejected};
    use Status::{Cancelled, Completed, Errored, Expired};
    let completed = |ms| Case::new(Completed).ended(ms);
    let failed_orders = |ms| Case::new(Completed).orders(&[Complete, Rejected]).ended(ms);
    let filled_orders = |ms| Case::new(Completed).orders(&[Complete]).ended(ms);
    let errored = |code, ms| Case::new(Errored).with_error(code).ended(ms);
    let without_browser = || {
        let mut case = completed(0);
        case.flow.cookie_hash = None;
        case
    };
    check(vec![
        ("a tick", completed(4999), "pending"),
        ("a tick, seen", completed(5000), "resolve"),
        ("fills", filled_orders(4999), "pending"),
        ("fills, seen", filled_orders(5000), "resolve"),
        ("failed orders", failed_orders(29_999), "pending"),
        ("failed orders, seen", failed_orders(30_000), "resolve"),
        ("another account", errored(1001, 29_999), "pending"),
        ("another account, seen", errored(1001, 30_000), "1001"),
        ("another failure", errored(1003, 4999), "pending"),
        ("another failure, seen", errored(1003, 5000), "1003"),
        (
            "expiry",
            Case::new(Expired).with_error(3001).ended(4999),
            "pending",
        ),
        (
            "who cancelled knows",
            Case::new(Cancelled).with_error(1012).ended(0),
            "1012",
        ),
        ("read", failed_orders(0).read(), "resolve"),
        ("the window is gone", failed_orders(10_000).gone(3000), "resolve"),
        ("between two pages", failed_orders(10_000).gone(2999), "pending"),
        ("no browser", without_browser(), "resolve"),
    ]);
}

#[test]
fn without_a_flow_only_the_transaction_decides() {
    for (status, expected) in [
        (Status::Initialized, "pending"),
        (Status::Used, "pending"),
        (Status::Completed, "resolve"),
        (Status::Cancelled, "2000"),
    ] {
        let case = Case::new(status);
        assert_eq!(shown(settle(&case.loaded, None, NOW)), expected, "{status:?}");
    }
}
