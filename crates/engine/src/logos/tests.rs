use super::*;
use torana_domain::intent::{BasketLine, OrderMeta};
use torana_domain::order::{OrderType, Side, Validity};
use torana_storage::gateway::resets;

use crate::auth::{Caller, Principal};
use crate::context::lock;
use crate::testbed::{Bed, MORNING, at, run};

const URL: &str = "https://partner.example/logo.png";

/// A PNG of one black pixel.
const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
    \0\0\0\nIDAT\x78\xda\x63\x60\0\0\0\x02\0\x01\xe5\x27\xde\xfc\0\0\0\0IEND\xae\x42\x60\x82";

/// A bed whose web answers everything with this body.
fn bed_with(body: &[u8]) -> Bed {
    let bed = Bed::new();
    *lock(&bed.web.body) = Bytes::copy_from_slice(body);
    bed
}

fn order(url: &str) -> Intent {
    let line = BasketLine {
        ticker: "INFY".to_owned(),
        quantity: None,
        side: Some(Side::Buy),
        order_type: OrderType::Market,
        price: None,
        validity: Validity::Day,
    };
    Intent::Securities {
        lines: vec![line],
        meta: OrderMeta {
            order_name: None,
            order_logo: Some(url.to_owned()),
        },
    }
}

/// A transaction is created through the use case.
fn create(bed: &Bed, url: &str) {
    let caller = Caller {
        gateway: bed.gateway.clone(),
        principal: Some(Principal::Guest),
        investor: None,
    };
    run(bed.engine.create_transaction(&caller, order(url), None, None)).unwrap();
}

/// What the review of such an order shows.
fn shown(bed: &Bed, url: &str) -> Option<String> {
    run(bed.engine.order_logo(bed.gateway.id, &order(url))).unwrap()
}

fn fetches(bed: &Bed) -> usize {
    lock(&bed.web.requests).len()
}

fn is_queued(bed: &Bed) -> bool {
    bed.write(|tx| jobs::exists(tx, kind::FETCH_LOGO, 1))
}

/// Lets the fetch and its repetition happen.
fn settle(bed: &Bed) {
    bed.run_until(bed.now().wall.plus_ms(60_000));
}

#[test]
fn a_logo_is_fetched_once_and_served_as_our_own_png() {
    let bed = bed_with(DOT);
    create(&bed, URL);
    assert_eq!(shown(&bed, URL), None, "nobody waits for the fetch");
    settle(&bed);
    create(&bed, URL);
    settle(&bed);
    let name = shown(&bed, URL).unwrap();
    assert_eq!(run(bed.engine.logo(&name)).unwrap(), Some(reencode(DOT).unwrap()));
    let requests = lock(&bed.web.requests);
    let [(_, request)] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!((&request.method, request.url.as_str()), (&Method::GET, URL));
    assert_eq!(request.max_response_bytes, 64 * 1024);
    assert_eq!(request.timeout, Duration::from_secs(10));
    assert!(matches!(request.egress, EgressClass::Foreign { .. }));
}

#[test]
fn addresses_are_told_apart_and_fetched_again_after_a_day() {
    let bed = bed_with(DOT);
    create(&bed, URL);
    create(&bed, "https://partner.example/other.png");
    settle(&bed);
    assert_eq!(fetches(&bed), 2);
    bed.run_until(at(MORNING).plus_ms(FRESH_MS));
    *lock(&bed.web.body) = Bytes::from_static(b"gone");
    let before = shown(&bed, URL);
    create(&bed, URL);
    settle(&bed);
    assert_eq!(fetches(&bed), 3);
    assert!(before.is_some());
    assert_eq!(
        shown(&bed, URL),
        before,
        "the old picture stays until there is a new one"
    );
}

#[test]
fn a_private_address_is_never_asked() {
    for url in ["https://10.0.0.7/logo.png", "https://localhost/logo.png"] {
        let bed = bed_with(DOT);
        create(&bed, url);
        settle(&bed);
        assert_eq!(
            (fetches(&bed), shown(&bed, url), is_queued(&bed)),
            (0, None, false)
        );
    }
}

#[test]
fn a_failed_fetch_is_repeated_once() {
    for (answers, fetched, is_shown) in [
        (vec![0, 200], 2, true),
        (vec![503, 200], 2, true),
        (vec![302, 404, 200], 2, false),
    ] {
        let bed = bed_with(DOT);
        lock(&bed.web.answers).extend(&answers);
        create(&bed, URL);
        settle(&bed);
        assert_eq!(fetches(&bed), fetched, "{answers:?}");
        assert_eq!(shown(&bed, URL).is_some(), is_shown, "{answers:?}");
        assert!(!is_queued(&bed), "{answers:?}");
    }
}

