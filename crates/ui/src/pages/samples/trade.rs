//! Pages between the login and the orders.

use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderType, Side, Validity, Variety};

use super::{AT, Sample, broker, order_frame, text_field};
use crate::frame::{Frame, Setting, Trail};
use crate::pages::{
    Authorise, AuthoriseHow, AuthoriseLine, Checks, FieldError, FundsShort, HoldingShort, LineErrors, Market,
    MarketOffer, MovedPrice, Page, Review, ReviewLine,
};

fn review_line(index: usize, ticker: &str, name: &str, last_rupees: i64) -> ReviewLine {
    ReviewLine {
        index,
        ticker: ticker.to_owned(),
        name: name.to_owned(),
        last_price: Some(Price(last_rupees * 10_000)),
        tick: Price(500),
        side: Some(Side::Buy),
        is_side_open: false,
        quantity: "3".to_owned(),
        is_quantity_open: false,
        order_type: OrderType::Market,
        price: String::new(),
        validity: Validity::Day,
        are_terms_open: true,
        estimate: Some(Paise(last_rupees * 300)),
        errors: LineErrors::default(),
    }
}

fn basket() -> Vec<ReviewLine> {
    let infy = review_line(0, "INFY", "Infosys", 1503);
    let itc = ReviewLine {
        side: Some(Side::Sell),
        order_type: OrderType::Limit,
        price: "431.5".to_owned(),
        estimate: Some(Paise(129_450)),
        ..review_line(1, "ITC", "ITC", 431)
    };
    let reliance = ReviewLine {
        are_terms_open: false,
        ..review_line(2, "RELIANCE", "Reliance Industries", 2871)
    };
    vec![infy, itc, reliance]
}

fn review_page(lines: Vec<ReviewLine>) -> Review {
    Review {
        broker: broker(),
        order_name: Some("January plan".to_owned()),
        order_logo: None,
        lines,
        as_of: Some(AT),
        shown: "s_7d2f".to_owned(),
        moved: Vec::new(),
        variety: Variety::Regular,
        buy_total: Some(Paise(1_312_200)),
        sell_total: Some(Paise(129_450)),
        error: None,
    }
}

/// Partner and order with pictures of their own.
fn with_logos(review: Review) -> Page {
    let logo = |name: &str| Some(format!("/assets/logo/{name}.png"));
    let mut frame = order_frame(2);
    frame.partner = frame.partner.map(|partner| partner.with_logo(logo("partner")));
    let review = Review {
        order_logo: logo("order"),
        ..review
    };
    Page::new(frame, review)
}

pub(super) fn review() -> Vec<Sample> {
    let open_line = |index, ticker, name, rupees| ReviewLine {
        side: None,
        is_side_open: true,
        quantity: String::new(),
        is_quantity_open: true,
        estimate: None,
        ..review_line(index, ticker, name, rupees)
    };
    let open = vec![
        open_line(0, "INFY", "Infosys", 1503),
        open_line(1, "TCS", "Tata Consultancy Services", 3210),
    ];
    let mut wrong = vec![
        open_line(0, "INFY", "Infosys", 1503),
        review_line(1, "ITC", "ITC", 431),
    ];
    let error = |key, detail: &str| {
        Some(FieldError {
            key,
            detail: detail.to_owned(),
        })
    };
    if let [first, second] = wrong.as_mut_slice() {
        first.errors.side = error("side_missing", "");
        first.quantity = "1.5".to_owned();
        first.errors.quantity = error("quantity_range", "1,00,00,000");
        second.order_type = OrderType::Limit;
        second.price = "431.52".to_owned();
        second.errors.price = error("price_tick", "₹0.05");
    }
    let moved = MovedPrice {
        ticker: "INFY".to_owned(),
        old: Price(15_030_000),
        new: Price(15_481_000),
        change: 300,
    };
    let unpriced = Review {
        buy_total: None,
        sell_total: None,
        order_name: None,
        ..review_page(open)
    };
    let errors = Review {
        error: error("basket_value", "₹10,00,000.00"),
        buy_total: None,
        ..review_page(wrong)
    };
    let amo = Review {
        variety: Variety::Amo,
        sell_total: Some(Paise(0)),
        ..review_page(basket())
    };
    vec![
        ("review", Page::new(order_frame(2), review_page(basket()))),
        ("review-open", Page::new(order_frame(2), unpriced)),
        (
            "review-errors",
            Page::new(order_frame(2).with_notice("correct_fields", None), errors),
        ),
        (
            "review-moved",
            Page::new(
                order_frame(2),
                Review {
                    moved: vec![moved],
                    ..review_page(basket())
                },
            ),
        ),
        ("review-logos", with_logos(review_page(basket()))),
        (
            "review-amo",
            Page::new(order_frame(2).with_setting(Setting::Live), amo),
        ),
    ]
}

pub(super) fn checks() -> Vec<Sample> {
    let funds = FundsShort {
        needed: Paise(1_312_200),
        available: Paise(850_000),
        short: Paise(462_200),
    };
    let holding = HoldingShort {
        ticker: "ITC".to_owned(),
        name: "ITC".to_owned(),
        selling: Shares(7),
        available: Shares(2),
    };
    let page = |funds, holdings| Checks {
        broker: broker(),
        funds,
        holdings,
        as_of: AT,
    };
    let line = AuthoriseLine {
        ticker: "ITC".to_owned(),
        name: "ITC".to_owned(),
        quantity: Shares(7),
    };
    let authorise = |how, may_skip| Authorise {
        broker: broker(),
        lines: vec![line.clone()],
        how,
        may_skip,
    };
    let tpin = AuthoriseHow::Form {
        fields: vec![text_field("tpin", "TPIN", true, "")],
    };
    let external = AuthoriseHow::External {
        text: "Open the broker's app, go to Profile, Authorise holdings.".to_owned(),
    };
    let beside = AuthoriseHow::Page {
        url: "https://kite.example/connect/portfolio/authorise/holdings/k/r".to_owned(),
    };
    let market = |opens_at, offer| Market {
        broker: broker(),
        opens_at,
        offer,
    };
    vec![
        (
            "checks-funds",
            Page::new(order_frame(2), page(Some(funds.clone()), vec![])),
        ),
        (
            "checks-holdings",
            Page::new(order_frame(2), page(None, vec![holding.clone()])),
        ),
        (
            "checks-both",
            Page::new(order_frame(2), page(Some(funds), vec![holding])),
        ),
        ("authorise", Page::new(order_frame(2), authorise(tpin, true))),
        (
            "authorise-external",
            Page::new(
                Frame::sample().with_trail(Trail::AUTHORISE, 2),
                authorise(external, false),
            ),
        ),
        (
            "authorise-page",
            Page::new(order_frame(2), authorise(beside, true)),
        ),
        (
            "market-amo",
            Page::new(
                order_frame(2),
                market(Some(AT.plus_seconds(81_838)), MarketOffer::AfterMarket),
            ),
        ),
        (
            "market-closed",
            Page::new(order_frame(2), market(None, MarketOffer::End)),
        ),
    ]
}
