//! From a flow to the content of a page.

use torana_brokers::{BrowserForm, Field, Profile, SellAuthorisation};
use torana_domain::batch::{BatchStatus, traded_amount};
use torana_domain::intent::Intent;
use torana_domain::money::{Paise, Price};
use torana_domain::order::{Order, OrderState, Side, Variety};
use torana_domain::transaction::Failure;
use torana_engine::Engine;
use torana_engine::flow::review::{estimate, side_total};
use torana_engine::flow::settle::Settlement;
use torana_engine::flow::state::{Problem, Review, ReviewLine, Shortfall};
use torana_engine::flow::view::Form;
use torana_engine::flow::{FlowPage, Mode};
use torana_ui::Body;
use torana_ui::{format, pages as ui};

use crate::after::web_origin;
use crate::logos;
use crate::steps::settlement;

/// The content for one address of a flow that [`crate::steps`] allows.
pub fn body(engine: &Engine, page: &FlowPage, shown: &str) -> Body {
    let run = &page.run;
    match shown {
        "brokers" => brokers(page).into(),
        "broker-missing" => ui::BrokerMissing {
            offered_count: page.view.offered.len(),
        }
        .into(),
        "open-account" => open_account(page).into(),
        "notice" => notice(page).into(),
        "login" => login(page).into(),
        "session" => ui::Session {
            broker: broker(page),
            account_hint: run.state.account_masked.clone().unwrap_or_default(),
        }
        .into(),
        "mismatch" => mismatch(engine, page).into(),
        "consent" => {
            let includes_funds = matches!(
                run.loaded.txn.intent,
                Intent::HoldingsImport {
                    mf_holdings: true,
                    ..
                }
            );
            ui::Consent {
                broker: broker(page),
                includes_funds,
            }
            .into()
        }
        "review" => review(engine, page).into(),
        "checks" => checks(engine, page).into(),
        "authorise" => authorise(engine, page).into(),
        "market" => ui::Market {
            broker: broker(page),
            opens_at: page.view.next_open,
            offer: if page.view.offers_amo {
                ui::MarketOffer::AfterMarket
            } else {
                ui::MarketOffer::End
            },
        }
        .into(),
        "hand-off" => hand_off(engine, page).into(),
        "progress" => progress(engine, page).into(),
        "status" => status(engine, page).into(),
        "cancel" => {
            let back = format!("/flow/{}/{}", run.flow.public_id, page.step.as_str());
            ui::Cancel { back }.into()
        }
        _ => done(engine, page).into(),
    }
}

fn view(profile: &Profile) -> ui::BrokerView {
    ui::BrokerView::new(profile.key, profile.name)
}

/// The chosen broker; a gateway that lost it since shows its key.
fn broker(page: &FlowPage) -> ui::BrokerView {
    let key = page
        .run
        .state
        .broker
        .or_else(|| page.run.loaded.investor.as_ref().map(|investor| investor.broker));
    match (page.view.broker, key) {
        (Some(profile), _) => view(profile),
        (None, Some(key)) => ui::BrokerView::new(key, key.as_str()),
        (None, None) => ui::BrokerView::new(torana_domain::broker_key::BrokerKey::Kite, ""),
    }
}

const fn purpose(intent: &Intent) -> ui::Purpose {
    match intent {
        Intent::Connect => ui::Purpose::Connect,
        Intent::Securities { .. } => ui::Purpose::Order,
        Intent::HoldingsImport { .. } => ui::Purpose::Holdings,
        Intent::FetchFunds => ui::Purpose::Funds,
        Intent::AuthoriseHoldings => ui::Purpose::Authorise,
    }
}

fn opening(page: &FlowPage) -> impl Iterator<Item = &'static Profile> + '_ {
    page.view
        .offered
        .iter()
        .copied()
        .filter(|profile| profile.capabilities.account_opening)
}

