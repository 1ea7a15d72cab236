//! A login on the broker's own pages, as browsers and strangers see it.

use std::sync::atomic::Ordering;

use http::{Method, StatusCode, header};
use torana_domain::intent::{BasketLine, Intent, OrderMeta};
use torana_domain::money::Shares;
use torana_domain::order::{OrderType, Side, Validity};
use torana_engine::flow::OpenedFlow;

use crate::bench::{Answer, Bench, cookie};
use crate::broker::{AUTHORISE_AT, ORDERS_AT};

/// Stands for everything secret that a broker sends along.
const CODE: &str = "CODE4711";

/// A browser that has one flow open.
struct Browser<'a> {
    bench: &'a Bench,
    flow: OpenedFlow,
}

impl<'a> Browser<'a> {
    fn new(bench: &'a Bench) -> Self {
        Self::with(bench, Intent::Connect)
    }

    fn with(bench: &'a Bench, intent: Intent) -> Self {
        let flow = bench.opened(intent);
        Self { bench, flow }
    }

    fn path(&self, step: &str) -> String {
        format!("/flow/{}/{step}", self.flow.flow_id)
    }

    fn get(&self, path: &str) -> Answer {
        self.bench.get(path, &cookie(&self.flow))
    }

    fn post(&self, step: &str, fields: &str) -> Answer {
        let page = self.get(&self.path(step)).html();
        let (_, csrf) = page.split_once("data-csrf=\"").unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let body = format!("csrf={csrf}&{fields}");
        self.bench
            .send(Method::POST, &self.path(step), &cookie(&self.flow), &body)
    }

    /// From the chooser to the page that leads to the broker.
    fn leaves(&self) -> Answer {
        assert_eq!(
            self.post("brokers", "broker=kite").location(),
            self.path("notice")
        );
        self.post("notice", "action=continue")
    }
}

/// Where a page leads to by itself.
fn target(page: &Answer) -> String {
    let html = page.html();
    let (_, url) = html.split_once("content=\"0;url=").unwrap();
    url.split('"').next().unwrap().to_owned()
}

fn state_of(url: &str) -> &str {
    url.split_once("state=").unwrap().1
}

/// The address that the broker sends the browser back to.
fn back(page: &Answer) -> String {
    format!("/return/kite?code={CODE}&state={}", state_of(&target(page)))
}

fn completed(bench: &Bench) -> i64 {
    bench.broker.completed.load(Ordering::SeqCst)
}

#[test]
fn the_user_is_led_to_the_broker_and_back() {
    let bench = Bench::new();
    let browser = Browser::new(&bench);
    let page = browser.leaves();
    assert_eq!(page.status, StatusCode::OK);
    let url = target(&page);
    assert!(url.starts_with("https://kite.test/login?v=3&state="), "{url}");
    assert!(
        page.html().contains(&format!("href=\"{url}\"")),
        "without refresh"
    );
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("form-action 'self';"), "{policy}");
    let answer = browser.get(&back(&page));
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, browser.path("done").as_str())
    );
    assert!(answer.header(header::SET_COOKIE).starts_with("tb-acme=tb_"));
    let again = browser.get(&back(&page));
    assert_eq!(again.location(), browser.path("done"));
    assert!(again.header(header::SET_COOKIE).is_empty());
    assert_eq!(completed(&bench), 1);
}

#[test]
fn the_login_page_leads_there_again_and_tells_how_it_went() {
    let bench = Bench::new();
    let browser = Browser::new(&bench);
    let first = target(&browser.leaves());
    let page = browser.get(&browser.path("login")).html();
    assert!(
        page.contains("Continue to Zerodha") && !page.contains("name=\"account\""),
        "{page}"
    );
    assert!(page.contains(&browser.path("cancel")), "the way out");
    let refused = browser.get(&format!(
        "/return/kite?status=cancelled&state={}",
        state_of(&first)
    ));
    assert_eq!(refused.location(), browser.path("login"));
    let page = browser.get(&browser.path("login")).html();
    assert!(page.contains("You &lt;left&gt; the login."), "{page}");
    let second = browser.post("login", "");
    assert_ne!(target(&second), first);
    assert_eq!(browser.get(&back(&second)).location(), browser.path("done"));
}

