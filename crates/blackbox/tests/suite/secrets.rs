//! Known secrets are planted, everything is done once, and nothing of them is found in logs or files.

use serde_json::json;
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Engine, Options, Sdk, Torana, jwt, walk};

#[test]
fn no_secret_reaches_a_log_or_lies_in_the_database_as_text() {
    // Its files are read byte by byte, which is SQLite's way to keep data.
    let options = Options::new(Engine::Sqlite).set("log.level", "\"trace\"");
    let (torana, partner, receiver) = Torana::with_receiver(options);
    partner.open_market();
    let (pan, phone, tpin) = ("QWERT9876Z", "9812345670", "123456");
    let guest = partner.guest();
    let mf = json!({"intent": "MF_HOLDINGS_IMPORT", "assetConfig": {"pan": pan, "phone": phone, "email": "canary@person.example"}, "notes": "n"});
    let _ = partner.create(&guest, &mf).refused(403, "intent_not_enabled");
    let _ = partner
        .create("canary.token.refused", &json!({"intent": "CONNECT"}))
        .refused(401, "invalid_jwt");
    let wrong = [("x-gateway-secret", "canary-wrong-api-secret")];
    let _ = partner
        .send("POST", &partner.creation(), &wrong, b"{}")
        .refused(401, "invalid_api_secret");
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let mut sell = basket(&[("ITC", 5)]);
    sell["orderConfig"]["securities"][0]["type"] = json!("SELL");
    let id = partner.transaction(&guest, &sell);
    let start = sdk.start(&id, &json!({})).data();
    let handle = start["handle"].as_str().unwrap().to_owned();
    let mut browser = torana_testkit::Browser::new(&partner.base);
    browser.start(
        start["startUrl"].as_str().unwrap(),
        &handle,
        torana_testkit::process::ORIGIN,
    );
    let _ = walk(&mut browser, &Plan::approve("kite", "TPIN01"));
    let token = sdk.settle(&id)["result"]["smallcaseAuthToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = partner.transaction(&token, &json!({"intent": "HOLDINGS_IMPORT"}));
    let _ = flow::run(
        &Sdk::initialised(&partner.base, "acme", &token),
        &second,
        &Plan::approve("kite", "TPIN01"),
    );
    let _ = receiver.wait_for_event("holdings.imported", &second);
    let third = partner.transaction(&token, &json!({"intent": "FETCH_FUNDS"}));
    let walked = partner.post_with(
        &partner.sandbox(&format!("transactions/{third}/complete")),
        &token,
        &json!({"decision": "approve", "broker": "kite", "account": "TPIN01"}),
        &[("idempotency-key", "canary")],
    );
    let answered_token = walked.data()["smallcaseAuthToken"].as_str().unwrap().to_owned();
    let cookies: Vec<String> = browser
        .set_cookies
        .iter()
        .filter_map(|line| line.split(['=', ';']).nth(1).map(str::to_owned))
        .collect();
    let mut canaries = vec![
        partner.keys.secret.clone(),
        partner.keys.api_secret.clone(),
        partner.keys.webhook_key.trim_start_matches("whsec_").to_owned(),
        guest,
        token.clone(),
        answered_token.clone(),
        handle,
        sdk.session.clone(),
        pan.to_owned(),
        phone.to_owned(),
        "canary@person.example".to_owned(),
        "canary.token.refused".to_owned(),
        "canary-wrong-api-secret".to_owned(),
        format!("tpin={tpin}"),
    ];
    canaries.extend(cookies.into_iter().filter(|value| value.len() > 20));
    for token in [&token, &answered_token] {
        canaries.push(token.split('.').nth(2).unwrap().to_owned());
    }
    let logs = torana.logs();
    assert!(logs.len() > 1000, "the log is on");
    for canary in &canaries {
        assert!(!logs.contains(canary.as_str()), "{canary} stands in the log");
    }
    let files = files_below(&std::path::PathBuf::from(torana.folder().join("data")));
    assert!(!files.is_empty());
    for (name, bytes) in files {
        for canary in canaries.iter().filter(|canary| canary.len() > 12) {
            let found = bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} stands in {name}");
        }
    }
    assert_eq!(
        jwt::open(&partner.keys.secret, &token)["smallcaseAuthId"]
            .as_str()
            .map(str::len),
        Some(24)
    );
}

fn files_below(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}
