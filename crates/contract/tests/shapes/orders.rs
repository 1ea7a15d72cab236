//! Batches, orders and their webhook.

use serde_json::{Value, json};
use torana_contract::batch::{BatchBody, BatchView};
use torana_contract::webhook::{OrderEvent, OrderPayload, Stamp};
use torana_domain::money::{Price, Shares};
use torana_domain::order::{
    Evidence, Order, OrderErrorCode, OrderState, OrderTicket, OrderType, Side, Validity,
};

use crate::samples::*;

#[test]
fn batch_sample() {
    let ids = ids();
    assert_eq!(
        wire(&BatchBody::of(&batch(&ids, &[filled_infy()]))),
        sample_batch()
    );
    let labelled = BatchView {
        label: Some("BUY"),
        ..batch(&ids, &[])
    };
    assert_eq!(wire(&BatchBody::of(&labelled))["label"], json!("BUY"));
}

#[test]
fn unproven_orders_are_never_shown_as_refused() {
    let ids = ids();
    for state in [OrderState::Queued, OrderState::Submitting, OrderState::Unknown] {
        let body = wire(&BatchBody::of(&batch(
            &ids,
            &[order("ITC", Side::Sell, 7, state), filled_infy()],
        )));
        assert_eq!(body["status"], json!("PLACED"), "{state:?}");
        assert_eq!(body["completedDate"], Value::Null);
        assert_eq!(body["unplaced"], json!([]));
        assert_eq!(body["orders"][0]["status"], json!("OPEN"));
        assert_eq!(body["orders"][0]["rawStatus"], json!("UNKNOWN"));
        assert_eq!(body["orders"][0]["evidence"], json!("none"));
    }
}

#[test]
fn refused_orders_stand_apart_and_amounts_are_per_side() {
    let ids = ids();
    let refused = Order {
        error_code: Some(OrderErrorCode::MarginsExceeded),
        status_message: Some("Insufficient funds".to_owned()),
        evidence: Evidence::BrokerAnswer,
        ..order("RELIANCE", Side::Buy, 1, OrderState::Unplaced)
    };
    let sold = Order {
        filled: Shares(2),
        average_price: Price(4_315_050),
        ticket: OrderTicket {
            order_type: OrderType::Limit,
            price: Some(Price(4_315_000)),
            validity: Validity::Ioc,
            ..order("ITC", Side::Sell, 7, OrderState::Partial).ticket
        },
        ..order("ITC", Side::Sell, 7, OrderState::Partial)
    };
    let body = wire(&BatchBody::of(&batch(
        &ids,
        &[filled_infy(), refused.clone(), sold],
    )));
    assert_eq!(body["status"], json!("PARTIALLYFILLED"));
    assert_eq!((&body["quantity"], &body["filled"]), (&json!(3), &json!(1)));
    assert_eq!(
        (&body["buyAmount"], &body["sellAmount"]),
        (&json!(4510.5), &json!(863.01))
    );
    assert_eq!(body["orders"][1]["status"], json!("PARTIAL"));
    assert_eq!(body["orders"][1]["price"], json!(431.5));
    assert_eq!(body["orders"][1]["averagePrice"], json!(431.505));
    assert_eq!(body["orders"][1]["validity"], json!("IOC"));
    assert_eq!(body["unplaced"][0]["tradingsymbol"], json!("RELIANCE"));
    assert_eq!(body["unplaced"][0]["errorCode"], json!("marginsExceeded"));
    assert_eq!(body["unplaced"][0]["filledQuantity"], json!(0));
    let none = wire(&BatchBody::of(&batch(&ids, &[refused])));
    assert_eq!(
        (&none["status"], &none["orders"]),
        (&json!("UNPLACED"), &json!([]))
    );
}

#[test]
fn order_webhook_sample() {
    let ids = ids();
    let orders = [filled_infy()];
    let checksum = "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12";
    let stamp = Stamp {
        gateway: &ids.gateway,
        sequence: 2,
        timestamp: at("2026-01-05T09:31:02.120Z"),
        checksum,
    };
    let payload = |event| {
        wire(&OrderPayload::of(
            event,
            &batch(&ids, &orders),
            &ids.user,
            Some("plan-42"),
            &stamp,
        ))
    };
    let mut expected = sample_batch();
    for (key, value) in [
        ("smallcaseAuthId", json!(USER)),
        ("intent", json!("TRANSACTION")),
        ("eventType", json!("order.completed")),
        ("sequence", json!(2)),
        ("gateway", json!("gatewaydemo")),
        ("notes", json!("plan-42")),
        ("timestamp", json!("2026-01-05T09:31:02.120Z")),
        ("checksum", json!(checksum)),
    ] {
        expected[key] = value;
    }
    assert_eq!(payload(OrderEvent::Completed), expected);
    let placed = payload(OrderEvent::Placed);
    assert_eq!(
        (&placed["eventType"], &placed["status"], &placed["completedDate"]),
        (&json!("order.placed"), &json!("PLACED"), &Value::Null)
    );
}
