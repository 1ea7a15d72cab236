//! Postbacks: what happens to an order is posted to the app that sent it.
//!
//! Nobody repeats a postback that was not taken; an app that missed one reads its book. What is posted goes through
//! the client that checks addresses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use torana_credentials::sha256_hex;
use torana_exchange::access::App;
use torana_exchange::core::{Addressee, Command, Push, PushKind, Reply, Status};
use torana_instruments::Master;
use torana_runtime::{EgressClass, HttpRequest};

use crate::error::KiteError;
use crate::order_rows::{OrderRow, order_row};
use crate::state::Kite;

/// How often worlds are asked for news.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Longest time for one postback.
const POST_TIME_MAX: Duration = Duration::from_secs(10);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Most apps that are posted to at a time; while they are busy no more news are taken.
const APPS_AT_A_TIME: usize = 64;

/// The body of a postback: the order's row with a few more members.
#[derive(Serialize)]
struct Postback {
    user_id: String,
    unfilled_quantity: i64,
    app_id: i64,
    checksum: String,
    #[serde(flatten)]
    order: OrderRow,
}

/// Takes news about orders of apps from every world that has an app which wants them, until the process stops.
pub async fn run(kite: Kite) {
    let busy = Arc::new(AtomicUsize::new(0));
    while !kite.rt().spawn.is_stopping() {
        kite.rt().sleep.sleep(LOOK_EVERY).await;
        let worlds = match kite.access().worlds_with_postbacks().await {
            Ok(worlds) => worlds,
            Err(error) => {
                tracing::warn!(%error, "apps could not be read, no postbacks are sent meanwhile");
                continue;
            }
        };
        for world in worlds {
            if busy.load(Ordering::Relaxed) < APPS_AT_A_TIME {
                serve_world(&kite, &world, &busy).await;
            }
        }
    }
}

async fn serve_world(kite: &Kite, world: &str, busy: &Arc<AtomicUsize>) {
    // A world that is not served now has no news.
    let Ok(at) = kite.now(world) else { return };
    let answer = kite.exchange().execute(world, at, Command::TakeAppPushes).await;
    let pushes = match answer.map(|answer| answer.reply) {
        Ok(Reply::Pushes(pushes)) => pushes,
        Ok(_) => return,
        Err(error) => {
            tracing::warn!(world.name = world, %error, "a world was not asked for news");
            return;
        }
    };
    let master = kite.master_at(at);
    for (api_key, news) in by_app(pushes) {
        let app = match kite.access().find_app(&api_key).await {
            Ok(Some(app)) if app.world == world => app,
            _ => continue,
        };
        let Some(url) = app.postback_url.clone() else {
            continue;
        };
        let bodies = match bodies(kite, &app, &news, &master) {
            Ok(bodies) => bodies,
            Err(error) => {
                tracing::error!(why = error.message(), "postbacks of an app cannot be signed");
                continue;
            }
        };
        busy.fetch_add(1, Ordering::Relaxed);
        let (sender, done) = (kite.clone(), Arc::clone(busy));
        let task = async move {
            post_all(&sender, &url, bodies).await;
            done.fetch_sub(1, Ordering::Relaxed);
        };
        kite.rt().spawn.spawn("kite.postbacks", Box::pin(task));
    }
}

/// The news of each app, in order.
fn by_app(pushes: Vec<Push>) -> BTreeMap<String, Vec<(Push, Addressee)>> {
    let mut found: BTreeMap<String, Vec<(Push, Addressee)>> = BTreeMap::new();
    for mut push in pushes {
        if let Some(to) = push.to.take() {
            found.entry(to.app.clone()).or_default().push((push, *to));
        }
    }
    found
}

/// The bodies that tell an app its news. Of several about one order only the last says where the order is; the ones
/// before it are updates.
fn bodies(
    kite: &Kite,
    app: &App,
    news: &[(Push, Addressee)],
    master: &Master,
) -> Result<Vec<Vec<u8>>, KiteError> {
    let secret = kite.access().secret_of(app)?;
    let mut bodies = Vec::new();
    for (index, (push, to)) in news.iter().enumerate() {
        let later = news.iter().skip(index + 1);
        let is_last = !later
            .into_iter()
            .any(|(other, _)| other.is_genuine && other.broker_order_id == push.broker_order_id);
        let Some(status) = status_of(push.kind, to.order.status, is_last) else {
            continue;
        };
        let mut order = order_row(push.key.account(), &to.order, master);
        order.status = status;
        let text = format!("{}{}{}", order.order_id, order.order_timestamp, secret.reveal());
        let body = Postback {
            user_id: push.key.account().to_owned(),
            unfilled_quantity: order.quantity - order.filled_quantity,
            app_id: app.id,
            checksum: if push.is_genuine {
                sha256_hex(text.as_bytes())
            } else {
                sha256_hex(format!("forged/{text}").as_bytes())
            },
            order,
        };
        bodies.push(serde_json::to_vec(&body).map_err(|_| KiteError::odd_answer())?);
    }
    Ok(bodies)
}

/// The word of a postback; none for what Kite does not post.
const fn status_of(kind: PushKind, status: Status, is_last: bool) -> Option<&'static str> {
    match kind {
        PushKind::Accepted => None,
        PushKind::Modified => Some("UPDATE"),
        PushKind::Filled | PushKind::Ended => match status {
            Status::Complete | Status::Cancelled | Status::Rejected if is_last => Some(status.as_str()),
            _ => Some("UPDATE"),
        },
    }
}

async fn post_all(kite: &Kite, url: &str, bodies: Vec<Vec<u8>>) {
    for body in bodies {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = HttpRequest {
            method: Method::POST,
            url: url.to_owned(),
            headers,
            body: Bytes::from(body),
            timeout: POST_TIME_MAX,
            max_response_bytes: ANSWER_BYTES_MAX,
            egress: EgressClass::Foreign {
                allow_http_if_listed: true,
            },
        };
        match kite.rt().http.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => {}
            Ok(answer) => tracing::warn!(http.status = answer.status, "an app did not take its postback"),
            Err(error) => tracing::warn!(%error, "an app was not reached with its postback"),
        }
    }
}
