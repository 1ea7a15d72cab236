//! Clearing shares for sale at the depository: asked for by the app, confirmed by the user on a page.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use torana_credentials::sha256_hex;
use torana_domain::broker_key::BrokerKey;
use torana_exchange::access::App;
use torana_exchange::core::command::ClearanceView;
use torana_exchange::core::{AccountKey, Clearance, Command, Reply};
use torana_instruments::Master;
use torana_ui::Notice;
use torana_ui::pages::{AuthoriseLine, KiteAsk, KiteEnding, KiteForm, LoginField};

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, missing};
use crate::json::Number;
use crate::pages;
use crate::refused::order_error;
use crate::state::Kite;
use crate::words::tradingsymbol;

/// Name of the input of the depository's PIN.
const TPIN: &str = "tpin";
/// Digits of the exchange's id of a request.
const ID_LEN: usize = 32;
/// Digits that bind a request to its app.
const BOND_LEN: usize = 16;

/// The routes.
pub fn routes() -> Router<Kite> {
    let page = "/connect/portfolio/authorise/holdings/{api_key}/{request_id}";
    Router::new()
        .route("/portfolio/holdings/authorise", post(ask))
        .route(page, get(show).post(confirm))
        .route(&format!("{page}/finish"), get(finished))
}

#[derive(Serialize)]
struct RequestId {
    request_id: String,
}

async fn ask(caller: Caller, params: Params) -> Answered {
    let (isins, quantities): (Vec<&str>, Vec<&str>) =
        (params.all("isin").collect(), params.all("quantity").collect());
    if isins.len() != quantities.len() {
        return Err(missing(if isins.len() < quantities.len() {
            "isin"
        } else {
            "quantity"
        }));
    }
    let one = |(isin, quantity): (&&str, &&str)| {
        Ok(Clearance {
            isin: isin.trim().to_owned(),
            quantity: Number::of(quantity).shares("quantity")?,
        })
    };
    let wanted = isins.iter().zip(&quantities).map(one);
    let command = Command::RequestClearance {
        session: caller.session.clone(),
        wanted: wanted.collect::<Result<_, KiteError>>()?,
    };
    match caller.ask(command).await? {
        Reply::ClearanceRequested { id } => {
            let bond = bond_of(caller.kite(), &caller.app, &id, &caller.user_id)?;
            let request_id = format!("{id}{bond}{}", caller.user_id);
            Ok(success(RequestId { request_id }))
        }
        reply => Err(order_error(reply)),
    }
}

/// What binds a request to the app that asked: nobody else can make it.
fn bond_of(kite: &Kite, app: &App, id: &str, account: &str) -> Result<String, KiteError> {
    let secret = kite.access().secret_of(app)?;
    let text = format!("authorise/{}/{id}/{account}/{}", app.api_key, secret.reveal());
    Ok(sha256_hex(text.as_bytes()).chars().take(BOND_LEN).collect())
}

/// A request that a browser names, as far as its address is one of ours.
struct Wish {
    app: App,
    key: AccountKey,
    id: String,
    path: String,
}

async fn wish_of(kite: &Kite, api_key: &str, request_id: &str) -> Result<Option<Wish>, KiteError> {
    let Some(app) = kite.access().find_app(api_key).await? else {
        return Ok(None);
    };
    let parts = request_id.split_at_checked(ID_LEN);
    let parts = parts.and_then(|(id, rest)| Some((id, rest.split_at_checked(BOND_LEN)?)));
    let Some((id, (bond, account))) = parts else {
        return Ok(None);
    };
    let is_bound = bond == bond_of(kite, &app, id, account)?;
    let key = AccountKey::new(BrokerKey::Kite, account).ok();
    Ok(key.filter(|_| is_bound).map(|key| Wish {
        key,
        id: id.to_owned(),
        path: format!("/connect/portfolio/authorise/holdings/{api_key}/{request_id}"),
        app,
    }))
}

async fn show(State(kite): State<Kite>, Path((api_key, request_id)): Path<(String, String)>) -> Response {
    let shown = async {
        match wish_of(&kite, &api_key, &request_id).await? {
            None => Ok(pages::unknown(&kite)),
            Some(wish) => form_page(&kite, &wish, None).await,
        }
    };
    shown.await.unwrap_or_else(|error| pages::failed(&kite, &error))
}

async fn form_page(kite: &Kite, wish: &Wish, notice: Option<Notice>) -> Result<Response, KiteError> {
    let at = kite.now(&wish.app.world)?;
    let command = Command::ClearanceRequest {
        key: wish.key.clone(),
        id: wish.id.clone(),
    };
    let answer = kite.exchange().execute(&wish.app.world, at, command).await?;
    let view = match answer.reply {
        Reply::Clearance(view) if !view.is_confirmed && !view.is_over => view,
        _ => return Ok(pages::unknown(kite)),
    };
    let form = KiteForm {
        ask: KiteAsk::Authorise,
        broker: pages::broker(),
        orders: Vec::new(),
        shares: lines(&view, &kite.master_at(at)),
        fields: vec![LoginField {
            name: TPIN.to_owned(),
            label: "TPIN of the depository (123456 for every test account)".to_owned(),
            choices: Vec::new(),
            is_secret: true,
            value: String::new(),
        }],
        post_to: wish.path.clone(),
        hidden: Vec::new(),
    };
    Ok(pages::page(kite, StatusCode::OK, notice, form.into(), None))
}

fn lines(view: &ClearanceView, master: &Master) -> Vec<AuthoriseLine> {
    let line = |wanted: &Clearance| {
        let security = master.by_isin(&wanted.isin);
        AuthoriseLine {
            ticker: security.map_or_else(|| wanted.isin.clone(), tradingsymbol),
            name: security.map_or_else(|| wanted.isin.clone(), |security| security.name.clone()),
            quantity: wanted.quantity,
        }
    };
    view.wanted.iter().map(line).collect()
}

async fn confirm(
    State(kite): State<Kite>,
    Path((api_key, request_id)): Path<(String, String)>,
    headers: HeaderMap,
    params: Params,
) -> Response {
    if !pages::is_own_form(&kite, &headers) {
        return pages::refused(&kite);
    }
    let done = async {
        let Some(wish) = wish_of(&kite, &api_key, &request_id).await? else {
            return Ok(pages::unknown(&kite));
        };
        let at = kite.now(&wish.app.world)?;
        let command = Command::ConfirmClearance {
            key: wish.key.clone(),
            id: wish.id.clone(),
            tpin: params.text(TPIN).unwrap_or_default().to_owned(),
        };
        let answer = kite.exchange().execute(&wish.app.world, at, command).await?;
        match answer.reply {
            Reply::Done => Ok(pages::see_other(&format!("{}/finish?status=success", wish.path))),
            Reply::WrongTpin => {
                let text = "The TPIN is wrong; the one of the test accounts is 123456.";
                let notice = Notice {
                    key: "authorisation_refused",
                    detail: Some(text.to_owned()),
                };
                form_page(&kite, &wish, Some(notice)).await
            }
            _ => Ok(pages::see_other(&format!("{}/finish?status=error", wish.path))),
        }
    };
    done.await
        .unwrap_or_else(|error: KiteError| pages::failed(&kite, &error))
}

async fn finished(State(kite): State<Kite>, params: Params) -> Response {
    let ending = match params.text("status") {
        Some("success") => KiteEnding::Authorised,
        _ => KiteEnding::NotAuthorised,
    };
    pages::end(&kite, StatusCode::OK, ending, None)
}