fn brokers(page: &FlowPage) -> ui::Brokers {
    let choice = |profile: &&'static Profile| ui::BrokerChoice {
        broker: view(profile),
        is_recent: page.view.recent.contains(&profile.key),
    };
    let choices = page.view.offered.iter().map(choice).collect();
    ui::Brokers::new(
        choices,
        purpose(&page.run.loaded.txn.intent),
        opening(page).next().is_some(),
    )
}

fn open_account(page: &FlowPage) -> ui::OpenAccount {
    ui::OpenAccount {
        brokers: opening(page).map(view).collect(),
    }
}

fn notice(page: &FlowPage) -> ui::BrokerNotice {
    let leaves = !page.run.gateway.is_sandbox();
    ui::BrokerNotice::new(
        broker(page),
        purpose(&page.run.loaded.txn.intent),
        leaves,
        page.view.may_choose_other,
    )
}

fn fields(form: Option<&Form>) -> Vec<ui::LoginField> {
    let Some(Form::Fields(fields)) = form else {
        return Vec::new();
    };
    let field = |field: &Field| ui::LoginField {
        name: field.name.to_owned(),
        label: field.label.to_owned(),
        choices: field
            .choices
            .iter()
            .map(|(value, explanation)| ui::LoginChoice {
                value: value.clone(),
                explanation: explanation.clone(),
            })
            .collect(),
        is_secret: field.secret,
        value: String::new(),
    };
    fields.iter().map(field).collect()
}

fn login(page: &FlowPage) -> ui::Login {
    ui::Login {
        broker: broker(page),
        fields: fields(page.view.form.as_ref()),
        is_elsewhere: matches!(page.view.form, Some(Form::Elsewhere)),
        is_sandbox: page.run.gateway.is_sandbox(),
        may_choose_other: page.view.may_choose_other,
    }
}

/// The way to the login of the chosen broker.
pub fn leave(page: &FlowPage, url: &str) -> Body {
    ui::Leave {
        broker: broker(page),
        url: url.to_owned(),
    }
    .into()
}

/// The way to its page with the orders.
pub fn send_orders(page: &FlowPage, form: &BrowserForm) -> Body {
    let carried = |(name, value): &(String, String)| ui::Carried {
        name: name.clone(),
        value: value.clone(),
    };
    ui::SendOrders {
        broker: broker(page),
        url: form.url.clone(),
        fields: form.fields.iter().map(carried).collect(),
    }
    .into()
}

fn mismatch(engine: &Engine, page: &FlowPage) -> ui::Mismatch {
    let expected = page
        .run
        .bound_broker
        .and_then(|key| engine.profile(&page.run.gateway, key))
        .map(view);
    let broker = broker(page);
    ui::Mismatch {
        expected: expected.unwrap_or_else(|| broker.clone()),
        broker,
    }
}

fn review(engine: &Engine, page: &FlowPage) -> ui::Review {
    let (run, state) = (&page.run, &page.run.state.review);
    let Intent::Securities { meta, .. } = &run.loaded.txn.intent else {
        return empty_review(page);
    };
    let limits = page
        .view
        .broker
        .is_some_and(|profile| profile.capabilities.limit_orders);
    let master = engine.master_at(run.now.world);
    let line = |(index, line): (usize, &ReviewLine)| ui::ReviewLine {
        index,
        ticker: line.ticker.clone(),
        name: line.name.clone(),
        last_price: line.shown_price,
        tick: master
            .by_ticker(&line.ticker)
            .map_or(Price::from_paise(5), |security| security.tick),
        side: line.side,
        is_side_open: !line.side_fixed,
        quantity: line
            .quantity
            .map_or_else(String::new, |shares| shares.0.to_string()),
        is_quantity_open: !line.quantity_fixed,
        order_type: line.order_type,
        price: line.price.map_or_else(String::new, Price::to_decimal),
        validity: line.validity,
        are_terms_open: limits,
        estimate: estimate(line),
        errors: errors(state, index),
    };
    let is_open = engine.calendar().is_open(run.now.world);
    ui::Review {
        broker: broker(page),
        order_name: meta.order_name.clone(),
        order_logo: page.view.order_logo.as_deref().map(logos::path),
        lines: state.lines.iter().enumerate().map(line).collect(),
        as_of: state.prices_as_of,
        shown: run.flow.version.to_string(),
        moved: moved(state),
        variety: if is_open { Variety::Regular } else { Variety::Amo },
        buy_total: total(state, Side::Buy),
        sell_total: total(state, Side::Sell),
        error: state
            .problems
            .iter()
            .find(|problem| problem.problem.is_of_basket())
            .map(field_error),
    }
}