#[test]
fn another_browser_learns_nothing_and_changes_nothing() {
    let bench = Bench::new();
    let (browser, stranger) = (Browser::new(&bench), Browser::new(&bench));
    let page = browser.leaves();
    for cookie in [String::new(), cookie(&stranger.flow)] {
        let answer = bench.get(&back(&page), &cookie);
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.html().contains("belongs to another browser"));
        assert!(!answer.html().contains(CODE));
    }
    assert_eq!(completed(&bench), 0);
    let answer = browser.get(&back(&page));
    assert_eq!(answer.location(), browser.path("done"));
}

#[test]
fn a_broker_may_post_where_no_cookie_comes_along() {
    let bench = Bench::new();
    let browser = Browser::new(&bench);
    let page = browser.leaves();
    let form = format!("code={CODE}&state={}", state_of(&target(&page)));
    let post = |form: &str| bench.send(Method::POST, "/return/kite", "", form);
    let answer = post(&form);
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.location();
    assert!(location.starts_with("/return/kite?state="), "{location}");
    assert!(!location.contains(CODE) && !location.contains(state_of(&target(&page))));
    assert_eq!(bench.get(location, "").status, StatusCode::FORBIDDEN);
    assert_eq!(post(&form).location(), browser.path("login"), "posted twice");
    assert_eq!(completed(&bench), 0);
    assert_eq!(browser.get(location).location(), browser.path("done"));
    assert_eq!(browser.get(location).location(), browser.path("done"));
    assert_eq!(completed(&bench), 1);
}

#[test]
fn without_a_value_the_one_flow_that_waits_in_this_browser_is_meant() {
    let bench = Bench::new();
    bench.broker.forgets_state.store(true, Ordering::SeqCst);
    let (one, two, idle) = (Browser::new(&bench), Browser::new(&bench), Browser::new(&bench));
    one.leaves();
    two.leaves();
    let jar = |browsers: &[&Browser<'_>]| {
        let cookies: Vec<String> = browsers.iter().map(|browser| cookie(&browser.flow)).collect();
        cookies.join("; ")
    };
    let path = format!("/return/kite?code={CODE}");
    for nobody in [jar(&[&one, &two]), jar(&[&idle]), String::new()] {
        let answer = bench.get(&path, &nobody);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nobody}");
        assert!(!answer.html().contains(CODE));
    }
    assert_eq!(completed(&bench), 0);
    let answer = bench.get(&path, &jar(&[&idle, &one]));
    assert_eq!(answer.location(), one.path("done"));
    let answer = bench.get(&path, &jar(&[&one, &two, &idle]));
    assert_eq!(
        answer.location(),
        two.path("done"),
        "one is done, the other waits"
    );
}

#[test]
fn hostile_returns_get_a_page_and_do_nothing() {
    let bench = Bench::new();
    let browser = Browser::new(&bench);
    let page = browser.leaves();
    let url = target(&page);
    let state = state_of(&url);
    let flow = &browser.flow.flow_id;
    let zeros = "A".repeat(43);
    let long = "x".repeat(9000);
    let queries = [
        String::new(),
        format!("code={CODE}"),
        format!("code={CODE}&state="),
        format!("code={CODE}&state=%00%ff"),
        format!("code={CODE}&state={flow}"),
        format!("code={CODE}&state={flow}.r_{zeros}"),
        format!("code={CODE}&state={state}&state={state}"),
        format!("code={CODE}&state={state}x"),
        format!("code={CODE}&state={}", state.to_uppercase()),
        format!("code={CODE}&state=../../{state}"),
        format!("code={CODE}&State={state}"),
        format!("code={CODE}&state={state}&x={long}"),
        format!("code={CODE}&state={state}{}", "&x=1".repeat(60)),
        format!("code={CODE}&state=000000000000000000000000.r_{zeros}"),
        format!("state=<script>{CODE}</script>"),
    ];
    for query in &queries {
        let encoded = query.replace('<', "%3C").replace('>', "%3E");
        for cookie in [String::new(), cookie(&browser.flow)] {
            for answer in [
                bench.get(&format!("/return/kite?{encoded}"), &cookie),
                bench.send(Method::POST, "/return/kite", &cookie, query),
                bench.send(Method::POST, &format!("/return/kite?{encoded}"), &cookie, ""),
            ] {
                assert!(answer.status.as_u16() < 500, "{query}: {}", answer.status);
                assert!(!answer.html().contains(CODE), "{query}");
                assert!(!answer.location().contains(CODE), "{query}");
            }
        }
    }
    for path in ["/return/nobody", "/return/", "/return/kite/x", "/return/groww"] {
        let status = browser.get(&format!("{path}?code={CODE}&state={state}")).status;
        assert!(!status.is_server_error(), "{path}: {status}");
    }
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let path = format!("/return/kite?code={CODE}&state={state}");
        let answer = bench.send(method.clone(), &path, &cookie(&browser.flow), "");
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(completed(&bench), 0);
    assert_eq!(
        browser.get(&back(&page)).location(),
        browser.path("done"),
        "none of them used it up"
    );
}

