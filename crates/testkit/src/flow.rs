//! A user who knows what to do on every hosted page.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::html::Form;
use crate::process::ORIGIN;
use crate::sdk::Sdk;

/// More pages than any flow has; a flow that goes in circles fails the test.
const PAGES_MAX: usize = 1000;
/// Where a broker's page clears shares for sale.
const DEPOSITORY_PATH: &str = "/connect/portfolio/authorise/";
/// How often the page that shows progress is looked at.
const PROGRESS_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// What the user does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Broker chosen where there is a choice.
    pub broker: String,
    /// Account of the login.
    pub account: String,
    /// Whether the holdings are shared.
    pub consents: bool,
    /// Fields typed on the review page.
    pub typed: Vec<(String, String)>,
    /// TPIN typed where the depository asks.
    pub tpin: String,
    /// What to press where funds or shares are short: `proceed` or `leave`.
    pub when_short: String,
    /// Whether an after-market offer is taken.
    pub takes_amo: bool,
    /// The step at which the user stops, with the page on the screen.
    pub stop_at: String,
}

impl Plan {
    /// Goes through with everything.
    #[must_use]
    pub fn approve(broker: &str, account: &str) -> Self {
        Self {
            broker: broker.to_owned(),
            account: account.to_owned(),
            consents: true,
            typed: Vec::new(),
            tpin: "123456".to_owned(),
            when_short: "leave".to_owned(),
            takes_amo: false,
            stop_at: String::new(),
        }
    }

    /// Stops at a step.
    #[must_use]
    pub fn until(mut self, step: &str) -> Self {
        step.clone_into(&mut self.stop_at);
        self
    }

    /// Types into the review page.
    #[must_use]
    pub fn typing(mut self, fields: &[(&str, &str)]) -> Self {
        self.typed = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self
    }
}

/// Starts a transaction's flow in a fresh browser.
#[must_use]
pub fn open(sdk: &Sdk, transaction: &str, options: &Value) -> Browser {
    let mut browser = Browser::new(&sdk.base);
    open_in(&mut browser, sdk, transaction, options);
    browser
}

/// Starts a transaction's flow in a browser that was used before.
///
/// # Panics
/// If the start is refused.
pub fn open_in(browser: &mut Browser, sdk: &Sdk, transaction: &str, options: &Value) {
    let start = sdk.start(transaction, options).data();
    let (url, handle) = (
        start["startUrl"].as_str().expect("startUrl"),
        start["handle"].as_str().expect("handle"),
    );
    let page = browser.start(url, handle, &sdk.origin);
    assert_eq!(page.answer.status, 200, "the first page: {}", page.answer.text);
}

/// Walks through the pages until the last one, or the plan's stop. Returns the steps that were seen.
///
/// # Panics
/// On an error page, on a page that the user does not know, and on a flow that does not end.
pub fn walk(browser: &mut Browser, plan: &Plan) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = browser.page().clone();
        if steps.last() != Some(&page.step) {
            steps.push(page.step.clone());
        }
        if browser.left_to.is_some() || page.step == "done" || page.step == plan.stop_at {
            return steps;
        }
        assert_eq!(
            page.answer.status, 200,
            "{} after {steps:?}: {}",
            page.path, page.text
        );
        step(browser, plan, &page.step);
    }
    panic!("the flow does not end: {steps:?}, now {}", browser.page().text);
}

fn step(browser: &mut Browser, plan: &Plan, step: &str) {
    let typed: Vec<(&str, &str)> = plan
        .typed
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    match step {
        "loading" => {
            browser.refresh();
        }
        // On the way to the broker's own page.
        "login" if browser.page().refresh.is_some() => {
            browser.refresh();
        }
        "progress" => {
            std::thread::sleep(PROGRESS_PAUSE);
            browser.refresh();
        }
        "brokers" => {
            browser.press("broker", &plan.broker, &[]);
        }
        "notice" | "session" => {
            browser.press("action", "continue", &[]);
        }
        "login" => {
            browser.press("", "", &[("account", &plan.account)]);
        }
        // The broker's own page.
        "kite" => {
            browser.press("action", "confirm", &[("account", &plan.account)]);
        }
        // To the broker's own page with the orders; what the page's script does at once.
        "hand-off" => {
            let leads_out = |form: &Form| form.action.starts_with("http");
            let name = if browser.page().forms.iter().any(leads_out) {
                ""
            } else {
                "action"
            };
            browser.press(name, if name.is_empty() { "" } else { "continue" }, &[]);
        }
        "consent" => {
            browser.press("action", if plan.consents { "accept" } else { "deny" }, &[]);
        }
        "review" => {
            browser.press("action", "confirm", &typed);
        }
        "checks" => {
            browser.press("action", &plan.when_short, &[]);
        }
        "authorise" => {
            let mut links = browser.page().links.iter();
            if let Some((page, _)) = links.find(|(href, _)| href.contains(DEPOSITORY_PATH)).cloned() {
                // The depository's page opens in a tab of its own.
                let mut tab = browser.clone();
                tab.open(&page);
                tab.press("action", "confirm", &[("tpin", &plan.tpin)]);
                browser.press("action", "authorise", &[]);
            } else {
                browser.press("action", "authorise", &[("tpin", &plan.tpin)]);
            }
        }
        "market" => {
            browser.press("action", if plan.takes_amo { "amo" } else { "leave" }, &[]);
        }
        "status" | "mismatch" => {
            browser.press("action", "finish", &[]);
        }
        other => panic!(
            "no idea what to do on the page {other:?} ({}): {}",
            browser.page().path,
            browser.page().text
        ),
    }
}

/// The whole way of one transaction through the hosted pages: start, walk, settlement.
#[must_use]
pub fn run(sdk: &Sdk, transaction: &str, plan: &Plan) -> (Browser, Value) {
    let mut browser = open(sdk, transaction, &json!({}));
    let _ = walk(&mut browser, plan);
    let settlement = sdk.settle(transaction);
    (browser, settlement)
}

/// Origin of the partner's pages.
#[must_use]
pub const fn partner_origin() -> &'static str {
    ORIGIN
}
