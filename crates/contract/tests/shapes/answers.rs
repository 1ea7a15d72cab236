//! Transaction details and market status.

use serde_json::{Value, json};
use torana_contract::envelope::Success;
use torana_contract::market::{MarketBody, MarketView};
use torana_contract::transaction::{TransactionDetailsData, TransactionView};
use torana_domain::broker_key::BrokerKey;
use torana_domain::intent::Intent;
use torana_domain::money::Paise;
use torana_domain::transaction::{Failure, Status};

use crate::samples::*;

#[test]
fn transaction_details_sample() {
    let ids = ids();
    let body = wire(&Success::new(TransactionDetailsData::of(&transaction(
        &ids,
        &HOLDINGS,
        &[],
    ))));
    let expected = json!({ "success": true, "errors": null,
        "data": { "transactionDetails": { "transactionId": TRX, "intent": "HOLDINGS_IMPORT", "status": "COMPLETED",
            "rawStatus": "COMPLETED", "gateway": "gatewaydemo", "expireAt": "2026-01-05T09:35:00.000Z", "expired": false,
            "createdAt": "2026-01-05T09:30:00.000Z", "updatedAt": "2026-01-05T09:31:10.000Z", "notes": "u-17",
            "orderConfig": null,
            "success": { "smallcaseAuthToken": "eyJhbGciOi...", "smallcaseAuthId": USER, "broker": "kite",
              "transactionId": TRX, "notes": "u-17", "signup": false, "data": {} }, "error": null },
          "transactionId": TRX, "intent": "HOLDINGS_IMPORT", "status": "COMPLETED", "smallcaseAuthId": USER,
          "smallcaseAuthToken": "eyJhbGciOi...", "authToken": "eyJhbGciOi...", "userId": USER, "broker": "kite",
          "expireAt": "2026-01-05T09:35:00.000Z", "error": null } });
    assert_eq!(body, expected);
}

#[test]
fn statuses_are_reported_as_the_gateway_wishes() {
    let ids = ids();
    let cases = [
        (
            Status::Cancelled,
            Failure::CANCELLED_AT_LOGIN,
            "user_cancelled",
            false,
        ),
        (
            Status::Expired,
            Failure::EXPIRED_BEFORE_LOGIN,
            "transaction_expired",
            true,
        ),
    ];
    for (status, failure, message, expired) in cases {
        let view = TransactionView {
            status,
            failure: Some(failure),
            identity: None,
            ..transaction(&ids, &Intent::Connect, &[])
        };
        let body = wire(&TransactionDetailsData::of(&view));
        let details = &body["transactionDetails"];
        assert_eq!(
            (&body["status"], &details["status"]),
            (&json!("ERRORED"), &json!("ERRORED"))
        );
        assert_eq!(details["rawStatus"], json!(status.as_str()));
        assert_eq!(body["error"], json!({ "code": failure.code, "message": message }));
        assert_eq!(details["error"], body["error"]);
        assert_eq!(details["expired"], json!(expired));
        assert_eq!(details["success"], Value::Null);
        for mirror in [
            "smallcaseAuthId",
            "smallcaseAuthToken",
            "authToken",
            "userId",
            "broker",
        ] {
            assert_eq!(body[mirror], Value::Null, "{mirror}");
        }
        let extended = wire(&TransactionDetailsData::of(&TransactionView {
            extended_statuses: true,
            ..view
        }));
        assert_eq!(extended["status"], json!(status.as_str()));
    }
}

#[test]
fn results_per_intent() {
    let ids = ids();
    let orders = [filled_infy()];
    let batches = [batch(&ids, &orders)];
    let intent = securities();
    let data = |view: &TransactionView<'_>| {
        wire(&TransactionDetailsData::of(view))["transactionDetails"]["success"]["data"].clone()
    };
    let done = transaction(&ids, &intent, &batches);
    assert_eq!(
        data(&done),
        json!({ "batches": [sample_batch()], "orderBatches": [sample_batch()] })
    );
    assert_eq!(
        data(&TransactionView {
            status: Status::Processing,
            ..done
        })["batches"],
        json!([sample_batch()])
    );
    assert_eq!(
        data(&TransactionView {
            status: Status::Used,
            batches: &[],
            ..done
        }),
        json!({})
    );
    assert_eq!(
        wire(&TransactionDetailsData::of(&done))["transactionDetails"]["orderConfig"],
        json!({ "type": "SECURITIES", "securities": [
            { "ticker": "INFY", "quantity": 3, "type": "BUY", "exchange": "NSE", "orderType": "MARKET", "validity": "DAY" },
            { "ticker": "ITC", "exchange": "NSE", "orderType": "LIMIT", "price": 431.5, "validity": "DAY" }],
            "meta": { "orderName": "January plan" } })
    );
    let funds = TransactionView {
        funds: Some(Paise(123_450)),
        ..transaction(&ids, &Intent::FetchFunds, &[])
    };
    assert_eq!(data(&funds), json!({ "funds": 1234.5 }));
    assert_eq!(data(&TransactionView { funds: None, ..funds }), json!({}));
    assert_eq!(
        data(&transaction(&ids, &Intent::AuthoriseHoldings, &[])),
        json!({ "status": true })
    );
    for intent in [Intent::Connect, HOLDINGS] {
        assert_eq!(data(&transaction(&ids, &intent, &[])), json!({}));
    }
}

#[test]
fn market_sample() {
    let view = MarketView {
        broker: Some(BrokerKey::Kite),
        market_open: true,
        amo_open: false,
        server_time: at("2026-01-05T05:30:00.000Z"),
        next_open: at("2026-01-06T03:45:00.000Z"),
        next_close: at("2026-01-05T10:00:00.000Z"),
        provisional: false,
    };
    let expected = json!({ "exchange": "NSE", "broker": "kite", "marketOpen": true, "amoOpen": false,
        "serverTime": "2026-01-05T05:30:00.000Z", "nextOpen": "2026-01-06T03:45:00.000Z",
        "nextClose": "2026-01-05T10:00:00.000Z", "provisional": false });
    assert_eq!(wire(&MarketBody::from(view)), expected);
    assert_eq!(
        wire(&MarketBody::from(MarketView { broker: None, ..view }))["broker"],
        Value::Null
    );
}
