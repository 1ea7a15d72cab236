//! No gateway sees another one's things: every route of the OpenAPI document is called with one gateway's
//! credentials and the other's ids, and answers exactly as for ids that nobody has.

use serde_json::{Value, json};
use torana_testkit::partner::basket;
use torana_testkit::{Client, Engine, Options, Partner, Sdk, Torana};

on_both_engines!(foreign_ids_are_answered_as_unknown_ones);

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Ids of one owner, real or made up.
struct Ids {
    transaction: String,
    batch: String,
    user: String,
    app: String,
}

fn foreign_ids_are_answered_as_unknown_ones(engine: Engine) {
    let mut torana = Torana::prepare(Options::new(engine));
    let (first, second) = (
        torana.create_gateway("first", &[]),
        torana.create_gateway("second", &[]),
    );
    torana.run();
    let (a, b) = (torana.partner(&first), torana.partner(&second));
    for partner in [&a, &b] {
        // Frozen, so that no answer differs by the instant at which it was given.
        partner.start_world_at("2026-01-05T04:30:00.000Z", true);
    }
    let foreign = ids_of(&a);
    let unknown = Ids {
        transaction: format!("TRX_{}", "9".repeat(32)),
        batch: "9".repeat(24),
        user: "8".repeat(24),
        app: "7".repeat(16),
    };
    let document = Client::default()
        .get(&format!("{}/openapi.json", torana.url()), &[])
        .json();
    let own_user = b.connect("kite", "DEMO01");
    let sdk = Sdk::initialised(&b.base, "second", &b.guest());
    let mut compared = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            for token in ["guest", "own", "foreign"] {
                let ask = |ids: &Ids| call(&b, &sdk, method, path, &item[*method], ids, token, &own_user);
                let (got, expected) = (ask(&foreign), ask(&unknown));
                assert_eq!(
                    got, expected,
                    "{method} {path} as {token}: left is for the other gateway's ids, right for unknown ones"
                );
                compared += 1;
            }
        }
    }
    assert!(
        compared >= 30,
        "only {compared} comparisons: does the document list the routes?"
    );
    let still = a.details(&a.guest(), &foreign.transaction);
    assert_eq!(still.status, 200, "and nothing was done to them");
}

fn ids_of(partner: &Partner) -> Ids {
    let user = partner.connect("kite", "DEMO02");
    let token = partner.connected(&user);
    let transaction = partner.transaction(&token, &basket(&[("INFY", 1)]));
    let body = json!({"decision": "approve", "broker": "kite", "account": "DEMO02"});
    let _ = partner.complete(&token, &transaction, &body).data();
    let _ = partner.clock(&json!({"advance": "PT1M"})).data();
    let data = partner.wait_for_status(&transaction, "COMPLETED");
    let batch = data["transactionDetails"]["success"]["data"]["batches"][0]["batchId"]
        .as_str()
        .unwrap()
        .to_owned();
    let app = json!({"redirectUrl": "http://127.0.0.1/done"});
    let app = partner
        .post_as_gateway(&partner.sandbox("kite/apps"), &app)
        .data();
    let app = app["api_key"].as_str().unwrap().to_owned();
    Ids {
        transaction,
        batch,
        user,
        app,
    }
}

#[expect(clippy::too_many_arguments, reason = "one call in all its dimensions")]
fn call(
    partner: &Partner,
    sdk: &Sdk,
    method: &str,
    path: &str,
    operation: &Value,
    ids: &Ids,
    token: &str,
    own: &str,
) -> (u16, String) {
    let mut address = path.replace("{gatewayName}", &partner.keys.name);
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let value = match name {
            "transactionId" | "id" => &ids.transaction,
            "batchId" | "iscid" | "faultId" => &ids.batch,
            "smallcaseAuthId" => &ids.user,
            _ => continue,
        };
        if parameter["in"] == "path" {
            address = address.replace(&format!("{{{name}}}"), value);
        } else {
            query.push(format!("{name}={value}"));
        }
    }
    address = address
        .replace("{id}", &ids.transaction)
        .replace("{transactionId}", &ids.transaction);
    if !query.is_empty() {
        address = format!("{address}?{}", query.join("&"));
    }
    let body = body_for(path, ids).to_string();
    let user_token = match token {
        "guest" => partner.guest(),
        "own" => partner.connected(own),
        _ => partner.connected(&ids.user),
    };
    let bearer = format!("Bearer {}", sdk.session);
    let mut headers = vec![("content-type", "application/json")];
    if path.starts_with("/torana/sdk/") {
        headers.extend([
            ("authorization", bearer.as_str()),
            ("x-torana-sdk", "web/1.0.0"),
            ("origin", sdk.origin.as_str()),
        ]);
    } else {
        headers.extend([
            ("x-gateway-secret", partner.keys.api_secret.as_str()),
            ("x-gateway-authtoken", user_token.as_str()),
        ]);
    }
    let sent = if method == "get" { "" } else { body.as_str() };
    let answer = partner.send(&method.to_uppercase(), &address, &headers, sent.as_bytes());
    (answer.status, normalised(&answer.text, ids))
}

fn body_for(path: &str, ids: &Ids) -> Value {
    if path.ends_with("/complete") {
        return json!({"decision": "approve", "broker": "kite", "account": "DEMO01"});
    }
    if path.ends_with("/start") {
        return json!({"brokers": null, "amo": false, "flowMode": "popup", "returnUrl": null});
    }
    if path.ends_with("/kite/sessions") {
        return json!({"apiKey": ids.app, "account": "DEMO01"});
    }
    // An intent on somebody's investment; other routes refuse the body, which is the same for both.
    json!({"intent": "SIP_SETUP", "orderConfig": {"iscid": ids.batch}, "iscid": ids.batch})
}

/// Takes out what differs by nature: request ids, and the ids that were asked for.
fn normalised(text: &str, ids: &Ids) -> String {
    let text = text
        .replace(&ids.transaction, "TRX")
        .replace(&ids.batch, "BATCH")
        .replace(&ids.user, "USER")
        .replace(&ids.app, "APP");
    let Ok(mut body) = serde_json::from_str::<Value>(&text) else {
        return text;
    };
    if let Some(body) = body.as_object_mut() {
        body.remove("requestId");
    }
    // What a successful call makes anew each time.
    if body["success"] == true {
        for member in ["sdkSession", "transactionId", "sessionExpiresInMs", "seed"] {
            if body["data"].get(member).is_some() {
                body["data"][member] = json!("NEW");
            }
        }
    }
    body.to_string()
}
