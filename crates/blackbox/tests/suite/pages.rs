//! The hosted pages as an attacker and a careless user meet them.

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::process::ORIGIN;
use torana_testkit::{Browser, Client, Engine, Options, Partner, Sdk, Torana, walk};

on_both_engines!(a_handle_opens_one_window_once);

fn fresh(partner: &Partner) -> (Sdk, String, Browser) {
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, &partner.keys.name, &guest);
    let id = partner.transaction(&guest, &basket(&[("INFY", 1)]));
    let browser = flow::open(&sdk, &id, &json!({}));
    (sdk, id, browser)
}

fn a_handle_opens_one_window_once(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let start = sdk.start(&id, &json!({})).data();
    let (url, handle) = (
        start["startUrl"].as_str().unwrap(),
        start["handle"].as_str().unwrap(),
    );
    let mut thief = Browser::new(&partner.base);
    for wrong in ["", "h_made_up", &handle[..handle.len() - 1]] {
        let page = thief.start(url, wrong, ORIGIN);
        assert!(
            (400..500).contains(&page.answer.status),
            "{wrong:?}: {}",
            page.answer.status
        );
    }
    assert_eq!(thief.cookie_names(), Vec::<String>::new());
    let mut user = Browser::new(&partner.base);
    assert_eq!(user.start(url, handle, ORIGIN).answer.status, 200);
    let again = thief.start(url, handle, ORIGIN);
    assert!(
        (400..500).contains(&again.answer.status),
        "{}",
        again.answer.status
    );
    assert_eq!(
        thief.cookie_names(),
        Vec::<String>::new(),
        "a used handle gives no cookie"
    );
    // The address alone is worth nothing in another browser.
    let path = user.page().path.clone();
    let page = thief.open(&path);
    assert!(
        page.answer.status >= 400 || page.step == "other_browser",
        "{}",
        page.answer.status
    );
    assert!(
        !page.text.contains("INFY") && page.forms.is_empty(),
        "{}",
        page.text
    );
}

#[test]
fn the_flow_cookie_has_the_attributes_that_protect_it() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, _id, mut browser) = fresh(&partner);
    let flow_id = browser.page().path.split('/').nth(2).unwrap().to_owned();
    let line = browser
        .set_cookies
        .iter()
        .find(|line| line.starts_with(&format!("tf-{flow_id}=")))
        .expect("the flow cookie")
        .clone();
    let lower = line.to_lowercase();
    for attribute in ["httponly", "samesite=lax", "path=/"] {
        assert!(lower.contains(attribute), "{line}");
    }
    assert!(
        !lower.contains("secure") && !lower.contains("domain"),
        "http on loopback: {line}"
    );
    let value = line.split('=').nth(1).unwrap().split(';').next().unwrap();
    assert!(value.len() >= 43, "256 random bits: {line}");
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01"));
    let known = |name: &String| name.starts_with("tf-") || name == "tb-acme";
    assert!(
        browser.cookie_names().iter().all(known),
        "there are no others: {:?}",
        browser.cookie_names()
    );
}

#[test]
fn forms_without_the_right_token_change_nothing() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, id, mut browser) = fresh(&partner);
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    let action = browser.page().forms[0].action.clone();
    let (_, _, other) = fresh(&partner);
    let foreign = other
        .page()
        .forms
        .first()
        .and_then(|f| f.fields.iter().find(|x| x.name == "csrf"))
        .map(|x| x.value.clone())
        .unwrap_or_default();
    let base = partner.base.clone();
    for fields in [
        vec![("action", "confirm")],
        vec![("action", "confirm"), ("csrf", "")],
        vec![("action", "confirm"), ("csrf", foreign.as_str())],
    ] {
        let page = browser.clone().post(&action, &fields, &base).clone();
        assert!(
            page.answer.status >= 400,
            "{fields:?}: {} {}",
            page.answer.status,
            page.text
        );
        assert_eq!(partner.raw_status(&id), "USED", "{fields:?}");
    }
}

