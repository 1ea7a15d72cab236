//! `torana demo`: gateway, partner shop and Kite port on loopback, with the public demo gateway.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::Full;
use tokio::net::{TcpListener, TcpStream};
use torana_config::{PublicUrl, Settings, Sourced};
use torana_credentials::jwt::{Principal, mint};
use torana_credentials::secrets::Secret;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;
use torana_engine::Engine;

use crate::cli::args::{Common, DemoArgs};
use crate::databases::Databases;
use crate::demo_gateway::{self, Alive, DEMO_USER, GATEWAY, PUBLIC_SECRET, PartnerAddresses, WEBHOOK_KEY};
use crate::exit::Failure;
use crate::installation::{self, Purpose, read_keyring};
use crate::market_files;
use crate::net::{Limits, bind};
use crate::process::{ListenerSpec, Process, allow_list, loopback_of};
use crate::rim::entropy::SystemEntropy;
use crate::rim::http::exchange;
use crate::routes;
use crate::serving::Serving;
use crate::shop::{self, ShopConfig, WEBHOOK_PATH};
use crate::wiring::{EngineInputs, build_engine};

/// Default address of the shop.
const SHOP_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// How long the own listeners may take to answer at the start.
const READY_TIME_MAX: Duration = Duration::from_secs(5);