fn empty_review(page: &FlowPage) -> ui::Review {
    ui::Review {
        broker: broker(page),
        order_name: None,
        order_logo: None,
        lines: Vec::new(),
        as_of: None,
        shown: String::new(),
        moved: Vec::new(),
        variety: Variety::Regular,
        buy_total: None,
        sell_total: None,
        error: None,
    }
}

fn total(review: &Review, side: Side) -> Option<Paise> {
    Some(side_total(review, side)).filter(|total| total.0 > 0)
}

fn field_error(problem: &torana_engine::flow::state::LineProblem) -> ui::FieldError {
    let rupees = |text: &str| Paise::parse(text).map_or_else(|_| text.to_owned(), format::rupees);
    let detail = match problem.problem {
        Problem::OrderValue | Problem::BasketValue | Problem::PriceTick => rupees(&problem.detail),
        Problem::PriceBand => problem
            .detail
            .split(" to ")
            .map(rupees)
            .collect::<Vec<_>>()
            .join(" to "),
        _ => problem.detail.clone(),
    };
    ui::FieldError {
        key: problem.problem.key(),
        detail,
    }
}

fn errors(review: &Review, index: usize) -> ui::LineErrors {
    let of = |field: Option<&str>| {
        review
            .problems
            .iter()
            .filter(|problem| problem.line == index && !problem.problem.is_of_basket())
            .find(|problem| Problem::field(problem.problem) == field)
            .map(field_error)
    };
    ui::LineErrors {
        side: of(Some("type")),
        quantity: of(Some("quantity")),
        order_type: None,
        price: of(Some("price")),
        line: of(None),
    }
}

fn moved(review: &Review) -> Vec<ui::MovedPrice> {
    let change = |(ticker, old): &(String, Price)| {
        let line = review.lines.iter().find(|line| line.ticker == *ticker)?;
        let new = line.shown_price?;
        let basis_points = (new.0 - old.0).saturating_mul(10_000).checked_div(old.0)?;
        Some(ui::MovedPrice {
            ticker: ticker.clone(),
            old: *old,
            new,
            change: basis_points,
        })
    };
    review.moved.iter().filter_map(change).collect()
}

fn name_of(engine: &Engine, page: &FlowPage, ticker: &str) -> String {
    engine
        .master_at(page.run.now.world)
        .by_ticker(ticker)
        .map_or_else(|| ticker.to_owned(), |security| security.name.clone())
}

fn checks(engine: &Engine, page: &FlowPage) -> ui::Checks {
    let mut checks = ui::Checks {
        broker: broker(page),
        funds: None,
        holdings: Vec::new(),
        as_of: page.run.now.world,
    };
    for short in &page.run.state.shortfalls {
        match short {
            Shortfall::Funds { needed, available } => {
                checks.funds = Some(ui::FundsShort {
                    needed: Paise(*needed),
                    available: Paise(*available),
                    short: Paise(needed - available),
                });
            }
            Shortfall::Holdings {
                ticker,
                needed,
                available,
            } => checks.holdings.push(ui::HoldingShort {
                ticker: ticker.clone(),
                name: name_of(engine, page, ticker),
                selling: *needed,
                available: *available,
            }),
        }
    }
    checks
}

