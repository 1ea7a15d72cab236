use super::*;
use torana_credentials::webhook::verify_signature;

use crate::context::lock;
use crate::testbed::{Bed, MORNING, at};

/// A bed whose only event is one import.
fn one_event(answers: &[u16]) -> Bed {
    let bed = Bed::new();
    lock(&bed.web.answers).extend(answers);
    bed.start_import(&bed.investor());
    bed
}

fn attempts_of(bed: &Bed) -> (DeliveryRow, Vec<Attempt>) {
    bed.write(|tx| Ok((deliveries::load(tx, 1)?, deliveries::attempts(tx, 1)?)))
}

#[test]
fn a_gone_endpoint_gets_nothing_more_of_any_event() {
    let urls = |list: &[&str]| list.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
    let settings = GatewaySettings {
        webhook_urls: urls(&["https://a.example/", "https://b.example/"]),
        webhook_overrides: [("order.placed".to_owned(), urls(&["https://a.example/"]))].into(),
        ..GatewaySettings::default()
    };
    let left = without_url(settings, "https://a.example/");
    assert_eq!(left.urls_for("order.completed"), ["https://b.example/"]);
    assert!(left.urls_for("order.placed").is_empty());
}

#[test]
fn every_attempt_sends_the_same_bytes_under_a_fresh_signature() {
    let bed = one_event(&[500, 0, 200]);
    bed.run_until(at("2026-01-05T04:40:00.000Z"));
    let requests = lock(&bed.web.requests);
    assert_eq!(requests.len(), 3);
    let key = WebhookKey::parse(bed.gateway.webhook_key.signing()).unwrap();
    for (sent_at, request) in requests.iter() {
        let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
        let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
        assert_eq!(seconds, sent_at.unix_seconds().to_string());
        verify_signature(
            &key,
            &id,
            &seconds,
            &header("webhook-signature"),
            &request.body,
            *sent_at,
        )
        .unwrap();
        assert_eq!(
            (&id, &request.body),
            (&header_of(&requests[0].1, "webhook-id"), &requests[0].1.body)
        );
        assert_eq!(
            (header("content-type").as_str(), request.method.as_str()),
            ("application/json", "POST")
        );
        assert_eq!(header("user-agent"), AGENT);
        assert_eq!(
            request.egress,
            EgressClass::Foreign {
                allow_http_if_listed: true
            }
        );
    }
    let (row, attempts) = attempts_of(&bed);
    assert_eq!((row.state, row.attempts), (DeliveryState::Done, 3));
    assert_eq!(
        attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(),
        [Some(500), None, Some(200)]
    );
}

fn header_of(request: &HttpRequest, name: &str) -> String {
    request.headers.get(name).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn the_ladder_ends_in_the_parking_lot() {
    let bed = one_event(&[503; 40]);
    bed.run_until(at("2026-01-10T04:30:00.000Z"));
    let (row, attempts) = attempts_of(&bed);
    assert_eq!((row.state, attempts.len()), (DeliveryState::Parked, 11));
    let first_wait = attempts[1].at.ms_since(attempts[0].at);
    assert!((4000..=6000).contains(&first_wait), "{first_wait}");
    assert_eq!(attempts[0].at, at(MORNING));
}

#[test]
fn a_gone_endpoint_is_switched_off() {
    let bed = one_event(&[410]);
    bed.run_until(at("2026-01-05T06:00:00.000Z"));
    assert_eq!(attempts_of(&bed).0.state, DeliveryState::Parked);
    assert!(
        bed.engine
            .gateway("gatewaydemo")
            .unwrap()
            .settings
            .webhook_urls
            .is_empty()
    );
    assert_eq!(lock(&bed.web.requests).len(), 1);
    bed.start_import(&bed.investor_again());
    bed.run_until(at("2026-01-05T07:00:00.000Z"));
    assert_eq!(lock(&bed.web.requests).len(), 1, "later events go nowhere");
}