/// Loads the demo's settings, making its directory first, because its keys file is a setting.
///
/// # Errors
/// Exit code 3.
pub fn settings(common: &Common, args: &DemoArgs) -> Result<Settings, Failure> {
    let flag =
        |key, name: &str, value: &Option<String>| value.clone().map(|value| (key, name.to_owned(), value));
    let more = || {
        [
            flag("server.listen", "--listen", &args.listen),
            flag("exchange.kite.listen", "--kite", &args.kite),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
    };
    let first = installation::load_settings(common, Purpose::Demo, more())?;
    installation::prepare_demo(&first.data_dir, &SystemEntropy::default())?;
    let settings = installation::load_settings(common, Purpose::Demo, more())?;
    if let Some(url) = &settings.exchange_url {
        return Err(Failure::refused(format!(
            "exchange.url = \"{url}\": allowed for the demo is nothing, because it has its own exchange"
        )));
    }
    if !settings.listen.value.ip().is_loopback() {
        return Err(Failure::refused(format!(
            "server.listen = \"{}\" ({}): allowed for the demo is a loopback address, because its secrets are public",
            settings.listen.value, settings.listen.source
        )));
    }
    Ok(settings)
}

fn shop_address(args: &DemoArgs) -> Result<Sourced<SocketAddr>, Failure> {
    let Some(text) = &args.shop else {
        return Ok(Sourced {
            value: SHOP_LISTEN,
            source: torana_config::Source::Default,
        });
    };
    let value = text
        .parse()
        .ok()
        .filter(|address: &SocketAddr| address.ip().is_loopback())
        .ok_or_else(|| {
            Failure::refused(format!(
                "shop = {text:?} (--shop): allowed is a loopback address and a port, such as 127.0.0.1:8081"
            ))
        })?;
    Ok(Sourced {
        value,
        source: torana_config::Source::Flag("--shop".to_owned()),
    })
}

/// The demo's listeners, bound before anything is started, so that their addresses are known.
struct Bound {
    gateway: (TcpListener, SocketAddr, PublicUrl),
    shop: (TcpListener, SocketAddr, PublicUrl),
    kite: Option<(TcpListener, SocketAddr, PublicUrl)>,
}

async fn bind_all(settings: &Settings, args: &DemoArgs) -> Result<Bound, Failure> {
    let with_address = |listener: TcpListener| {
        let address = bind::bound_address(&listener)?;
        Ok::<_, Failure>((listener, address, PublicUrl::http(address)))
    };
    let (listener, address, _) = with_address(bind::bind_or_any("server.listen", &settings.listen).await?)?;
    let gateway = (listener, address, settings.public_url_of(address));
    let shop = with_address(bind::bind_or_any("shop", &shop_address(args)?).await?)?;
    let kite = match settings.kite_listen.value {
        None => None,
        Some(value) => {
            let wanted = Sourced {
                value,
                source: settings.kite_listen.source.clone(),
            };
            Some(with_address(
                bind::bind_or_any("exchange.kite.listen", &wanted).await?,
            )?)
        }
    };
    Ok(Bound { gateway, shop, kite })
}

/// Runs the demo until it is asked to stop.
///
/// # Errors
/// Exit code 3: a refused setting or an explicit address that is taken.
pub async fn run(settings: &Settings, args: &DemoArgs) -> Result<(), Failure> {
    let _serving = Serving::begin(&settings.database)?;
    let bound = bind_all(settings, args).await?;
    let keyring = read_keyring(settings)?;
    let egress_allow = allow_list(settings, &egress_targets(&bound, args)?)?;
    let mut process = Process::new(args.seed, egress_allow.clone());
    let databases = Databases::open(settings).await?;
    databases.require_current(true, process.rt.wall.now()).await?;
    process.serve_metrics(settings, &databases).await?;
    let public_url = bound.gateway.2.to_string();
    let market = market_files::open(settings)?;
    let inputs = EngineInputs {
        rt: process.rt.clone(),
        databases: &databases,
        keyring,
        public_url,
        egress_allow,
        seed: args.seed,
        fetches_logos: false,
        market: market.clone(),
        kite_url: bound.kite.as_ref().map(|(_, _, url)| url.clone()),
    };
    let (engine, side) = build_engine(settings, inputs).await?;
    let mut lines = vec![format!("torana shop {}", bound.shop.2)];
    let mut addresses = vec![bound.gateway.1, bound.shop.1];
    // Before everything that logs in at the broker behind it.
    if let Some((listener, address, url)) = bound.kite {
        lines.push(format!("torana kite {url}"));
        addresses.push(address);
        let spec = ListenerSpec {
            name: "kite",
            limits: Limits::PUBLIC,
            public_url: url,
            settings,
        };
        let router = routes::kite(&engine, &side, &market, &spec.public_url)?;
        process.listen(spec, listener, router);
    }
    prepare_gateway(&engine, settings, &bound.shop.2, args).await?;
    routes::start_tasks(&engine, &side, settings, &market);

    let shop_config = ShopConfig {
        gateway_name: GATEWAY.to_owned(),
        secret: Secret::new(PUBLIC_SECRET.to_owned()),
        api_secret: Secret::new(PUBLIC_SECRET.to_owned()),
        webhook_key: Secret::new(WEBHOOK_KEY.to_owned()),
        gateway_origin: bound.gateway.2.to_string(),
        gateway_address: loopback_of(bound.gateway.1),
        own_origin: bound.shop.2.to_string(),
    };
    let (gateway, shop) = (bound.gateway, bound.shop);
    let ready = format!("torana ready {}", gateway.2);
    let samples = curl_samples(&gateway.2, process.rt.wall.now());
    let spec = ListenerSpec {
        name: "public",
        limits: Limits::PUBLIC,
        public_url: gateway.2,
        settings,
    };
    process.listen(
        spec,
        gateway.0,
        routes::public(&engine, &databases, settings, true)?,
    );
    let router = shop::router(shop_config, process.rt.wall.clone(), process.rt.entropy.clone());
    process.listen(
        ListenerSpec {
            name: "shop",
            limits: Limits::BESIDE,
            public_url: shop.2,
            settings,
        },
        shop.0,
        router,
    );
    lines.push(ready);

    wait_until_answering(&addresses).await?;
    eprint!("{samples}");
    process.run(lines).await
}

/// Seeds the gateway with the addresses of this run and lets its world go on.
async fn prepare_gateway(
    engine: &Engine,
    settings: &Settings,
    shop: &PublicUrl,
    args: &DemoArgs,
) -> Result<(), Failure> {
    let shop_hook = format!("{shop}{WEBHOOK_PATH}");
    let partner = PartnerAddresses {
        origins: std::iter::once(shop.to_string())
            .chain(args.origin.iter().cloned())
            .collect(),
        webhook_urls: std::iter::once(shop_hook)
            .chain(args.webhook_url.iter().cloned())
            .collect(),
    };
    demo_gateway::ensure(engine, partner).await?;
    let alive = Alive::new(&settings.data_dir);
    demo_gateway::set_clock(engine, &alive).await?;
    demo_gateway::seed_user(engine).await?;
    engine
        .rt()
        .spawn
        .spawn("demo-alive", Box::pin(alive.keep(engine.clone())));
    tracing::warn!(
        "the secrets of gatewaydemo are public: this process is for trying things out on loopback only"
    );
    Ok(())
}

/// The shop, and what `--webhook-url` names, may be called although they are on loopback or plain http.
fn egress_targets(bound: &Bound, args: &DemoArgs) -> Result<Vec<String>, Failure> {
    let mut targets = vec![bound.shop.2.host_port().to_string()];
    for url in &args.webhook_url {
        let parsed = url::Url::parse(url).ok();
        let target = parsed
            .as_ref()
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        targets.push(target.ok_or_else(|| {
            Failure::refused(format!(
                "webhook-url = {url:?} (--webhook-url): allowed is an absolute http or https URL"
            ))
        })?);
    }
    Ok(targets)
}

/// Asks every listener over its socket until each has answered.
async fn wait_until_answering(addresses: &[SocketAddr]) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + READY_TIME_MAX;
    for address in addresses {
        let answered = async {
            while !answers(loopback_of(*address)).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout_at(deadline, answered)
            .await
            .map_err(|_| Failure::failed(format!("the own listener at {address} does not answer")))?;
    }
    Ok(())
}

async fn answers(address: SocketAddr) -> bool {
    let Ok(stream) = TcpStream::connect(address).await else {
        return false;
    };
    let request = http::Request::get("/healthz")
        .header("host", address.to_string())
        .body(Full::default());
    match request {
        Ok(request) => exchange(stream, request, 1024).await.is_ok(),
        Err(_) => false,
    }
}

/// How long the tokens of the samples are valid.
const SAMPLE_TOKEN_SECONDS: i64 = 365 * 86_400;

/// Three calls that a developer can paste: they need nothing but the running demo.
fn curl_samples(gateway: &PublicUrl, now: Timestamp) -> String {
    let secret = Secret::new(PUBLIC_SECRET.to_owned());
    let auth = |principal: &Principal| {
        let token = mint(principal, &secret, now, SAMPLE_TOKEN_SECONDS);
        format!("-H 'x-gateway-secret: {PUBLIC_SECRET}' -H 'x-gateway-authtoken: {token}'")
    };
    let guest = auth(&Principal::Guest);
    let user = AuthId::parse(DEMO_USER).map_or_else(|_| guest.clone(), |id| auth(&Principal::Connected(id)));
    format!(
        "\nTry it from a terminal:\n\
         curl -s {guest} '{gateway}/v1/{GATEWAY}/engine/market/status'\n\
         curl -s {user} '{gateway}/v1/{GATEWAY}/engine/user/holdings?version=v2'\n\
         curl -s {guest} -d '{{\"intent\":\"TRANSACTION\",\"orderConfig\":{{\"type\":\"SECURITIES\",\"securities\":\
         [{{\"ticker\":\"INFY\",\"quantity\":2,\"type\":\"BUY\"}}]}}}}' '{gateway}/gateway/{GATEWAY}/transaction'\n\n"
    )
}
