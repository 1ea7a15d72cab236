//! Who the user is, and his money.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Paise;
use torana_exchange::core::portfolio::MarginView;
use torana_exchange::core::{AccountView, Command, Reader, Reply};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::state::Kite;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/user/profile", get(profile))
        .route("/user/profile/full", get(full_profile))
        .route("/user/margins", get(margins))
        .route("/user/margins/{segment}", get(segment_margins))
}

/// What is known of a user. Names and addresses are invented: a test account has nobody behind it.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    user_id: String,
    user_type: &'static str,
    email: String,
    user_name: String,
    user_shortname: String,
    broker: &'static str,
    exchanges: &'static [&'static str],
    products: &'static [&'static str],
    order_types: &'static [&'static str],
    avatar_url: Option<&'static str>,
    meta: Meta,
}

#[derive(Clone, Debug, Serialize)]
struct Meta {
    demat_consent: &'static str,
}

impl Profile {
    /// Of an account.
    pub fn of(account: &AccountView) -> Self {
        let name = account.key.account();
        Self {
            user_id: name.to_owned(),
            user_type: "individual",
            email: format!("{}@example.com", name.to_ascii_lowercase()),
            user_name: format!("Test account {name}"),
            user_shortname: name.to_owned(),
            broker: "ZERODHA",
            exchanges: &["NSE", "BSE", "MF"],
            products: &["CNC", "MIS", "CO"],
            order_types: &["MARKET", "LIMIT", "SL", "SL-M"],
            avatar_url: None,
            meta: Meta {
                demat_consent: consent(account),
            },
        }
    }
}

/// A standing instruction covers all sales, or there is none.
const fn consent(account: &AccountView) -> &'static str {
    if account.ddpi { "consent" } else { "" }
}

/// The caller's account.
///
/// # Errors
/// As [`Caller::ask`].
pub async fn account(caller: &Caller) -> Result<AccountView, KiteError> {
    match caller
        .ask(Command::Account(Reader::User(caller.session.clone())))
        .await?
    {
        Reply::Account(account) => Ok(*account),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn profile(caller: Caller) -> Answered {
    Ok(success(Profile::of(&account(&caller).await?)))
}

#[derive(Serialize)]
struct FullProfile {
    user_id: String,
    user_type: &'static str,
    email: String,
    user_name: String,
    user_shortname: String,
    broker: &'static str,
    phone: &'static str,
    pan: &'static str,
    dp_ids: [&'static str; 1],
    bank_accounts: [BankAccount; 1],
    exchanges: &'static [&'static str],
    products: &'static [&'static str],
    order_types: &'static [&'static str],
    avatar_url: Option<&'static str>,
    tags: [&'static str; 0],
    password_timestamp: Option<&'static str>,
    twofa_timestamp: Option<&'static str>,
    twofa_type: &'static str,
    meta: FullMeta,
}

#[derive(Serialize)]
struct BankAccount {
    name: &'static str,
    branch: &'static str,
    account: &'static str,
}

#[derive(Serialize)]
struct FullMeta {
    poa: &'static str,
    demat_consent: &'static str,
    silo: &'static str,
    account_blocks: [&'static str; 0],
}

async fn full_profile(caller: Caller) -> Answered {
    let account = account(&caller).await?;
    let Profile {
        user_id,
        user_type,
        email,
        user_name,
        user_shortname,
        broker,
        exchanges,
        products,
        order_types,
        avatar_url,
        meta,
    } = Profile::of(&account);
    Ok(success(FullProfile {
        user_id,
        user_type,
        email,
        user_name,
        user_shortname,
        broker,
        phone: "*0000",
        pan: "*0000X",
        dp_ids: ["1200000000000000"],
        bank_accounts: [BankAccount {
            name: "Sandbox Bank",
            branch: "Sandbox",
            account: "*0000",
        }],
        exchanges,
        products,
        order_types,
        avatar_url,
        tags: [],
        password_timestamp: None,
        twofa_timestamp: None,
        twofa_type: "totp",
        meta: FullMeta {
            poa: if account.ddpi { "online" } else { "" },
            demat_consent: meta.demat_consent,
            silo: "",
            account_blocks: [],
        },
    }))
}

/// The money of one segment.
#[derive(Serialize)]
struct Segment {
    enabled: bool,
    net: Decimal,
    available: Available,
    utilised: Utilised,
}

#[derive(Default, Serialize)]
struct Available {
    adhoc_margin: Decimal,
    cash: Decimal,
    opening_balance: Decimal,
    live_balance: Decimal,
    collateral: Decimal,
    intraday_payin: Decimal,
}

#[derive(Default, Serialize)]
struct Utilised {
    debits: Decimal,
    exposure: Decimal,
    m2m_realised: Decimal,
    m2m_unrealised: Decimal,
    option_premium: Decimal,
    payout: Decimal,
    span: Decimal,
    holding_sales: Decimal,
    turnover: Decimal,
    liquid_collateral: Decimal,
    stock_collateral: Decimal,
    delivery: Decimal,
}

#[derive(Serialize)]
struct Both {
    equity: Segment,
    commodity: Segment,
}

impl Segment {
    fn equity(money: &MarginView) -> Self {
        // What was paid and received today stands in `opening`, so that debits explain the rest.
        let debits = money.opening.0 - money.available.0;
        Self {
            enabled: true,
            net: money.available.into(),
            available: Available {
                cash: money.opening.into(),
                opening_balance: money.opening.into(),
                live_balance: money.available.into(),
                ..Available::default()
            },
            utilised: Utilised {
                debits: Paise(debits).into(),
                exposure: money.intraday.into(),
                m2m_realised: money.realised.into(),
                m2m_unrealised: money.unrealised.into(),
                holding_sales: money.sold.into(),
                delivery: Paise(money.delivery_orders.0 + money.bought.0).into(),
                ..Utilised::default()
            },
        }
    }

    /// Nothing is traded there.
    fn commodity() -> Self {
        Self {
            enabled: false,
            net: Decimal::default(),
            available: Available::default(),
            utilised: Utilised::default(),
        }
    }
}

async fn money(caller: &Caller) -> Result<MarginView, KiteError> {
    match caller
        .ask(Command::Margins(Reader::User(caller.session.clone())))
        .await?
    {
        Reply::Margins(money) => Ok(money),
        _ => Err(KiteError::odd_answer()),
    }
}

async fn margins(caller: Caller) -> Answered {
    Ok(success(Both {
        equity: Segment::equity(&money(&caller).await?),
        commodity: Segment::commodity(),
    }))
}

async fn segment_margins(caller: Caller, Path(segment): Path<String>) -> Answered {
    let money = money(&caller).await?;
    match segment.as_str() {
        "equity" => Ok(success(Segment::equity(&money))),
        "commodity" => Ok(success(Segment::commodity())),
        _ => Err(KiteError::input(
            "Invalid `segment`: allowed is equity or commodity",
        )),
    }
}
