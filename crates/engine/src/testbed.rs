//! A gateway for tests: the real engine on a database in memory, with a clock, a broker and a web that the test
//! steers. One thread; a pause moves the clock.

mod broker;
mod machine;
mod pages;
mod visitor;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use torana_brokers::BrokerSession;
use torana_clock::calendar::MarketCalendar;
use torana_credentials::keyring::Keyring;
use torana_credentials::secrets::Secret;
use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::{GatewaySettings, Mode};
use torana_domain::ids::{AuthId, BatchId, ClientReference, GatewayName, TransactionId};
use torana_domain::intent::{HoldingsVersion, Intent, OrderMeta};
use torana_domain::money::Shares;
use torana_domain::order::{Order, OrderTicket, OrderType, Side, Validity, Variety};
use torana_domain::time::{Timestamp, parse_iso};
use torana_domain::transaction::Cause;
use torana_drivers::InlineDriver;
use torana_exchange::feed::MarketFeed;
use torana_storage::gateway::batches::{self, NewBatch};
use torana_storage::gateway::investors::{self, InvestorRow, NewInvestor};
use torana_storage::gateway::sessions::{self, NewBrokerSession};
use torana_storage::gateway::transactions::{self, EventRow, NewTxn, TxnRow};
use torana_storage::gateway::{MIGRATIONS, jobs};
use torana_storage::{Store, StoreError, Tx, migrate};

pub(crate) use self::broker::{FakeBroker, Play};
use self::broker::{NoExchange, OneBroker};
pub(crate) use self::machine::{Machine, Web};
pub(crate) use self::pages::LOCKED;
pub(crate) use self::visitor::{Visitor, basket};
use crate::context::{Engine, EngineParts, Registry, lock};
use crate::gateways::Gateway;
use crate::jobs::kind;
use crate::lifecycle::{self, Now};

/// Monday 2026-01-05, 10:00 IST: the market is open.
pub(crate) const MORNING: &str = "2026-01-05T04:30:00.000Z";

/// An instant.
pub(crate) fn at(text: &str) -> Timestamp {
    parse_iso(text).unwrap()
}

/// Runs a future to its end on this thread. Whatever waits is polled again at once.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("the future waits for something that never comes");
}

/// Runs a future until it waits for what never comes, and drops it: the process dies there.
pub(crate) fn run_until_stuck<T>(future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..1000 {
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "the future ended before it was stuck");
    }
}

/// A line of a basket.
pub(crate) type Leg = (Side, &'static str, i64);

/// The engine with everything around it.
pub(crate) struct Bed {
    pub(crate) engine: Engine,
    pub(crate) machine: Arc<Machine>,
    pub(crate) broker: Arc<FakeBroker>,
    pub(crate) web: Arc<Web>,
    pub(crate) gateway: Arc<Gateway>,
    /// Takes effect at the next [`Bed::restart`].
    pub(crate) fetches_logos: bool,
    registry: Arc<OneBroker>,
    store: Store,
    keyring: Keyring,
}

/// What stands in the database about one transaction.
pub(crate) struct Seen {
    pub(crate) txn: TxnRow,
    pub(crate) orders: Vec<Order>,
    pub(crate) events: Vec<EventRow>,
}

impl Seen {
    pub(crate) fn event_names(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.kind.as_str()).collect()
    }

    pub(crate) fn count(&self, event: &str) -> usize {
        self.events.iter().filter(|row| row.kind == event).count()
    }
}

impl Bed {
    /// A sandbox gateway with one webhook URL, on [`MORNING`].
    pub(crate) fn new() -> Self {
        let machine = Arc::new(Machine::default());
        machine.set(at(MORNING));
        let store = Store::new(Arc::new(InlineDriver::open_in_memory().unwrap()));
        run(migrate::apply(&store, MIGRATIONS, at(MORNING))).unwrap();
        let keyring = Keyring::generate(&*machine);
        let (broker, web) = (Arc::new(FakeBroker::default()), Arc::new(Web::default()));
        let registry = Arc::new(OneBroker {
            broker: Arc::clone(&broker),
            is_gone: AtomicBool::new(false),
        });
        let engine = engine(&machine, &store, &keyring, &registry, &web, true);
        let settings = GatewaySettings {
            webhook_urls: vec!["https://shop.example/hook".to_owned()],
            ..Default::default()
        };
        let name = GatewayName::parse("gatewaydemo").unwrap();
        run(engine.create_gateway(name, Mode::Sandbox, settings, None)).unwrap();
        let gateway = engine.gateway("gatewaydemo").unwrap();
        Self {
            engine,
            machine,
            broker,
            web,
            gateway,
            fetches_logos: true,
            registry,
            store,
            keyring,
        }
    }

    /// The process ends here and starts again on the same database.
    pub(crate) fn restart(&mut self) {
        self.machine.is_hanging.store(false, Ordering::SeqCst);
        self.engine = engine(
            &self.machine,
            &self.store,
            &self.keyring,
            &self.registry,
            &self.web,
            self.fetches_logos,
        );
        run(self.engine.reload_gateways()).unwrap();
    }

