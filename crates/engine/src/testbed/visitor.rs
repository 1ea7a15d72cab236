//! A person in a browser, on the pages of one flow.

use std::sync::atomic::Ordering;

use torana_brokers::{BrokerPage, BrokerReturn, BrowserForm, Deed, Holding, TestUser as _};
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::{BasketLine, Intent, OrderMeta};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{OrderType, Validity};
use torana_storage::gateway::{flows, transactions};

use super::{Bed, Leg, run};
use crate::context::lock;
use crate::details::load;
use crate::flow::access::FlowRun;
use crate::flow::returns::Parameters;
use crate::flow::{Action, Browser, Effect, FlowOptions, FlowPage, OpenedFlow};

/// A wish for these orders at the market.
pub(crate) fn basket(legs: &[Leg]) -> Intent {
    let line = |(side, ticker, quantity): &Leg| BasketLine {
        ticker: (*ticker).to_owned(),
        quantity: Some(Shares(*quantity)),
        side: Some(*side),
        order_type: OrderType::Market,
        price: None,
        validity: Validity::Day,
    };
    Intent::Securities {
        lines: legs.iter().map(line).collect(),
        meta: OrderMeta::default(),
    }
}

/// The person.
pub(crate) struct Visitor<'a> {
    bed: &'a Bed,
    pub(crate) txn: i64,
    opened: OpenedFlow,
    browser: Browser,
}

impl Bed {
    /// The broker's login is on its own pages from now on.
    pub(crate) fn open_pages(&self) {
        self.broker.pages.are_open.store(true, Ordering::SeqCst);
    }

    /// The account has so many shares of INFY, none of them cleared for sale.
    pub(crate) fn holds_uncleared(&self, shares: i64) {
        let holding = Holding {
            isin: "INE009A01021".to_owned(),
            nse_ticker: Some("INFY".to_owned()),
            bse_ticker: None,
            quantity: Shares(shares),
            t1_quantity: Shares(0),
            average_price: Price(15_000_000),
            collateral_quantity: Shares(0),
            authorised_quantity: Shares(0),
        };
        lock(&self.broker.holdings).push(holding);
    }

    /// A one-time handle to the flow of a new transaction, as a page of `origin` gets it.
    pub(crate) fn handle(&self, intent: &Intent, origin: &str) -> (i64, String) {
        let txn = self.created_for(intent);
        let loaded = self.write(move |tx| {
            let txn = transactions::load(tx, txn)?;
            load(tx, txn)
        });
        let options = FlowOptions {
            origin: origin.to_owned(),
            ..FlowOptions::default()
        };
        let flow = run(self.engine.flow_for(&self.gateway, None, &loaded, &options)).unwrap();
        let handle = BearerToken::generate(BearerKind::FlowHandle, &*self.machine);
        let (hash, until) = (handle.storage_hash(), self.now().wall.plus_ms(60_000));
        self.write(move |tx| flows::insert_handle(tx, &hash, flow, until));
        (txn, handle.reveal().to_owned())
    }

    /// Somebody who just opened the flow of a new transaction.
    pub(crate) fn visitor(&self, intent: &Intent) -> Visitor<'_> {
        let (txn, handle) = self.handle(intent, "");
        Visitor {
            bed: self,
            txn,
            opened: run(self.engine.open_flow(&handle, None)).unwrap(),
            browser: Browser::default(),
        }
    }
}

impl Visitor<'_> {
    /// The flow as it stands.
    pub(crate) fn at(&self) -> FlowRun {
        let (flow, cookie) = (self.opened.flow_id.as_str(), self.opened.cookie.as_str());
        run(self.bed.engine.flow_of_browser(flow, Some(cookie)))
            .unwrap()
            .unwrap()
    }

    /// Looks at the present page.
    pub(crate) fn looks(&self) -> FlowPage {
        let shown = run(self.bed.engine.page_shown(self.at())).unwrap();
        run(self.bed.engine.flow_page(shown, &self.browser)).unwrap()
    }

    pub(crate) fn does(&self, action: Action) -> Effect {
        run(self.bed.engine.flow_act(&self.at(), action, &self.browser)).unwrap()
    }

    /// Goes to the broker's login; gives its address.
    pub(crate) fn goes_to_login(&self) -> String {
        self.does(Action::ChooseBroker(BrokerKey::Kite));
        self.does(Action::AcceptNotice).redirect.unwrap()
    }

    /// Does something at the broker's page; gives what the browser comes back with.
    pub(crate) fn acts_at(&self, url: &str, deed: Deed) -> Parameters {
        self.acts(BrokerPage::At(url.to_owned()), deed)
    }

    /// Does something at the page with the orders; gives what the browser comes back with.
    pub(crate) fn acts_on(&self, form: &BrowserForm, deed: Deed) -> Parameters {
        self.acts(BrokerPage::Form(form.clone()), deed)
    }

    fn acts(&self, page: BrokerPage, deed: Deed) -> Parameters {
        match run(self.bed.broker.pages.act(page, deed)).unwrap() {
            BrokerReturn::Parameters(pairs) | BrokerReturn::Fields(pairs) => pairs,
        }
    }

    /// Comes back to the return address of the broker.
    pub(crate) fn comes_back(&self, parameters: &Parameters) -> Effect {
        self.comes_back_from(BrokerKey::Kite, parameters)
    }

    /// Comes back to the return address of any broker.
    pub(crate) fn comes_back_from(&self, broker: BrokerKey, parameters: &Parameters) -> Effect {
        let (engine, at) = (&self.bed.engine, self.at());
        run(engine.flow_return(&at, broker, parameters.clone(), &self.browser)).unwrap()
    }

    /// The whole login.
    pub(crate) fn logs_in(&self, account: &str) {
        let url = self.goes_to_login();
        let deed = Deed::LogIn {
            account: account.to_owned(),
        };
        self.comes_back(&self.acts_at(&url, deed));
    }
}
