//! A serving process: its listeners and tasks, how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use torana_config::{PublicUrl, Settings};
use torana_runtime::Rt;
use torana_webhooks::egress::AllowList;

use crate::commands::print_lines;
use crate::databases::Databases;
use crate::exit::Failure;
use crate::net::{Gate, Limits, bind, serve};
use crate::rim;
use crate::rim::stop::{Stop, StopTrigger, Termination, stop_signal};
use crate::rim::tasks::Tasks;
use crate::telemetry::metrics as exporter;

/// How long tasks may take to reach a safe point after the listeners have finished.
const TASKS_GRACE: Duration = Duration::from_secs(10);

/// A process that is being put together.
pub struct Process {
    /// Time, tasks, randomness, HTTP.
    pub rt: Rt,
    tasks: Tasks,
    listeners: JoinSet<()>,
    trigger: StopTrigger,
    stop: Stop,
}

impl Process {
    /// A process with its runtime and no listener yet.
    #[must_use]
    pub fn new(seed: Option<u64>, egress_allow: AllowList) -> Self {
        let (trigger, stop) = stop_signal();
        let (rt, tasks) = rim::runtime(seed, egress_allow, stop.clone());
        Self {
            rt,
            tasks,
            listeners: JoinSet::new(),
            trigger,
            stop,
        }
    }

    /// Serves `router` until the process stops.
    pub fn listen(&mut self, spec: ListenerSpec<'_>, listener: TcpListener, router: Router) {
        let ListenerSpec {
            name,
            limits,
            public_url,
            settings,
        } = spec;
        let proxies = settings.trusted_proxies.clone();
        let gate = Gate::new(
            name,
            router,
            &public_url.to_string(),
            proxies,
            self.rt.entropy.clone(),
            limits,
        );
        self.listeners
            .spawn(serve(listener, gate, limits, self.stop.clone()));
    }

    /// Starts the metrics listener, if the settings want one.
    ///
    /// # Errors
    /// Exit code 3 when its address is taken.
    pub async fn serve_metrics(&mut self, settings: &Settings, databases: &Databases) -> Result<(), Failure> {
        let Some(address) = settings.metrics_listen.value else {
            return Ok(());
        };
        let wanted = torana_config::Sourced {
            value: address,
            source: settings.metrics_listen.source.clone(),
        };
        let listener = bind::bind("metrics.listen", &wanted).await?;
        let bound = bind::bound_address(&listener)?;
        let databases = databases.clone();
        let router = exporter::router(
            exporter::install()?,
            Arc::new(move || exporter::sample(&databases)),
        );
        let public_url = PublicUrl::http(bound);
        self.listen(
            ListenerSpec {
                name: "metrics",
                limits: Limits::BESIDE,
                public_url,
                settings,
            },
            listener,
            router,
        );
        tracing::info!(metrics.address = %bound, "metrics are served");
        Ok(())
    }

    /// Says on stdout that it is ready and runs until SIGTERM or SIGINT, then finishes what is in flight; a second
    /// signal ends that early.
    ///
    /// # Errors
    /// Exit code 1 when nobody reads stdout.
    pub async fn run(mut self, ready: Vec<String>) -> Result<(), Failure> {
        // Whoever reads that it is ready may ask it to stop at once.
        let mut termination = Termination::listen();
        print_lines(ready)?;
        termination.next().await;
        self.trigger.stop();
        let finished = async {
            while self.listeners.join_next().await.is_some() {}
            let cut = self.tasks.join(TASKS_GRACE).await;
            if cut > 0 {
                tracing::warn!(tasks = cut, "tasks were cut at the end of the shutdown grace");
            }
        };
        tokio::select! {
            biased;
            () = finished => tracing::info!("stopped"),
            () = termination.next() => tracing::warn!("stopped at once by a second signal"),
        }
        Ok(())
    }
}

/// What a listener is told beside its router.
pub struct ListenerSpec<'a> {
    /// Its name in logs and metrics.
    pub name: &'static str,
    /// Its limits.
    pub limits: Limits,
    /// The origin in links to the error pages.
    pub public_url: PublicUrl,
    /// Where the trusted proxies stand.
    pub settings: &'a Settings,
}

/// The allow list of the settings, with further targets.
///
/// # Errors
/// Exit code 3 with the entry that is wrong.
pub fn allow_list(settings: &Settings, more: &[String]) -> Result<AllowList, Failure> {
    let mut entries: Vec<String> = settings.egress_allow.iter().map(ToString::to_string).collect();
    entries.extend_from_slice(more);
    AllowList::parse(&entries).map_err(|error| Failure::refused(format!("egress.allow: {error}")))
}

/// A loopback address of the same family and port, for calls to a listener of our own.
#[must_use]
pub fn loopback_of(bound: SocketAddr) -> SocketAddr {
    let ip = match bound {
        _ if !bound.ip().is_unspecified() => bound.ip(),
        SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}
