//! Clearances that are asked for, confirmed at the depository, and end with an hour of the day.

use torana_domain::order::Side::Sell;

use super::*;

#[test]
fn a_clearance_is_asked_for_and_confirmed_at_the_depository() {
    let mut world = World::new();
    let session = world.login("TPIN01");
    let key = session.key.clone();
    let request = |wanted: &[(&str, i64)]| Command::RequestClearance {
        session: session.clone(),
        wanted: wanted
            .iter()
            .map(|(isin, quantity)| Clearance {
                isin: (*isin).to_owned(),
                quantity: Shares(*quantity),
            })
            .collect(),
    };
    for bad in [&[(ITC, 121)][..], &[(ITC, 0)], &[("INE000000000", 1)]] {
        assert!(
            matches!(world.run(request(bad)), Reply::ClearanceRefused { .. }),
            "{bad:?}"
        );
    }
    let Reply::ClearanceRequested { id } = world.run(request(&[(ITC, 50)])) else {
        panic!()
    };
    let Reply::ClearanceRequested { id: whole } = world.run(request(&[])) else {
        panic!()
    };
    assert_ne!(id, whole);
    let confirm = |id: &str, tpin: &str| Command::ConfirmClearance {
        key: key.clone(),
        id: id.to_owned(),
        tpin: tpin.to_owned(),
    };
    assert_eq!(world.run(confirm("nothing", "123456")), Reply::NoSuchClearance);
    assert_eq!(world.run(confirm(&id, "000000")), Reply::WrongTpin);
    assert_eq!(world.run(confirm(&id, "123456")), Reply::Done);
    assert_eq!(world.run(confirm(&id, "123456")), Reply::NoSuchClearance, "once");
    let itc = world.holding(&session, ITC);
    assert_eq!(
        (itc.authorised_quantity, itc.authorised_for),
        (Shares(50), Some(world.state.day))
    );
    assert_eq!(world.holding(&session, INFY).authorised_quantity, Shares(0));
    world.taken(&session, market(Sell, "ITC", 50));
    assert!(matches!(
        world.place(&session, market(Sell, "ITC", 1)),
        Reply::OrderNeedsClearance { .. }
    ));
    assert_eq!(world.run(confirm(&whole, "123456")), Reply::Done);
    world.taken(&session, market(Sell, "ITC", 30));
    let tcs = world.holding(&session, "INE467B01029");
    assert_eq!(
        (tcs.t1_quantity, tcs.authorised_quantity),
        (Shares(2), Shares(6)),
        "T1 shares need none"
    );
    // Half past five ends it, but for what was sold.
    assert_eq!(world.next_due(), at("2026-01-05T12:00:00.000Z"));
    world.go_to("2026-01-05T12:00:00.000Z");
    assert_eq!(
        world.holding(&session, "INE467B01029").authorised_quantity,
        Shares(0)
    );
    assert_eq!(world.account(&session).lines[ITC].authorised, Shares(80));
    // From then on a clearance holds for the next trading day.
    let Reply::ClearanceRequested { id } = world.run(request(&[("INE467B01029", 3)])) else {
        panic!()
    };
    assert_eq!(world.run(confirm(&id, "123456")), Reply::Done);
    world.go_to(TUESDAY_10);
    let session = world.login("TPIN01");
    assert_eq!(
        world.holding(&session, "INE467B01029").authorised_quantity,
        Shares(3)
    );
    world.go_to("2026-01-06T12:00:00.000Z");
    assert_eq!(
        world.holding(&session, "INE467B01029").authorised_quantity,
        Shares(0)
    );
}
