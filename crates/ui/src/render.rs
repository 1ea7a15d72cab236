//! From a page to HTML.

use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::time::Timestamp;

use crate::messages::{MessageError, Messages};
use crate::pages::Page;
use crate::{assets, format};

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),+]
    };
}

const TEMPLATES: &[(&str, &str)] = templates![
    "layout.html",
    "parts.html",
    "hand_off.html",
    "leave.html",
    "loading.html",
    "brokers.html",
    "broker_missing.html",
    "open_account.html",
    "notice.html",
    "login.html",
    "send_orders.html",
    "session.html",
    "mismatch.html",
    "consent.html",
    "review.html",
    "review_parts.html",
    "checks.html",
    "authorise.html",
    "market.html",
    "progress.html",
    "status.html",
    "done.html",
    "cancel.html",
    "error.html",
    "other_browser.html",
    "kite_form.html",
    "kite_end.html",
];

/// Why a page could not be rendered. Every page is rendered by a test, so a user never meets this unless a
/// template was edited.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template does not parse, or refers to something that its page does not have.
    #[error("template failed")]
    Template(#[from] minijinja::Error),
    /// The texts cannot be read.
    #[error("texts unavailable")]
    Messages(#[from] MessageError),
}

/// Renders pages. Cheap to share, safe to use from many threads.
#[derive(Debug)]
pub struct Renderer {
    environment: Environment<'static>,
    messages: Arc<Messages>,
}

impl Renderer {
    /// Parses all templates and texts.
    pub fn new() -> Result<Self, RenderError> {
        let messages = Arc::new(Messages::english()?);
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        add_texts(&mut environment, Arc::clone(&messages));
        add_formats(&mut environment);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Self {
            environment,
            messages,
        })
    }

    /// The page as a complete HTML document.
    pub fn render(&self, page: &Page) -> Result<String, RenderError> {
        let template = self.environment.get_template(page.body.template())?;
        let partner = match &page.frame.partner {
            Some(partner) => partner.name.clone(),
            None => self.messages.text("common.partner", &|_| None)?,
        };
        let flow_base = page.frame.flow.as_ref().map(|flow| format!("/flow/{}", flow.id));
        Ok(template.render(context! {
            frame => Value::from(Serde(&page.frame)),
            page => Value::from(Serde(&page.body)),
            step => page.body.step(),
            base => flow_base.unwrap_or_default(),
            script => assets::SCRIPT.path(),
            style => assets::STYLE.path(),
            icon_path => assets::ICON.path(),
            partner,
        })?)
    }
}

fn add_texts(environment: &mut Environment<'static>, messages: Arc<Messages>) {
    let counted = Arc::clone(&messages);
    environment.add_function("t", move |id: &str, values: Kwargs| text(&messages, id, &values));
    environment.add_function("tn", move |id: &str, count: i64, values: Kwargs| {
        let form = if count == 1 { "one" } else { "other" };
        let number = format::shares(Shares(count));
        let value_of = |name: &str| {
            if name == "count" {
                Some(number.clone())
            } else {
                value(&values, name)
            }
        };
        finish(counted.text(&format!("{id}.{form}"), &value_of))
    });
}

fn value(values: &Kwargs, name: &str) -> Option<String> {
    values.get::<Value>(name).ok().map(|value| value.to_string())
}

fn text(messages: &Messages, id: &str, values: &Kwargs) -> Result<String, Error> {
    finish(messages.text(id, &|name| value(values, name)))
}

fn finish(text: Result<String, MessageError>) -> Result<String, Error> {
    text.map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

fn add_formats(environment: &mut Environment<'static>) {
    environment.add_filter("rupees", |paise: i64| format::rupees(Paise(paise)));
    environment.add_filter("price", |price: i64| format::price(Price(price)));
    environment.add_filter("typed_price", |typed: &str| match Price::parse(typed) {
        Ok(price) => format::price(price),
        Err(_) => typed.to_owned(),
    });
    environment.add_filter("typed_shares", |typed: &str| match typed.parse() {
        Ok(quantity) => format::shares(Shares(quantity)),
        Err(_) => typed.to_owned(),
    });
    environment.add_filter("shares", |quantity: i64| format::shares(Shares(quantity)));
    environment.add_filter("time", |at: i64| format::india_time(Timestamp(at)));
    environment.add_filter("moment", |at: i64| format::india_moment(Timestamp(at)));
    environment.add_filter("percent", format::percent);
    environment.add_filter("minutes", |ms: i64| ms.max(0) / 60_000);
}
