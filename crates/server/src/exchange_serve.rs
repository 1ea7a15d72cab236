//! `torana exchange serve`: the paper exchange alone, with a database of its own.

use std::sync::Arc;
use std::time::Duration;

use torana_config::{Profile, PublicUrl, Settings, Sourced};
use torana_exchange::Port;
use torana_exchange::access::{AccessBook, LocalDesk, ToldClocks};
use torana_runtime::Rt;

use crate::cli::args::{Common, ExchangeServeArgs};
use crate::databases::Databases;
use crate::exit::Failure;
use crate::installation::{Purpose, load_settings, read_keyring, watch_keys};
use crate::kite::{self, KiteInputs};
use crate::net::{Limits, bind, health};
use crate::process::{ListenerSpec, Process, allow_list};
use crate::serving::Serving;
use crate::wiring::embedded_exchange;
use crate::{exchange_port, market_files, readiness};

/// How often it is looked whether another process was told a clock.
const CLOCKS_LOOK_EVERY: Duration = Duration::from_secs(1);

/// Loads the settings of an exchange process.
///
/// # Errors
/// Exit code 3 with the refused setting.
pub fn settings(common: &Common, args: &ExchangeServeArgs) -> Result<Settings, Failure> {
    let kite = args
        .kite
        .clone()
        .map(|value| ("exchange.kite.listen", "--kite".to_owned(), value));
    load_settings(common, Purpose::Exchange, kite.into_iter().collect())
}

/// Serves worlds until the process is asked to stop.
///
/// # Errors
/// Exit code 3: a refused setting, pending migrations, a taken address, missing keys.
pub async fn run(settings: &Settings, args: &ExchangeServeArgs) -> Result<(), Failure> {
    let wanted = check_rules(settings, args)?;
    let keyring = read_keyring(settings)?;
    let key = keyring.identity_key().exchange_key();
    let _serving = Serving::begin(&settings.exchange_database)?;
    let mut process = Process::new(args.seed, allow_list(settings, &[])?);
    let databases = Databases::open_exchange(settings).await?;
    databases
        .require_current(args.migrate, process.rt.wall.now())
        .await?;
    process.serve_metrics(settings, &databases).await?;
    let listener = bind::bind("exchange.kite.listen", &wanted).await?;
    let bound = bind::bound_address(&listener)?;
    let url = PublicUrl::http(bound);
    let market = market_files::open(settings)?;
    market_files::follow(settings, &market, &process.rt);
    let rt = process.rt.clone();
    let store = databases.exchange()?;
    let exchange = embedded_exchange(&rt, store, market.clone(), args.seed);
    let exchange: Arc<dyn Port> = Arc::new(exchange);
    let book = AccessBook::new(store.clone(), keyring, rt.entropy.clone());
    let clocks = ToldClocks::new(store.clone(), rt.wall.clone());
    clocks
        .read()
        .await
        .map_err(|error| Failure::failed(format!("the clocks of worlds: {error}")))?;
    start_watch(settings, &rt, &book, &clocks);
    let desk = LocalDesk::new(book.clone(), exchange.clone()).with_clocks(clocks.clone());
    let inputs = KiteInputs {
        exchange: exchange.clone(),
        book,
        time: Arc::new(clocks),
        market,
        rt,
    };
    let router = health::router(readiness::checks(&databases, settings))
        .merge(exchange_port::router(exchange, Arc::new(desk), key))
        .fallback_service(kite::router(inputs, &settings.public_url_of(bound))?);
    let spec = ListenerSpec {
        name: "kite",
        limits: Limits::PUBLIC,
        public_url: url.clone(),
        settings,
    };
    process.listen(spec, listener, router);
    let ready = vec![format!("torana kite {url}"), format!("torana ready {url}")];
    process.run(ready).await
}

/// Follows what other processes change: the keys file, and clocks that another exchange process was told.
fn start_watch(settings: &Settings, rt: &Rt, book: &AccessBook, clocks: &ToldClocks) {
    let (keeper, hands) = (book.clone(), rt.clone());
    let watch = watch_keys(settings.clone(), rt.clone(), move |keyring| {
        keeper.replace_keyring(keyring);
        start_reseal(&hands, &keeper);
    });
    start_reseal(rt, book);
    rt.spawn.spawn("keys-file", Box::pin(watch));
    rt.spawn
        .spawn("clocks", Box::pin(watch_clocks(rt.clone(), clocks.clone())));
}

/// The secrets of apps follow the active key, because `torana keys rotate` of a gateway does not reach this database.
fn start_reseal(rt: &Rt, book: &AccessBook) {
    let book = book.clone();
    let task = async move {
        match book.reseal().await {
            Ok(0) => {}
            Ok(moved) => tracing::info!(moved, "secrets of apps were sealed with the active key"),
            Err(error) => tracing::error!(%error, "secrets of apps cannot be sealed with the active key"),
        }
    };
    rt.spawn.spawn("app-secrets", Box::pin(task));
}

async fn watch_clocks(rt: Rt, clocks: ToldClocks) {
    while !rt.spawn.is_stopping() {
        rt.sleep.sleep(CLOCKS_LOOK_EVERY).await;
        if let Err(error) = clocks.read().await {
            tracing::warn!(%error, "clocks could not be read again, going on with what is known");
        }
    }
}

/// What an exchange process refuses, before anything is opened; gives the address that it listens on.
fn check_rules(
    settings: &Settings,
    args: &ExchangeServeArgs,
) -> Result<Sourced<std::net::SocketAddr>, Failure> {
    if settings.profile == Profile::Production && args.seed.is_some() {
        return Err(Failure::refused(
            "--seed: allowed in profile sandbox only, because ids must not be guessable",
        ));
    }
    if let Some(url) = &settings.exchange_url {
        return Err(Failure::refused(format!(
            "exchange.url = \"{url}\": allowed here is nothing, because this process is the exchange"
        )));
    }
    let listen = &settings.kite_listen;
    let value = listen.value.ok_or_else(|| {
        Failure::refused(format!(
            "exchange.kite.listen = \"off\" ({}): allowed here is an IP address and a port, such as 127.0.0.1:8082",
            listen.source
        ))
    })?;
    Ok(Sourced {
        value,
        source: listen.source.clone(),
    })
}
