//! A browser without scripts: cookies, redirects, forms. Every page that it sees keeps the promises that hold
//! for all hosted pages, or the test fails.

use std::collections::BTreeMap;

use crate::html::{self, Form, Tag};
use crate::http::{Answer, Client};

const REDIRECTS_MAX: usize = 10;

/// A document on the screen.
#[derive(Debug, Clone)]
pub struct Page {
    /// Address, without the origin.
    pub path: String,
    /// The whole answer.
    pub answer: Answer,
    /// Name of the hosted step, empty on other pages.
    pub step: String,
    /// Forms in order.
    pub forms: Vec<Form>,
    /// Address and text of each link.
    pub links: Vec<(String, String)>,
    /// Target of a refresh without script.
    pub refresh: Option<String>,
    /// All visible text.
    pub text: String,
    tags: Vec<Tag>,
}

impl Page {
    fn new(path: &str, answer: Answer) -> Self {
        let tags = html::tags(&answer.text);
        let body = tags.iter().find(|tag| tag.name == "body");
        let step = body.map(|tag| tag.text_of("data-step")).unwrap_or_default();
        let is_link = |(_, tag): &(usize, &Tag)| tag.name == "a" && tag.get("href").is_some();
        let links = tags.iter().enumerate().filter(is_link);
        let links = links
            .map(|(at, tag)| (tag.text_of("href"), html::text_until(&tags[at..], "/a")))
            .collect();
        let refresh = tags.iter().find(|tag| tag.get("http-equiv") == Some("refresh"));
        let refresh = refresh.map(|tag| {
            let content = tag.text_of("content");
            content
                .split_once("url=")
                .map_or_else(|| path.to_owned(), |(_, url)| url.to_owned())
        });
        let start = tags.iter().position(|tag| tag.name == "body").unwrap_or(0);
        let text = html::text_until(&tags[start..], "/body");
        Self {
            path: path.to_owned(),
            step,
            forms: html::forms(&tags),
            links,
            refresh,
            text,
            tags,
            answer,
        }
    }

    /// Attribute of the first tag of that name.
    #[must_use]
    pub fn attribute(&self, tag: &str, name: &str) -> Option<String> {
        self.tags
            .iter()
            .find(|found| found.name == tag)
            .and_then(|found| found.get(name))
            .map(str::to_owned)
    }

    /// The tags of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Tag> + 'a {
        self.tags.iter().filter(move |tag| tag.name == name)
    }

    /// The promises that hold for every hosted page: nothing from elsewhere, no inline code without the
    /// nonce, no framing, nothing kept, every form protected.
    ///
    /// # Panics
    /// If one of them is broken.
    pub fn check_promises(&self) {
        let policy = self.answer.header("content-security-policy").unwrap_or_default();
        for needed in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "'nonce-",
            "base-uri 'none'",
        ] {
            assert!(
                policy.contains(needed),
                "{}: the policy lacks {needed}: {policy}",
                self.path
            );
        }
        assert!(!policy.contains("unsafe"), "{}: {policy}", self.path);
        assert_eq!(
            self.answer.header("cross-origin-opener-policy"),
            None,
            "{}",
            self.path
        );
        assert_eq!(
            self.answer.header("cache-control"),
            Some("no-store"),
            "{}",
            self.path
        );
        assert_eq!(
            self.answer.header("x-content-type-options"),
            Some("nosniff"),
            "{}",
            self.path
        );
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .and_then(|rest| rest.split('\'').next())
            .unwrap_or_default();
        for tag in self.all("script").chain(self.all("style")) {
            assert_eq!(
                tag.get("nonce"),
                Some(nonce),
                "{}: a {} without the nonce",
                self.path,
                tag.name
            );
        }
        for tag in &self.tags {
            assert!(
                tag.get("style").is_none(),
                "{}: inline style on {}",
                self.path,
                tag.name
            );
            let handler = tag.attributes.iter().find(|(name, _)| name.starts_with("on"));
            assert!(handler.is_none(), "{}: inline handler on {}", self.path, tag.name);
            let source = tag
                .get("src")
                .or(if tag.name == "link" { tag.get("href") } else { None });
            let outside = source.filter(|source| source.contains("//") && !source.starts_with("data:"));
            assert_eq!(outside, None, "{}: {} from elsewhere", self.path, tag.name);
        }
        for form in self.forms.iter().filter(|form| form.method == "post") {
            let csrf = form.fields.iter().find(|field| field.name == "csrf");
            // The form that carries orders to the broker tells it nothing of ours.
            if is_of_broker(&form.action) {
                assert!(csrf.is_none(), "{}: our token goes to {}", self.path, form.action);
                continue;
            }
            // The Kite interface sets no cookies, so that its forms act for nobody who is logged in.
            assert!(
                self.step.starts_with("kite") || csrf.is_some_and(|field| !field.value.is_empty()),
                "{}: a form without csrf",
                self.path
            );
            assert!(
                form.action.starts_with('/'),
                "{}: a form to {}",
                self.path,
                form.action
            );
        }
    }
}

