//! The main story, from a guest to filled orders, holdings and funds: once through the hosted pages as a user
//! without scripts, once through the sandbox control API. Both must end the same.

use serde_json::{Value, json};
use torana_testkit::flow::{self, Plan};
use torana_testkit::partner::basket;
use torana_testkit::{Browser, Engine, Options, Partner, Receiver, Sdk, Torana, jwt, walk};

const BASKET: [(&str, i64); 3] = [("INFY", 3), ("ITC", 7), ("RELIANCE", 2)];

on_both_engines!(
    the_story_through_the_hosted_pages,
    the_story_through_the_control_api,
    selling_without_standing_authorisation_asks_for_the_tpin,
);

/// How a transaction gets done; returns the settlement of the SDK.
trait Way {
    fn finish(&mut self, partner: &Partner, token: &str, id: &str, account: &str) -> Value;
}

#[derive(Default)]
struct Pages {
    steps: Vec<String>,
}

impl Way for Pages {
    fn finish(&mut self, partner: &Partner, token: &str, id: &str, account: &str) -> Value {
        let sdk = Sdk::initialised(&partner.base, &partner.keys.name, token);
        let mut browser = flow::open(&sdk, id, &json!({}));
        self.steps = walk(&mut browser, &Plan::approve("kite", account));
        check_addresses(&browser);
        sdk.settle(id)
    }
}

struct Control;

impl Way for Control {
    fn finish(&mut self, partner: &Partner, token: &str, id: &str, account: &str) -> Value {
        let body = json!({"decision": "approve", "broker": "kite", "account": account});
        partner.complete(token, id, &body).data()["settlement"].clone()
    }
}

/// No handle, token or cookie ever stands in an address.
fn check_addresses(browser: &Browser) {
    for path in &browser.visited {
        assert!(
            !path.contains("eyJ") && !path.contains("h_") && path.len() < 200,
            "{path}"
        );
    }
}

fn the_story_through_the_hosted_pages(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    let mut pages = Pages::default();
    tell(&partner, &receiver, &mut pages);
    let sdk_result = result_of_an_order(&partner);
    check_result_object(&sdk_result);
}

fn the_story_through_the_control_api(engine: Engine) {
    let (_torana, partner, receiver) = Torana::with_receiver(Options::new(engine));
    tell(&partner, &receiver, &mut Control);
}

fn tell(partner: &Partner, receiver: &Receiver, way: &mut dyn Way) {
    partner.open_market();
    let user = connect(partner, way);
    let token = partner.connected(&user);
    buy(partner, receiver, way, &user);
    import_holdings(partner, receiver, way, &user);
    read_funds(partner, way, &token);
    authorise(partner, way, &token);
}

fn connect(partner: &Partner, way: &mut dyn Way) -> String {
    let guest = partner.guest();
    let id = partner.transaction(&guest, &json!({"intent": "CONNECT"}));
    let settlement = way.finish(partner, &guest, &id, "DEMO01");
    assert_eq!(settlement["outcome"], "resolve", "{settlement}");
    let data = partner.details(&guest, &id).data();
    assert_eq!(data["status"], "COMPLETED", "{data}");
    data["smallcaseAuthId"]
        .as_str()
        .expect("smallcaseAuthId")
        .to_owned()
}

fn buy(partner: &Partner, receiver: &Receiver, way: &mut dyn Way, user: &str) {
    let token = partner.connected(user);
    let mut body = basket(&BASKET);
    body["notes"] = json!("plan-42");
    let id = partner.transaction(&token, &body);
    let settlement = way.finish(partner, &token, &id, "DEMO01");
    assert_eq!(settlement["outcome"], "resolve", "{settlement}");
    let data = partner.wait_for_status(&id, "COMPLETED");
    let batch = &data["transactionDetails"]["success"]["data"]["batches"][0];
    check_batch(batch, &id);
    assert_eq!(
        &data["transactionDetails"]["success"]["data"]["orderBatches"][0],
        batch
    );
    let (placed, completed) = (
        receiver.wait_for_event("order.placed", &id),
        receiver.wait_for_event("order.completed", &id),
    );
    for (webhook, status, sequence) in [(&placed, "PLACED", 1), (&completed, "COMPLETED", 2)] {
        webhook.verify(&partner.keys);
        let body = webhook.json();
        let expected = json!({
            "status": status, "sequence": sequence, "transactionId": id, "smallcaseAuthId": user, "broker": "kite",
            "intent": "TRANSACTION", "gateway": "acme", "notes": "plan-42", "batchId": batch["batchId"],
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&body[member], value, "{member} in {body}");
        }
    }
    assert_eq!(placed.json()["completedDate"], Value::Null);
    assert_eq!(
        completed.json()["orders"].as_array().map(Vec::len),
        Some(BASKET.len())
    );
    assert_eq!(completed.json()["buyAmount"], batch["buyAmount"]);
    assert_ne!(placed.header("webhook-id"), completed.header("webhook-id"));
    let orders = partner
        .get(
            &partner.engine(&format!("user/orders?transactionId={id}")),
            &token,
        )
        .data();
    assert_eq!(
        orders["orderBatches"],
        json!([batch]),
        "orders and details show the same batch"
    );
}

