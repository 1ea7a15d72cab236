//! What surrounds every page: partner, mode, progress trail, and the values that the page script needs.

use serde::Serialize;

use crate::mark::{Mark, mark_of};

/// The partner on whose behalf the user is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partner {
    /// Display name.
    pub name: String,
    /// Initials in a coloured disc.
    pub mark: Mark,
    /// Path of the partner's picture as Torana serves it; shown instead of the initials.
    pub logo: Option<String>,
}

impl Partner {
    /// A partner by its display name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mark: mark_of(name, name),
            logo: None,
        }
    }

    /// The same with a picture.
    #[must_use]
    pub fn with_logo(mut self, path: Option<String>) -> Self {
        self.logo = path;
        self
    }
}

/// Whether real money can move; shown on every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Live brokers.
    Live,
    /// A sandbox gateway: paper accounts only.
    Sandbox,
    /// A sandbox gateway whose partner asked for the original test mode: a label, nothing else.
    TestMode,
    /// The seeded demo gateway with its publicly known secret.
    Demo,
}

/// How the flow came to the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowMode {
    /// In a window that the partner's page opened.
    Popup,
    /// In the partner's own tab; the flow ends with a redirect back.
    Redirect,
}

/// The running flow, as far as a page and its script need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowFrame {
    /// Opaque id of the flow; no secret.
    pub id: String,
    /// Id of the transaction, for the wake-up message.
    pub transaction_id: String,
    /// Authenticates the wake-up message to the SDK; not the nonce of the content security policy.
    pub message_nonce: String,
    /// Exact origin that started the flow: the only target of the wake-up message.
    pub origin: String,
    /// Popup or redirect.
    pub mode: FlowMode,
    /// Goes into the hidden input of every form.
    pub csrf: String,
    /// Milliseconds until the flow expires; `None` once it cannot, or while the clock stands still.
    pub expires_in_ms: Option<i64>,
    /// Whether the user may still cancel: false after the hand-over and on final pages.
    pub may_cancel: bool,
}

impl FlowFrame {
    /// Path of a step of this flow.
    #[must_use]
    pub fn path(&self, step: &str) -> String {
        format!("/flow/{}/{step}", self.id)
    }
}

/// The steps that the user sees named above the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Trail {
    /// Message ids of the steps' names, in order.
    pub steps: &'static [&'static str],
    /// Index of the step that is being done; `steps.len()` when all are done.
    pub current: usize,
}

impl Trail {
    /// Connect, funds: broker, login, done.
    pub const CONNECT: &'static [&'static str] = &["trail.broker", "trail.login", "trail.done"];
    /// Holdings import: broker, login, permission, done.
    pub const IMPORT: &'static [&'static str] =
        &["trail.broker", "trail.login", "trail.consent", "trail.done"];
    /// Orders: broker, login, review, orders.
    pub const ORDER: &'static [&'static str] =
        &["trail.broker", "trail.login", "trail.review", "trail.orders"];
    /// Authorisation of shares: broker, login, authorise, done.
    pub const AUTHORISE: &'static [&'static str] =
        &["trail.broker", "trail.login", "trail.authorise", "trail.done"];
}

/// A message above the page's content, after something that the user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Message id below `notice.`.
    pub key: &'static str,
    /// A broker's own words, shown as they are.
    pub detail: Option<String>,
}

/// Everything around a page's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Nonce of the content security policy of this answer.
    pub csp_nonce: String,
    /// The partner, when it is known and may be named.
    pub partner: Option<Partner>,
    /// Real or paper.
    pub setting: Setting,
    /// The flow, on pages that belong to one.
    pub flow: Option<FlowFrame>,
    /// The named steps, on pages that are one of them.
    pub trail: Option<Trail>,
    /// What just went wrong or changed.
    pub notice: Option<Notice>,
    /// Id of the request, shown on error pages.
    pub request_id: Option<String>,
}

impl Frame {
    /// A flow of the demo gateway in a popup.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            csp_nonce: "c3BlY2ltZW4".to_owned(),
            partner: Some(Partner::new("Acme Invest")),
            setting: Setting::Demo,
            flow: Some(FlowFrame {
                id: "f3k9w2x7q5m1".to_owned(),
                transaction_id: "TRX_0123456789abcdef0123456789abcdef".to_owned(),
                message_nonce: "n_sample".to_owned(),
                origin: "http://127.0.0.1:8081".to_owned(),
                mode: FlowMode::Popup,
                csrf: "csrf_sample".to_owned(),
                expires_in_ms: Some(871_000),
                may_cancel: true,
            }),
            trail: None,
            notice: None,
            request_id: None,
        }
    }

    /// The same with another setting.
    #[must_use]
    pub fn with_setting(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// The same with a trail.
    #[must_use]
    pub fn with_trail(mut self, steps: &'static [&'static str], current: usize) -> Self {
        self.trail = Some(Trail { steps, current });
        self
    }

    /// The same with a notice.
    #[must_use]
    pub fn with_notice(mut self, key: &'static str, detail: Option<&str>) -> Self {
        self.notice = Some(Notice {
            key,
            detail: detail.map(str::to_owned),
        });
        self
    }

    /// The same after the point where the user may cancel.
    #[must_use]
    pub fn without_cancel(mut self) -> Self {
        if let Some(flow) = &mut self.flow {
            flow.may_cancel = false;
            flow.expires_in_ms = None;
        }
        self
    }

    /// The same in redirect mode.
    #[must_use]
    pub fn in_redirect_mode(mut self) -> Self {
        if let Some(flow) = &mut self.flow {
            flow.mode = FlowMode::Redirect;
        }
        self
    }
}