/// Where the pages of the sandbox broker Zerodha are, on an origin of its own.
const BROKER_PATH: &str = "/connect/";

/// One browser profile. It knows one server, and goes to the broker's own pages and back.
#[derive(Debug, Clone)]
pub struct Browser {
    base: String,
    client: Client,
    cookies: BTreeMap<String, String>,
    /// Every `set-cookie` line that came.
    pub set_cookies: Vec<String>,
    /// Addresses of all requests, the redirects' targets included.
    pub visited: Vec<String>,
    page: Option<Page>,
    /// Where a redirect wanted to go that leaves the server.
    pub left_to: Option<String>,
}

impl Browser {
    /// A browser without cookies.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: Client::default(),
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            visited: Vec::new(),
            page: None,
            left_to: None,
        }
    }

    /// The page on the screen.
    ///
    /// # Panics
    /// If there is none yet.
    #[must_use]
    pub fn page(&self) -> &Page {
        self.page.as_ref().expect("a page")
    }

    /// Names of the cookies.
    #[must_use]
    pub fn cookie_names(&self) -> Vec<String> {
        self.cookies.keys().cloned().collect()
    }

    /// Loses all cookies, as another browser would.
    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// Opens an address of the server.
    pub fn open(&mut self, path: &str) -> &Page {
        self.load("GET", path, None, "")
    }

    /// Posts the one-time handle as the SDK's hidden form on the partner's page does.
    pub fn start(&mut self, start_url: &str, handle: &str, partner_origin: &str) -> &Page {
        let path = start_url.strip_prefix(&self.base).unwrap_or(start_url).to_owned();
        self.load(
            "POST",
            &path,
            Some(&[("handle".to_owned(), handle.to_owned())]),
            partner_origin,
        )
    }

    /// Submits the form that has this button, with some of its fields replaced.
    ///
    /// # Panics
    /// If the page has no such button.
    pub fn press(&mut self, name: &str, value: &str, typed: &[(&str, &str)]) -> &Page {
        let page = self.page();
        let has = |form: &&Form| {
            form.buttons
                .iter()
                .any(|button| button.name == name && (value.is_empty() || button.value == value))
        };
        let form = page.forms.iter().find(has);
        let form = form
            .unwrap_or_else(|| panic!("no button {name}={value} on {}: {:?}", page.path, page.forms))
            .clone();
        let mut fields: Vec<(String, String)> = form
            .fields
            .iter()
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect();
        for (typed_name, typed_value) in typed {
            fields.retain(|(known, _)| known != typed_name);
            fields.push(((*typed_name).to_owned(), (*typed_value).to_owned()));
        }
        if !name.is_empty() {
            fields.push((name.to_owned(), value.to_owned()));
        }
        // A page of the broker is known by its whole address; its forms stay on its origin.
        let (origin, action) = match origin_of(&page.path) {
            Some(origin) => (origin.to_owned(), format!("{origin}{}", form.action)),
            None => (self.base.clone(), form.action),
        };
        self.load("POST", &action, Some(&fields), &origin)
    }

    /// Follows the link with this text, or the one whose address ends with it.
    ///
    /// # Panics
    /// If there is none.
    pub fn follow(&mut self, wanted: &str) -> &Page {
        let page = self.page();
        let link = page
            .links
            .iter()
            .find(|(href, text)| text == wanted || href.ends_with(wanted));
        let path = link
            .unwrap_or_else(|| panic!("no link {wanted} on {}: {:?}", page.path, page.links))
            .0
            .clone();
        self.open(&path)
    }

    /// Loads the page again, or the one that it refreshes to.
    pub fn refresh(&mut self) -> &Page {
        let target = self
            .page()
            .refresh
            .clone()
            .unwrap_or_else(|| self.page().path.clone());
        self.open(&target)
    }

    /// Closes the window: its page says so on its way out, as the pages' script does.
    ///
    /// # Panics
    /// If there is no page of a flow.
    pub fn close(&mut self) {
        let page = self.page();
        let (flow, _) = page.path.rsplit_once('/').expect("a step's path");
        let (gone, csrf) = (
            format!("{flow}/gone"),
            page.attribute("body", "data-csrf").unwrap_or_default(),
        );
        let base = self.base.clone();
        let fields = form_encode(&[("csrf".to_owned(), csrf)]);
        let answer = self.request("POST", &gone, Some(&fields), &base);
        assert!(answer.status < 300, "{gone}: {} {}", answer.status, answer.text);
    }

    /// Posts fields to a path, as a page of `origin` would.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)], origin: &str) -> &Page {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.load("POST", path, Some(&fields), origin)
    }

    fn load(&mut self, method: &str, path: &str, fields: Option<&[(String, String)]>, origin: &str) -> &Page {
        let (mut method, mut path) = (method.to_owned(), path.to_owned());
        let mut body = fields.map(form_encode);
        self.left_to = None;
        for _ in 0..REDIRECTS_MAX {
            let answer = self.request(&method, &path, body.as_deref(), origin);
            let target = answer.header("location").map(str::to_owned);
            if let (301..=308, Some(target)) = (answer.status, target) {
                assert_eq!(
                    answer.status, 303,
                    "{method} {path} redirects with {}",
                    answer.status
                );
                let own = target.strip_prefix(&self.base).unwrap_or(&target).to_owned();
                if !own.starts_with('/') && !is_of_broker(&own) {
                    self.left_to = Some(target);
                    self.page = Some(Page::new(&path, answer));
                    return self.page();
                }
                (method, path, body) = ("GET".to_owned(), own, None);
                continue;
            }
            let page = Page::new(&path, answer);
            if !page.step.is_empty() {
                page.check_promises();
            }
            self.page = Some(page);
            return self.page();
        }
        panic!("more than {REDIRECTS_MAX} redirects, the last one to {path}");
    }

    fn request(&mut self, method: &str, path: &str, body: Option<&str>, origin: &str) -> Answer {
        let path = path.split('#').next().unwrap_or_default();
        self.visited.push(path.to_owned());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("accept", "text/html"), ("user-agent", "torana-testkit browser")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if body.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            headers.push(("origin", origin));
        }
        let url = if is_of_broker(path) {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let answer = self
            .client
            .send(method, &url, &headers, body.unwrap_or_default().as_bytes());
        for line in answer.header_all("set-cookie") {
            self.set_cookies.push(line.to_owned());
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The origin of a whole address.
fn origin_of(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("http://")?;
    let host = rest.split('/').next()?;
    address.get(.."http://".len() + host.len())
}

fn is_of_broker(address: &str) -> bool {
    let origin = origin_of(address).filter(|origin| origin.starts_with("http://127.0.0.1:"));
    origin.is_some_and(|origin| {
        address
            .get(origin.len()..)
            .is_some_and(|path| path.starts_with(BROKER_PATH))
    })
}

/// Encodes fields as a form does.
#[must_use]
pub fn form_encode(fields: &[(String, String)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    text.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