#[test]
fn shares_are_cleared_in_a_tab_beside_ours() {
    let bench = Bench::new();
    let browser = Browser::with(&bench, Intent::AuthoriseHoldings);
    let back = back(&browser.leaves());
    assert_eq!(browser.get(&back).location(), browser.path("authorise"));
    let page = browser.get(&browser.path("authorise"));
    let link = format!("href=\"{AUTHORISE_AT}\" target=\"_blank\" rel=\"noopener\"");
    assert!(page.html().contains(&link), "{}", page.html());
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("form-action 'self';"), "{policy}");
    let done = browser.post("authorise", "action=authorise");
    assert_eq!(done.location(), browser.path("done"));
}

fn one_order() -> Intent {
    Intent::Securities {
        lines: vec![BasketLine {
            ticker: "INFY".to_owned(),
            quantity: Some(Shares(3)),
            side: Some(Side::Buy),
            order_type: OrderType::Market,
            price: None,
            validity: Validity::Day,
        }],
        meta: OrderMeta::default(),
    }
}

/// The value in the form that carries the orders to the broker.
fn carried_state(page: &Answer) -> String {
    let html = page.html().replace("&quot;", "\"");
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.contains("form-action 'self' https://kite.test;"),
        "{policy}"
    );
    let (_, form) = html.split_once("<form method=\"post\" action=\"").unwrap();
    let form = form.split("</form>").next().unwrap();
    assert!(form.starts_with(ORDERS_AT), "{form}");
    assert!(
        form.contains("value=\"[\"INFY\"]\"") && form.contains("type=\"submit\""),
        "{form}"
    );
    assert!(!form.contains("csrf"), "{form}");
    let (_, state) = form.split_once("state=").unwrap();
    state.split('"').next().unwrap().to_owned()
}

#[test]
fn orders_are_confirmed_at_the_broker() {
    let bench = Bench::new();
    bench.broker.takes_orders.store(true, Ordering::SeqCst);
    let browser = Browser::with(&bench, one_order());
    let login = back(&browser.leaves());
    assert_eq!(browser.get(&login).location(), browser.path("review"));
    let page = browser.post("review", "action=confirm");
    assert_eq!(page.status, StatusCode::OK);
    let first = carried_state(&page);
    for step in ["progress", "review", "status"] {
        let answer = browser.get(&browser.path(step));
        assert_eq!(answer.location(), browser.path("hand-off"), "{step}");
    }
    let left = browser.get(&format!("/return/kite?status=cancelled&state={first}"));
    assert_eq!(left.location(), browser.path("hand-off"));
    let page = browser.get(&browser.path("hand-off")).html();
    assert!(
        page.contains("without a confirmation") && page.contains("INFY"),
        "{page}"
    );
    let second = carried_state(&browser.post("hand-off", "action=continue"));
    assert_ne!(first, second);
    let used = browser.get(&format!("/return/kite?code={CODE}&state={first}"));
    assert_eq!(used.location(), browser.path("hand-off"), "that value is used up");
    let form = format!("code={CODE}&state={second}");
    let kept = bench.send(Method::POST, "/return/kite", "", &form);
    let confirmed = browser.get(kept.location());
    assert_eq!(confirmed.location(), browser.path("progress"));
    assert_eq!(
        browser.get(&browser.path("hand-off")).location(),
        browser.path("progress")
    );
}

#[test]
fn a_user_may_close_the_orders_unconfirmed() {
    let bench = Bench::new();
    bench.broker.takes_orders.store(true, Ordering::SeqCst);
    let browser = Browser::with(&bench, one_order());
    browser.get(&back(&browser.leaves()));
    browser.post("review", "action=confirm");
    let closed = browser.post("hand-off", "action=finish");
    assert_eq!(closed.location(), browser.path("done"));
}