fn authorise(engine: &Engine, page: &FlowPage) -> ui::Authorise {
    let lines = page.run.state.wanted.iter().map(|want| ui::AuthoriseLine {
        ticker: want.ticker.clone(),
        name: name_of(engine, page, &want.ticker),
        quantity: want.quantity,
    });
    let external = page
        .view
        .broker
        .is_some_and(|profile| profile.sell_authorisation == SellAuthorisation::OneTimeExternal);
    let how = match &page.view.form {
        Some(Form::Words(text)) => ui::AuthoriseHow::External { text: text.clone() },
        Some(Form::Beside(url)) if web_origin(url).is_some() => ui::AuthoriseHow::Page { url: url.clone() },
        _ if external => ui::AuthoriseHow::External { text: String::new() },
        form => ui::AuthoriseHow::Form {
            fields: fields(form.as_ref()),
        },
    };
    ui::Authorise {
        broker: broker(page),
        lines: lines.collect(),
        how,
        may_skip: true,
    }
}

fn order_line(engine: &Engine, page: &FlowPage, order: &Order) -> ui::OrderLine {
    ui::OrderLine {
        ticker: order.ticket.ticker.clone(),
        name: name_of(engine, page, &order.ticket.ticker),
        side: order.ticket.side,
        quantity: order.ticket.quantity,
        filled: order.filled,
        average_price: order.average_price,
        order_type: order.ticket.order_type,
        limit_price: order.ticket.price.unwrap_or_default(),
        state: order.state,
        error_code: order.error_code,
        status_message: order.status_message.clone(),
    }
}

fn hand_off(engine: &Engine, page: &FlowPage) -> ui::HandOff {
    let orders = page.run.loaded.batch.iter().flat_map(|(_, orders)| orders);
    ui::HandOff {
        broker: broker(page),
        lines: orders
            .filter(|order| order.state == OrderState::Unknown)
            .map(|order| order_line(engine, page, order))
            .collect(),
        was_left: page
            .run
            .state
            .hand_off
            .as_ref()
            .is_some_and(|hand_off| hand_off.was_left),
    }
}

fn progress(engine: &Engine, page: &FlowPage) -> ui::Progress {
    match (&page.run.loaded.batch, &page.run.loaded.txn.intent) {
        (Some((_, orders)), _) => ui::Progress::of_orders(
            broker(page),
            orders
                .iter()
                .map(|order| order_line(engine, page, order))
                .collect(),
        ),
        (None, Intent::HoldingsImport { .. }) => ui::Progress::of_work(broker(page), ui::Work::Holdings),
        (None, Intent::FetchFunds) => ui::Progress::of_work(broker(page), ui::Work::Funds),
        (None, _) => ui::Progress::of_work(broker(page), ui::Work::Login),
    }
}

fn status(engine: &Engine, page: &FlowPage) -> ui::Status {
    let (variety, orders) = match &page.run.loaded.batch {
        Some((batch, orders)) => (batch.variety, orders.as_slice()),
        None => (Variety::Regular, &[] as &[Order]),
    };
    ui::Status::new(
        broker(page),
        BatchStatus::of(orders),
        variety,
        orders
            .iter()
            .map(|order| order_line(engine, page, order))
            .collect(),
        (
            traded_amount(orders, Side::Buy),
            traded_amount(orders, Side::Sell),
        ),
    )
}

fn done(engine: &Engine, page: &FlowPage) -> ui::Done {
    let outcome = match settlement(engine, page) {
        Settlement::Reject(Failure { code, message }) => ui::Outcome::Failure { message, code },
        Settlement::Resolve | Settlement::Pending => ui::Outcome::Success {
            purpose: purpose(&page.run.loaded.txn.intent),
            broker: broker(page),
        },
    };
    ui::Done {
        outcome,
        return_url: return_url(page),
    }
}

/// Where redirect mode returns to, with the transaction's id and status added; same-named parameters of the
/// address are replaced.
pub fn return_url(page: &FlowPage) -> Option<String> {
    let run = &page.run;
    if run.options.mode != Mode::Redirect {
        return None;
    }
    let mut url = url::Url::parse(run.options.return_url.as_deref()?).ok()?;
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "transactionId" && name != "status")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let txn = &run.loaded.txn;
    url.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair("transactionId", txn.public_id.as_str())
        .append_pair("status", txn.status.as_str());
    url.set_fragment(None);
    Some(url.into())
}