    pub(crate) fn lose_broker(&self) {
        self.registry.is_gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn plays(&self, plays: &[Play]) {
        lock(&self.broker.plays).extend(plays);
    }

    pub(crate) fn now(&self) -> Now {
        self.engine.now(&self.gateway)
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        closure: impl Fn(&mut dyn Tx) -> Result<T, StoreError> + Send + Sync + 'static,
    ) -> T {
        run(self.store.write("test", closure)).unwrap()
    }

    /// A connected user with consent and a broker session until the next 06:00 IST.
    pub(crate) fn investor(&self) -> InvestorRow {
        let now = self.now().world;
        let new = NewInvestor {
            gateway_id: self.gateway.id,
            auth_id: AuthId::from_random([7; 12]),
            broker: BrokerKey::Kite,
            account_hash: "hash".to_owned(),
            account_masked: "••01".to_owned(),
            created_at: now,
        };
        let id = self.write(move |tx| investors::insert(tx, &new));
        self.login(id);
        self.write(move |tx| {
            investors::set_holdings_consent(tx, id, Some(now))?;
            investors::load(tx, id)
        })
    }

    /// The user of [`Bed::investor`].
    pub(crate) fn investor_again(&self) -> InvestorRow {
        self.write(|tx| investors::load(tx, 1))
    }

    /// A new broker session of the user; gives its key.
    pub(crate) fn login(&self, investor_id: i64) -> i64 {
        let now = self.now().world;
        let expires_at = MarketCalendar::nse().broker_session_expiry(now);
        let session = BrokerSession {
            account_id: "CI0001".to_owned(),
            token: Secret::new("token".to_owned()),
            expires_at,
        };
        let new = NewBrokerSession {
            gateway_id: self.gateway.id,
            investor_id,
            broker: BrokerKey::Kite,
            sealed: self.engine.seal_session(&self.gateway, &session).unwrap(),
            expires_at,
            cookie_hash: None,
            created_at: now,
        };
        self.write(move |tx| sessions::insert_broker(tx, &new))
    }

    fn transaction(&self, intent: &Intent, investor_id: i64, start: Cause) -> i64 {
        let now = self.now();
        let new = NewTxn {
            gateway_id: self.gateway.id,
            public_id: TransactionId::from_random(self.engine.id_bytes(&[])),
            intent_json: serde_json::to_string(intent).unwrap(),
            principal: None,
            notes: Some("plan-42".to_owned()),
            created_at: now.world,
            expire_at: now.world.plus_ms(intent.kind().lifetime_ms()),
        };
        self.write(move |tx| {
            let id = transactions::insert(tx, &new)?;
            let mut txn = transactions::load(tx, id)?;
            txn.investor_id = Some(investor_id);
            lifecycle::apply(tx, &mut txn, Cause::LoginVerified, &serde_json::Value::Null, now)?.unwrap();
            lifecycle::apply(tx, &mut txn, start, &serde_json::Value::Null, now)?.unwrap();
            Ok(id)
        })
    }

    /// A basket at its hand-over, exactly as the confirmation leaves it. Gives the transaction's key.
    pub(crate) fn hand_over(
        &self,
        investor: &InvestorRow,
        session: i64,
        legs: &[Leg],
        variety: Variety,
    ) -> i64 {
        let intent = Intent::Securities {
            lines: Vec::new(),
            meta: OrderMeta::default(),
        };
        let txn_id = self.transaction(&intent, investor.id, Cause::HandedOver);
        let now = self.now();
        let new = NewBatch {
            public_id: BatchId::from_random(self.engine.id_bytes(&[])),
            txn_id,
            investor_id: investor.id,
            broker_session_id: session,
            broker: BrokerKey::Kite,
            variety,
            place_before: now.world.plus_ms(20 * 60_000),
            shown: "{}".to_owned(),
            created_at: now.world,
        };
        let tickets: Vec<OrderTicket> = legs.iter().map(|leg| self.ticket(*leg, variety)).collect();
        let gateway_id = self.gateway.id;
        self.write(move |tx| {
            let batch = batches::insert(tx, &new, &tickets)?;
            jobs::put(
                tx,
                gateway_id,
                jobs::JobDomain::Wall,
                kind::PLACE_BATCH,
                batch,
                now.wall,
            )?;
            Ok(txn_id)
        })
    }

    fn ticket(&self, (side, ticker, quantity): Leg, variety: Variety) -> OrderTicket {
        OrderTicket {
            reference: ClientReference::from_random(self.engine.id_bytes(&[])),
            ticker: ticker.to_owned(),
            isin: "INE009A01021".to_owned(),
            side,
            quantity: Shares(quantity),
            order_type: OrderType::Market,
            price: None,
            validity: Validity::Day,
            variety,
        }
    }

    /// A transaction that nobody has started yet.
    pub(crate) fn created(&self) -> i64 {
        self.created_for(&Intent::Connect)
    }

    fn created_for(&self, intent: &Intent) -> i64 {
        let now = self.now().world;
        let new = NewTxn {
            gateway_id: self.gateway.id,
            public_id: TransactionId::from_random(self.engine.id_bytes(&[])),
            intent_json: serde_json::to_string(intent).unwrap(),
            principal: None,
            notes: None,
            created_at: now,
            expire_at: now.plus_ms(intent.kind().lifetime_ms()),
        };
        self.write(move |tx| {
            let id = transactions::insert(tx, &new)?;
            jobs::put(
                tx,
                new.gateway_id,
                jobs::JobDomain::World,
                kind::EXPIRE_TRANSACTION,
                id,
                new.expire_at,
            )?;
            Ok(id)
        })
    }

    /// A holdings import at the start of its fetch.
    pub(crate) fn start_import(&self, investor: &InvestorRow) -> i64 {
        self.start_import_with(investor, false)
    }

    /// The same, and whether it asks for funds.
    pub(crate) fn start_import_with(&self, investor: &InvestorRow, mf_holdings: bool) -> i64 {
        let intent = Intent::HoldingsImport {
            version: HoldingsVersion::V2,
            mf_holdings,
        };
        let id = self.transaction(&intent, investor.id, Cause::FetchStarted);
        let (gateway_id, wall) = (self.gateway.id, self.now().wall);
        self.write(move |tx| {
            jobs::put(
                tx,
                gateway_id,
                jobs::JobDomain::Wall,
                kind::FETCH_HOLDINGS,
                id,
                wall,
            )
        });
        id
    }

    /// Runs what is due now, and what follows from it at once.
    pub(crate) fn run_due(&self) {
        for _ in 0..1000 {
            let ran = run(self.engine.run_due_jobs(&self.gateway, None, self.now().world)).unwrap();
            if ran.jobs == 0 {
                return;
            }
        }
        panic!("jobs are due again and again");
    }

    /// Lets time pass until `end`, running each job when it is due.
    pub(crate) fn run_until(&self, end: Timestamp) {
        let gateway_id = self.gateway.id;
        loop {
            self.run_due();
            let wall = self.now().wall;
            let due = self.write(move |tx| {
                let both = [jobs::JobDomain::Wall, jobs::JobDomain::World];
                let due: Result<Vec<_>, _> = both
                    .into_iter()
                    .map(|domain| jobs::next_due(tx, gateway_id, domain, wall))
                    .collect();
                Ok(due?.into_iter().flatten().min())
            });
            let now = self.now().wall;
            // A job that is claimed by a dead process is due, but comes free only when its lease runs out.
            let next = due.map(|due| due.max(now.plus_ms(1000)));
            match next.filter(|next| *next <= end) {
                Some(next) => self.machine.set(next),
                None => {
                    self.machine.set(end.max(now));
                    return self.run_due();
                }
            }
        }
    }

    pub(crate) fn seen(&self, txn_id: i64) -> Seen {
        self.write(move |tx| {
            let txn = transactions::load(tx, txn_id)?;
            let batch = batches::find_by_txn(tx, txn_id)?;
            let orders = match batch {
                Some(batch) => batches::orders(tx, batch.id)?
                    .into_iter()
                    .map(|row| row.order)
                    .collect(),
                None => Vec::new(),
            };
            Ok(Seen {
                txn,
                orders,
                events: transactions::events(tx, txn_id)?,
            })
        })
    }

    /// Bodies of the webhooks that were posted, in order.
    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        lock(&self.web.requests)
            .iter()
            .map(|(_, request)| serde_json::from_slice(&request.body).unwrap())
            .collect()
    }

    /// References that the broker was sent, with a check that none was sent twice.
    pub(crate) fn sent_once(&self) -> usize {
        let sent = lock(&self.broker.sent);
        let references: BTreeSet<_> = sent.iter().map(|(_, ticket)| ticket.reference.clone()).collect();
        assert_eq!(references.len(), sent.len(), "an order was sent twice");
        sent.len()
    }
}

fn engine(
    machine: &Arc<Machine>,
    store: &Store,
    keyring: &Keyring,
    registry: &Arc<OneBroker>,
    web: &Arc<Web>,
    fetches_logos: bool,
) -> Engine {
    Engine::new(EngineParts {
        rt: machine::rt(machine, web),
        store: store.clone(),
        keyring: keyring.clone(),
        registry: Arc::clone(registry) as Arc<dyn Registry>,
        exchange: Arc::new(NoExchange),
        desk: Arc::new(NoExchange),
        market: MarketFeed::bundled(),
        public_url: "http://127.0.0.1:8080".to_owned(),
        allows_sandbox: true,
        allows_live: false,
        egress_allow: torana_webhooks::egress::AllowList::default(),
        fetches_logos,
    })
}