#[test]
fn forms_of_foreign_pages_change_nothing_even_with_the_token() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, id, mut browser) = fresh(&partner);
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    let page = browser.page();
    let action = page.forms[0].action.clone();
    let csrf = page.attribute("body", "data-csrf").unwrap();
    let gone = format!("{}/gone", action.rsplit_once('/').unwrap().0);
    let own = partner.base.clone();
    let fields = [("action", "confirm"), ("csrf", csrf.as_str())];
    for foreign in ["https://evil.example", ORIGIN, &format!("{own}0"), ""] {
        for path in [&action, &gone] {
            let page = browser.clone().post(path, &fields, foreign).clone();
            assert_eq!(page.answer.status, 403, "{path} from {foreign:?}: {}", page.text);
        }
        assert_eq!(partner.raw_status(&id), "USED", "{foreign:?}");
    }
    // Browsers say `null` for forms of pages with a strict referrer policy, as ours are.
    let page = browser.post(&action, &fields, "null");
    assert_eq!(page.answer.status, 200, "{}", page.text);
    assert_ne!(partner.raw_status(&id), "USED");
}

#[test]
fn a_handle_is_worth_nothing_at_another_origin() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let start = sdk.start(&id, &json!({})).data();
    let (url, handle) = (
        start["startUrl"].as_str().unwrap(),
        start["handle"].as_str().unwrap(),
    );
    let mut browser = Browser::new(&partner.base);
    assert_eq!(
        browser.start(url, handle, "https://evil.example").answer.status,
        410
    );
    assert_eq!(
        browser.start(url, handle, ORIGIN).answer.status,
        410,
        "it is spent"
    );
    assert_eq!(browser.cookie_names(), Vec::<String>::new());
    let again = sdk.start(&id, &json!({})).data();
    assert_eq!(
        browser
            .start(url, again["handle"].as_str().unwrap(), ORIGIN)
            .answer
            .status,
        200,
        "the page itself gets a fresh one"
    );
}

#[test]
fn steps_cannot_be_skipped() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, id, mut browser) = fresh(&partner);
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("brokers"));
    let flow = browser.page().path.rsplit_once('/').unwrap().0.to_owned();
    let csrf = browser.page().forms[0]
        .fields
        .iter()
        .find(|f| f.name == "csrf")
        .unwrap()
        .value
        .clone();
    let base = partner.base.clone();
    for step in [
        "review",
        "consent",
        "checks",
        "authorise",
        "market",
        "status",
        "progress",
        "done",
    ] {
        let page = browser.clone().open(&format!("{flow}/{step}")).clone();
        assert_ne!(page.step, step, "{step} is not due yet");
        let page = browser
            .clone()
            .post(
                &format!("{flow}/{step}"),
                &[("csrf", &csrf), ("action", "confirm")],
                &base,
            )
            .clone();
        assert!(
            page.step != step || page.answer.status >= 400,
            "{step}: {}",
            page.text
        );
        assert_eq!(partner.raw_status(&id), "INITIALIZED", "{step}");
    }
}

#[test]
fn a_double_submit_places_one_batch() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, id, mut browser) = fresh(&partner);
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut copy = browser.clone();
            scope.spawn(move || drop(copy.press("action", "confirm", &[]).clone()));
        }
    });
    let data = partner.wait_for_status(&id, "COMPLETED");
    let batches = data["transactionDetails"]["success"]["data"]["batches"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(
        (batches.len(), &batches[0]["quantity"]),
        (1, &json!(1)),
        "{batches:?}"
    );
}

#[test]
fn what_a_partner_writes_is_text() {
    let (_torana, partner) =
        Torana::with_partner_and(Options::default(), &["--display-name", "<b>Acme</b> & \"Sons\""]);
    partner.open_market();
    let guest = partner.guest();
    let mut body = basket(&[("INFY", 1)]);
    body["orderConfig"]["meta"] = json!({"orderName": "<script>alert(1)</script>{{ 7*7 }}"});
    let id = partner.transaction(&guest, &body);
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01").until("review"));
    let page = browser.page();
    assert!(
        page.text.contains("<script>alert(1)</script>{{ 7*7 }}"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<b>Acme</b> & \"Sons\""), "{}", page.text);
    assert!(
        !page.answer.text.contains("<script>alert"),
        "escaped in the source"
    );
}

