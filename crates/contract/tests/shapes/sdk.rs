//! Settlements of the SDK.

use serde_json::json;
use torana_contract::sdk::{PagePresence, SettlementBody, StateBody};
use torana_contract::transaction::TransactionView;
use torana_domain::intent::Intent;
use torana_domain::money::Paise;
use torana_domain::transaction::{Failure, Status};

use crate::samples::*;

#[test]
fn sdk_result_sample() {
    let ids = ids();
    let orders = [filled_infy()];
    let batches = [batch(&ids, &orders)];
    let intent = securities();
    let view = TransactionView {
        notes: Some("plan-42"),
        ..transaction(&ids, &intent, &batches)
    };
    let settlement = SettlementBody::resolve(&view).unwrap();
    let state = StateBody {
        step: Some("review".to_owned()),
        page: PagePresence::Present,
        handed_over: true,
        poll_after_ms: 2000,
        ..StateBody::new(&ids.transaction, Status::Completed, settlement)
    };
    let expected = json!({ "transactionId": TRX, "status": "COMPLETED", "step": "review", "page": "present",
        "handedOver": true, "expiresInMs": null, "pollAfterMs": 2000,
        "settlement": { "outcome": "resolve", "code": null, "message": null, "result": {
            "success": true, "errors": null, "transaction": "TRANSACTION", "status": "COMPLETED",
            "smallcaseAuthToken": "eyJhbGciOi...", "broker": "kite", "signup": false, "transactionId": TRX,
            "notes": "plan-42", "orderBatches": [sample_batch()],
            "data": { "smallcaseAuthToken": "eyJhbGciOi...", "broker": "kite", "signup": false, "transactionId": TRX,
                "notes": "plan-42", "batches": [sample_batch()], "orderBatches": [sample_batch()] } } } });
    assert_eq!(wire(&state), expected);
}

#[test]
fn sdk_results_of_the_other_intents() {
    let ids = ids();
    let result = |view: &TransactionView<'_>| wire(&SettlementBody::resolve(view).unwrap())["result"].clone();
    let funds = result(&TransactionView {
        funds: Some(Paise(123_450)),
        ..transaction(&ids, &Intent::FetchFunds, &[])
    });
    assert_eq!(
        (&funds["funds"], &funds["data"]["funds"]),
        (&json!(1234.5), &json!(1234.5))
    );
    let authorised = result(&transaction(&ids, &Intent::AuthoriseHoldings, &[]));
    assert_eq!(
        (&authorised["status"], &authorised["data"]["status"]),
        (&json!("COMPLETED"), &json!(true))
    );
    let connect = result(&transaction(&ids, &Intent::Connect, &[]));
    assert!(connect.get("orderBatches").is_none() && connect["data"].get("batches").is_none());
    assert_eq!(
        (&connect["transaction"], &connect["data"]["broker"]),
        (&json!("CONNECT"), &json!("kite"))
    );
    let intent = securities();
    let stopped = result(&TransactionView {
        status: Status::ActionRequired,
        ..transaction(&ids, &intent, &[])
    });
    assert_eq!(
        (&stopped["status"], &stopped["orderBatches"]),
        (&json!("ACTION_REQUIRED"), &json!([]))
    );
    assert_eq!(stopped["data"]["batches"], json!([]));
}

#[test]
fn sdk_rejections_and_pending() {
    let ids = ids();
    let after = transaction(&ids, &Intent::Connect, &[]);
    assert_eq!(
        wire(&SettlementBody::reject(Failure::CANCELLED_AFTER_LOGIN, &after)),
        json!({ "outcome": "reject", "code": 1012, "message": "user_cancelled", "result":
            { "smallcaseAuthToken": "eyJhbGciOi...", "broker": "kite", "signup": false, "transactionId": TRX } })
    );
    let before = TransactionView {
        identity: None,
        ..after
    };
    assert_eq!(
        wire(&SettlementBody::reject(Failure::CANCELLED_BEFORE_LOGIN, &before)),
        json!({ "outcome": "reject", "code": 1010, "message": "user_cancelled", "result": null })
    );
    assert_eq!(SettlementBody::resolve(&before), None);
    assert_eq!(
        wire(&SettlementBody::pending()),
        json!({ "outcome": "pending", "code": null, "message": null, "result": null })
    );
}