fn check_batch(batch: &Value, id: &str) {
    let count = BASKET.len();
    let expected = json!({"transactionId": id, "quantity": count, "filled": count, "status": "COMPLETED", "variety": "regular", "broker": "kite", "sellAmount": 0, "unplaced": []});
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&batch[member], value, "{member} in {batch}");
    }
    assert_eq!(batch["batchId"].as_str().map(str::len), Some(24), "{batch}");
    assert_eq!(batch["completedDate"].as_str().map(str::len), Some(24), "{batch}");
    let orders = batch["orders"].as_array().unwrap();
    let mut paid = 0.0;
    for (ticker, quantity) in BASKET {
        let order = orders
            .iter()
            .find(|order| order["tradingsymbol"] == ticker)
            .expect("one order per line");
        let expected = json!({
            "status": "COMPLETE", "quantity": quantity, "filledQuantity": quantity, "transactionType": "BUY", "exchange": "NSE",
            "orderType": "MARKET", "product": "CNC", "validity": "DAY", "errorCode": null, "rawStatus": "COMPLETE",
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&order[member], value, "{member} in {order}");
        }
        assert!(
            order["exchangeOrderId"].is_string() && order["orderTimestamp"].is_string(),
            "{order}"
        );
        assert!(
            ["broker_answer", "order_book", "reference_lookup"]
                .contains(&order["evidence"].as_str().unwrap()),
            "{order}"
        );
        let average = order["averagePrice"].as_f64().expect("a number");
        assert!(average > 0.0, "{order}");
        paid += average * f64::from(u32::try_from(quantity).unwrap());
    }
    let amount = batch["buyAmount"].as_f64().unwrap();
    assert!(
        (amount - paid).abs() < 0.1,
        "buyAmount {amount} is not the sum {paid}"
    );
}

fn import_holdings(partner: &Partner, receiver: &Receiver, way: &mut dyn Way, user: &str) {
    let (token, guest) = (partner.connected(user), partner.guest());
    let holdings = partner.engine("user/holdings");
    let _ = partner
        .get(&holdings, &guest)
        .refused(403, "connected_user_required");
    let _ = partner
        .get(&holdings, &token)
        .refused(404, "holdings_not_imported");
    let _ = partner
        .get(&format!("{holdings}?version=v3"), &token)
        .refused(400, "validation_failed");
    for version in ["v1", "v2"] {
        let body = json!({"intent": "HOLDINGS_IMPORT", "version": version, "notes": "u-17"});
        let id = partner.transaction(&token, &body);
        let settlement = way.finish(partner, &token, &id, "DEMO01");
        assert_eq!(settlement["outcome"], "resolve", "{settlement}");
        assert_eq!(
            partner.wait_for_status(&id, "COMPLETED")["transactionDetails"]["success"]["data"],
            json!({})
        );
        let webhook = receiver.wait_for_event("holdings.imported", &id);
        webhook.verify(&partner.keys);
        let body = webhook.json();
        let read = partner
            .get(&format!("{holdings}?version={version}"), &token)
            .data();
        assert_eq!(body["securities"], read["securities"], "{version}");
        assert_eq!(
            (&body["smallcaseAuthId"], &body["notes"], &body["broker"]),
            (&json!(user), &json!("u-17"), &json!("kite"))
        );
        check_holdings(&read, version);
        let older = partner
            .get(&format!("/gateway/acme/user/holdings?version={version}"), &token)
            .data();
        assert_eq!(older["securities"], read["securities"], "both paths answer alike");
    }
}

fn check_holdings(data: &Value, version: &str) {
    assert_eq!(
        data["smallcases"],
        json!({"public": [], "private": {"stats": {"currentValue": 0, "totalReturns": 0}, "investments": []}})
    );
    for member in [
        "updating",
        "lastUpdate",
        "snapshotDate",
        "smallcaseAuthId",
        "broker",
        "notes",
    ] {
        assert!(data.get(member).is_some(), "{member} in {data}");
    }
    assert_eq!(data.get("mutualFunds"), None, "not asked for");
    if version == "v1" {
        let holdings = data["securities"]["holdings"].as_array().expect("v1 holdings");
        let infy = holdings.iter().find(|one| one["ticker"] == "INFY").expect("INFY");
        assert!(
            infy["shares"].as_i64().unwrap() > 0 && infy["averagePrice"].is_number(),
            "{infy}"
        );
        assert!(data["securities"]["positions"].is_array());
        return;
    }
    let securities = data["securities"].as_array().expect("v2 securities");
    let infy = securities
        .iter()
        .find(|one| one["nseTicker"] == "INFY")
        .expect("INFY");
    assert_eq!(infy["isin"], "INE009A01021");
    let held = infy["holdings"]["quantity"].as_i64().unwrap();
    let bought = infy["positions"]["nse"]["quantity"].as_i64().unwrap();
    assert_eq!(bought, 3, "what was bought today is a position: {infy}");
    assert_eq!(infy["transactableQuantity"], held + bought, "{infy}");
    assert!(
        securities.iter().any(|one| one["nseTicker"].is_null()),
        "a name that is on BSE only is there too"
    );
}