#[test]
fn unknown_pages_and_methods_say_so_kindly() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let mut browser = Browser::new(&partner.base);
    for path in [
        "/flow/nothing/brokers",
        "/flow/nothing",
        "/flow/plug/x",
        "/flow",
        "/return/kite",
        "/return/nobody",
        "/return/kite?state=%00%ff",
    ] {
        let page = browser.open(path);
        assert!(
            (400..500).contains(&page.answer.status),
            "{path}: {}",
            page.answer.status
        );
        assert!(!page.answer.text.is_empty(), "{path}");
    }
    assert_eq!(browser.open("/flow/start").answer.status, 405);
    for path in [
        "/assets/../torana.toml",
        "/assets/%2e%2e/torana.toml",
        "/assets/nothing.css",
    ] {
        let status = browser.open(path).answer.status;
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
}

#[test]
fn the_flow_returns_only_to_listed_origins() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let guest = partner.guest();
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    for evil in [
        "https://evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "https://app.acme.example.evil.example/",
        "https://app.acme.example@evil.example/",
    ] {
        let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
        let answer = sdk.start(&id, &json!({"flowMode": "redirect", "returnUrl": evil}));
        assert!((400..500).contains(&answer.status), "{evil}: {}", answer.text);
    }
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let back = format!("{ORIGIN}/shop?a=1&status=old");
    let mut browser = flow::open(&sdk, &id, &json!({"flowMode": "redirect", "returnUrl": back}));
    let _ = walk(&mut browser, &Plan::approve("kite", "DEMO01"));
    let target = browser
        .left_to
        .clone()
        .or_else(|| browser.page().refresh.clone())
        .expect("a way back");
    assert!(target.starts_with(&format!("{ORIGIN}/shop?a=1")), "{target}");
    assert!(
        target.contains(&format!("transactionId={id}")) && target.contains("status=COMPLETED"),
        "{target}"
    );
    assert!(
        !target.contains("status=old") && !target.contains("eyJ"),
        "{target}"
    );
}

#[test]
fn assets_are_kept_for_ever_and_the_sdk_for_five_minutes() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.open_market();
    let (_sdk, _id, browser) = fresh(&partner);
    let page = browser.page();
    let style = page
        .all("link")
        .find(|tag| tag.get("rel") == Some("stylesheet"))
        .map(|tag| tag.text_of("href"))
        .unwrap();
    let asset = Client::default().get(&format!("{}{style}", partner.base), &[]);
    assert_eq!(asset.status, 200);
    assert!(
        asset.header("cache-control").unwrap().contains("immutable"),
        "{:?}",
        asset.headers
    );
    let script = Client::default().get(&format!("{}/scdk/2.0.0/scdk.js", partner.base), &[]);
    assert_eq!(script.status, 200);
    assert_eq!(script.header("cache-control"), Some("public, max-age=300"));
    assert!(script.header("content-type").unwrap().contains("javascript"));
    assert_eq!(
        script.header("access-control-allow-origin"),
        Some("*"),
        "Subresource Integrity needs it"
    );
    let etag = script.header("etag").expect("an ETag").to_owned();
    let again = Client::default().get(
        &format!("{}/scdk/2.0.0/scdk.js", partner.base),
        &[("if-none-match", &etag)],
    );
    assert_eq!((again.status, again.text.len()), (304, 0));
    let pinned = Client::default().get(&format!("{}/scdk/t-1.0.0/scdk.js", partner.base), &[]);
    assert_eq!((pinned.status, &pinned.text), (200, &script.text));
    assert!(pinned.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(
        Client::default()
            .get(&format!("{}/scdk/2.0.0/lasSdk.js", partner.base), &[])
            .status,
        404
    );
}
