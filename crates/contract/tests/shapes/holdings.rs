//! Holdings, both versions, and their webhook.

use serde_json::json;
use torana_contract::holdings::{HoldingsBody, HoldingsSnapshot, HoldingsView, NetPosition};
use torana_contract::webhook::{HoldingsPayload, Stamp};
use torana_domain::intent::HoldingsVersion;
use torana_domain::money::Shares;

use crate::samples::*;

#[test]
fn holdings_v2_sample() {
    let (ids, snapshot) = (ids(), snapshot());
    let leg = |quantity: i64, price: f64| json!({ "quantity": quantity, "averagePrice": price });
    let zero = json!({ "quantity": 0, "averagePrice": 0 });
    let expected = json!({ "securities": [
        { "name": "Infosys Ltd", "isin": "INE009A01021", "nseTicker": "INFY", "bseTicker": "INFY",
          "holdings": leg(10, 1410.2), "positions": { "nse": { "quantity": 2, "averagePrice": 1433 }, "bse": zero },
          "collateralQuantity": 0, "transactableQuantity": 12, "smallcaseQuantity": 4,
          "isSuspendedOrDelistedOnNSE": false, "isSuspendedOrDelistedOnBSE": false },
        { "name": "Only There Ltd", "isin": "INE000X01010", "nseTicker": null, "bseTicker": "ONLYTHERE",
          "holdings": leg(10, 1410.2), "positions": { "nse": zero, "bse": zero }, "collateralQuantity": 0,
          "transactableQuantity": 0, "smallcaseQuantity": 0, "isSuspendedOrDelistedOnNSE": false,
          "isSuspendedOrDelistedOnBSE": true }],
      "smallcases": no_smallcases(),
      "mutualFunds": { "holdings": [{ "folio": "123456/78", "fund": "Example Flexi Cap - Direct",
          "tradingsymbol": "INF000000000", "isin": "INF000000000", "quantity": 105.231, "averagePrice": 52.11,
          "lastPrice": 60.2, "lastPriceDate": "2026-01-02", "pnl": 851, "xirr": 0 }] },
      "updating": false, "lastUpdate": "2026-01-05T09:31:10.000Z", "snapshotDate": "2026-01-05T09:31:09.000Z",
      "smallcaseAuthId": USER, "broker": "kite", "notes": "u-17" });
    assert_eq!(
        wire(&HoldingsBody::of(&holdings(&ids, &snapshot, HoldingsVersion::V2))),
        expected
    );
}

#[test]
fn holdings_v1_sample() {
    let (ids, mut snapshot) = (ids(), snapshot());
    let body =
        |snapshot: &HoldingsSnapshot| wire(&HoldingsBody::of(&holdings(&ids, snapshot, HoldingsVersion::V1)));
    let line = |shares: i64, price: f64| json!({ "ticker": "INFY", "name": "Infosys Ltd", "exchange": "NSE", "shares": shares, "averagePrice": price });
    let with_position = body(&snapshot);
    assert_eq!(with_position["securities"]["holdings"], json!([line(6, 1410.2)]));
    assert_eq!(with_position["securities"]["positions"][0]["shares"], json!(2));
    assert_eq!(with_position["smallcases"], no_smallcases());
    for security in &mut snapshot.securities {
        security.nse_position = NetPosition::default();
        security.smallcase = Shares(10);
    }
    assert_eq!(
        body(&snapshot)["securities"],
        json!({ "holdings": [], "positions": [] })
    );
}

#[test]
fn funds_are_absent_unless_asked_and_supported() {
    let (ids, mut snapshot) = (ids(), snapshot());
    let view = HoldingsView {
        mutual_funds: false,
        ..holdings(&ids, &snapshot, HoldingsVersion::V2)
    };
    assert!(wire(&HoldingsBody::of(&view)).get("mutualFunds").is_none());
    snapshot.mutual_funds = None;
    let view = holdings(&ids, &snapshot, HoldingsVersion::V2);
    assert!(wire(&HoldingsBody::of(&view)).get("mutualFunds").is_none());
}

#[test]
fn snapshots_survive_storage() {
    let text = serde_json::to_string(&snapshot()).unwrap();
    assert_eq!(
        serde_json::from_str::<HoldingsSnapshot>(&text).unwrap(),
        snapshot()
    );
}

#[test]
fn holdings_webhook_sample() {
    let ids = ids();
    let empty = HoldingsSnapshot {
        taken_at: at("2026-01-05T09:31:09.000Z"),
        securities: Vec::new(),
        mutual_funds: None,
    };
    let checksum = "5ff7c71883a6cf6e0bbc6cba207c2f839746ef03a79bffa0bed40d78cf7dc695";
    let stamp = Stamp {
        gateway: &ids.gateway,
        sequence: 1,
        timestamp: at("2026-01-05T09:31:12.000Z"),
        checksum,
    };
    let payload = HoldingsPayload::of(
        &holdings(&ids, &empty, HoldingsVersion::V2),
        &ids.transaction,
        &stamp,
    );
    let expected = json!({ "securities": [], "smallcases": no_smallcases(), "updating": false,
        "lastUpdate": "2026-01-05T09:31:10.000Z", "snapshotDate": "2026-01-05T09:31:09.000Z", "transactionId": TRX,
        "smallcaseAuthId": USER, "broker": "kite", "notes": "u-17", "intent": "HOLDINGS_IMPORT",
        "eventType": "holdings.imported", "sequence": 1, "gateway": "gatewaydemo",
        "timestamp": "2026-01-05T09:31:12.000Z", "checksum": checksum });
    assert_eq!(wire(&payload), expected);
}