fn read_funds(partner: &Partner, way: &mut dyn Way, token: &str) {
    let id = partner.transaction(token, &json!({"intent": "FETCH_FUNDS"}));
    let settlement = way.finish(partner, token, &id, "DEMO01");
    assert_eq!(settlement["outcome"], "resolve", "{settlement}");
    let data = partner.details(token, &id).data();
    let funds = data["transactionDetails"]["success"]["data"]["funds"]
        .as_f64()
        .expect("funds");
    assert!(
        funds > 0.0 && funds < 1_000_000.0,
        "less than before the purchase: {funds}"
    );
    let _ = partner.clock(&json!({"advance": "PT16M"})).data();
    let data = partner.details(token, &id).data();
    assert_eq!(
        data["transactionDetails"]["success"]["data"],
        json!({}),
        "funds are readable for 15 minutes"
    );
}

fn authorise(partner: &Partner, way: &mut dyn Way, token: &str) {
    let id = partner.transaction(token, &json!({"intent": "AUTHORISE_HOLDINGS"}));
    let settlement = way.finish(partner, token, &id, "DEMO01");
    assert_eq!(settlement["outcome"], "resolve", "{settlement}");
    let data = partner.details(token, &id).data();
    assert_eq!(
        data["transactionDetails"]["success"]["data"],
        json!({"status": true}),
        "{data}"
    );
}

fn selling_without_standing_authorisation_asks_for_the_tpin(engine: Engine) {
    let (_torana, partner) = Torana::with_partner(Options::new(engine));
    partner.open_market();
    let token = partner.connected(&partner.connect("kite", "TPIN01"));
    let mut sell = basket(&[("ITC", 5)]);
    sell["orderConfig"]["securities"][0]["type"] = json!("SELL");
    let id = partner.transaction(&token, &sell);
    let sdk = Sdk::initialised(&partner.base, "acme", &token);
    let mut browser = flow::open(&sdk, &id, &json!({}));
    let plan = Plan::approve("kite", "TPIN01");
    let steps = walk(&mut browser, &plan.clone().until("authorise"));
    assert!(steps.contains(&"authorise".to_owned()), "{steps:?}");
    let page = browser.press("action", "authorise", &[("tpin", "000000")]);
    assert_eq!(
        page.step, "authorise",
        "a wrong TPIN may be corrected: {}",
        page.text
    );
    let _ = walk(&mut browser, &plan);
    let data = partner.wait_for_status(&id, "COMPLETED");
    let batch = &data["transactionDetails"]["success"]["data"]["batches"][0];
    assert_eq!(
        (&batch["status"], &batch["orders"][0]["transactionType"]),
        (&json!("COMPLETED"), &json!("SELL")),
        "{batch}"
    );
    assert!(batch["sellAmount"].as_f64().unwrap() > 0.0, "{batch}");
}

/// The result object of one more basket, as the SDK gives it to the page.
fn result_of_an_order(partner: &Partner) -> Value {
    partner.open_market();
    let guest = partner.guest();
    let mut body = basket(&[("INFY", 1)]);
    body["notes"] = json!("n");
    let id = partner.transaction(&guest, &body);
    let sdk = Sdk::initialised(&partner.base, "acme", &guest);
    let (_browser, settlement) = flow::run(&sdk, &id, &Plan::approve("kite", "DEMO01"));
    let result = settlement["result"].clone();
    assert_eq!(result["transactionId"], id.as_str(), "{settlement}");
    let claims = jwt::open(
        &partner.keys.secret,
        result["smallcaseAuthToken"].as_str().unwrap(),
    );
    assert!(claims["smallcaseAuthId"].is_string());
    result
}

fn check_result_object(result: &Value) {
    let expected = json!({"success": true, "errors": null, "transaction": "TRANSACTION", "broker": "kite", "notes": "n"});
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&result[member], value, "{member} in {result}");
    }
    assert_eq!(result["smallcaseAuthToken"], result["data"]["smallcaseAuthToken"]);
    assert_eq!(result["orderBatches"], result["data"]["batches"]);
    assert_eq!(result["orderBatches"][0]["quantity"], 1);
    assert!(result["signup"].is_boolean(), "{result}");
}