#[test]
fn what_is_no_picture_is_not_asked_for_again() {
    for body in [&b"<svg/>"[..], b"", &DOT[..40]] {
        let bed = bed_with(body);
        create(&bed, URL);
        settle(&bed);
        assert_eq!(
            (fetches(&bed), shown(&bed, URL), is_queued(&bed)),
            (1, None, false)
        );
    }
}

#[test]
fn an_answer_that_fills_the_limit_is_not_used() {
    let mut padded = DOT.to_vec();
    padded.resize(FETCH_BYTES_MAX, 0);
    let bed = bed_with(&padded);
    create(&bed, URL);
    settle(&bed);
    assert_eq!(shown(&bed, URL), None);
    padded.pop();
    let bed = bed_with(&padded);
    create(&bed, URL);
    settle(&bed);
    assert!(shown(&bed, URL).is_some());
}

#[test]
fn the_demo_fetches_nothing_and_drops_what_another_process_queued() {
    let mut bed = bed_with(DOT);
    create(&bed, URL);
    bed.fetches_logos = false;
    bed.restart();
    create(&bed, "https://partner.example/other.png");
    settle(&bed);
    assert_eq!((fetches(&bed), is_queued(&bed)), (0, false));
    let rows = bed.write(|tx| logos::count(tx, 1));
    assert_eq!(rows, 1, "the demo's own order left no row");
}

#[test]
fn a_fetch_that_is_carried_out_twice_changes_nothing() {
    let bed = bed_with(DOT);
    create(&bed, URL);
    settle(&bed);
    let before = shown(&bed, URL);
    let wall = bed.now().wall;
    bed.write(move |tx| jobs::put(tx, 1, jobs::JobDomain::Wall, kind::FETCH_LOGO, 1, wall));
    settle(&bed);
    assert_eq!((fetches(&bed), shown(&bed, URL)), (2, before));
}

#[test]
fn addresses_beyond_the_limit_show_initials() {
    let bed = bed_with(DOT);
    let wall = bed.now().wall;
    bed.write(move |tx| {
        for number in 0..PER_GATEWAY_MAX {
            let (url, url_hash) = (URL.to_owned(), number.to_string());
            logos::want(tx, 1, &LogoSource { url, url_hash }, wall)?;
        }
        Ok(())
    });
    create(&bed, URL);
    settle(&bed);
    assert_eq!((fetches(&bed), shown(&bed, URL)), (0, None));
}

#[test]
fn old_logos_are_forgotten_and_a_reset_forgets_all() {
    let bed = bed_with(DOT);
    create(&bed, URL);
    settle(&bed);
    bed.run_until(at(MORNING).plus_ms(KEPT_MS - DAY_MS / 2));
    let name = shown(&bed, URL).unwrap();
    bed.run_until(at(MORNING).plus_ms(KEPT_MS + DAY_MS));
    assert_eq!(shown(&bed, URL), None);
    assert_eq!(run(bed.engine.logo(&name)).unwrap(), None);

    create(&bed, URL);
    bed.write(|tx| resets::delete_world(tx, 1));
    create(&bed, URL);
    settle(&bed);
    assert!(
        shown(&bed, URL).is_some(),
        "a reset took the first fetch's job along"
    );
}

#[test]
fn a_partners_logo_has_another_address_after_a_change() {
    let bed = Bed::new();
    let stored = |png: &[u8]| {
        run(bed.engine.set_logo("gatewaydemo", png.to_vec())).unwrap();
        bed.engine.gateway("gatewaydemo").unwrap().logo.clone().unwrap()
    };
    assert_eq!(bed.gateway.logo, None);
    let first = stored(b"one");
    assert_eq!(
        run(bed.engine.logo(&first)).unwrap().as_deref(),
        Some(&b"one"[..])
    );
    let second = stored(b"two");
    assert_ne!(first, second);
    assert_eq!(run(bed.engine.logo(&first)).unwrap(), None);
    for odd in ["", "..", "x", &format!("{second}0"), &second.to_uppercase()] {
        assert_eq!(run(bed.engine.logo(odd)).unwrap(), None, "{odd:?}");
    }
}
