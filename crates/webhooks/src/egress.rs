//! Where Torana may connect to when somebody else chose the address.
//!
//! Two checks, both needed: [`check_url`] judges the text before anything is resolved, [`check_address`] judges
//! every resolved address just before it is connected. A host name says nothing about its address.

mod address;
mod allow;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

pub use address::AddressClass;
pub use allow::{AllowList, BadAllowEntry, MAX_ALLOW_ENTRIES};

/// Bytes of an address.
pub const MAX_URL_BYTES: usize = 2048;

/// A URL that may be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: String,
    host: String,
    port: u16,
    https: bool,
    literal: Option<IpAddr>,
    listed: bool,
}

impl Target {
    /// The address to request.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Host name or address, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port, the scheme's own one included.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is used.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// The address, when the URL names one instead of a host.
    #[must_use]
    pub const fn literal_address(&self) -> Option<IpAddr> {
        self.literal
    }

    /// Whether the operator listed this host and port.
    #[must_use]
    pub const fn is_listed(&self) -> bool {
        self.listed
    }
}

/// Why Torana does not connect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefusal {
    /// No absolute URL, or one with white space, control characters or backslashes.
    #[error("not an absolute URL of at most {MAX_URL_BYTES} bytes")]
    NotAUrl,
    /// Neither https nor http.
    #[error("only https addresses are allowed")]
    SchemeNotAllowed,
    /// http without being listed, or of a live gateway.
    #[error("http is allowed only on sandbox gateways and for targets in egress.allow; use https")]
    PlainHttp,
    /// User name or password.
    #[error("credentials in the URL are not allowed")]
    Credentials,
    /// A host that is not written in its one plain form.
    #[error("the host must be a plain lower-case ASCII name or a plain IP address, without a trailing dot")]
    HostSpelling,
    /// A port that nothing listens on.
    #[error("port 0 is not allowed")]
    PortZero,
    /// A name that means this machine.
    #[error("{0} names this machine; list host:port in egress.allow to allow it")]
    LocalName(String),
    /// An address that is never or not without listing connected.
    #[error("{address} is a {class} address; {}", hint(*.class))]
    Address {
        /// The address.
        address: IpAddr,
        /// What it is.
        class: AddressClass,
    },
}

const fn hint(class: AddressClass) -> &'static str {
    if class.can_be_listed() {
        "list host:port in egress.allow to allow it"
    } else {
        "it is never connected"
    }
}

/// Judges a URL before anything is resolved. `sandbox` says whether the gateway is a sandbox gateway.
///
/// # Errors
/// [`EgressRefusal`].
pub fn check_url(url: &str, allow: &AllowList, sandbox: bool) -> Result<Target, EgressRefusal> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if url.len() > MAX_URL_BYTES || url.contains(odd) {
        return Err(EgressRefusal::NotAUrl);
    }
    let parsed = Url::parse(url).map_err(|_| EgressRefusal::NotAUrl)?;
    let https = match parsed.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(EgressRefusal::SchemeNotAllowed),
    };
    // The parser forgives `https:host` and `https:///host`; we do not, because the written host is compared.
    let (_, rest) = url.split_once("://").ok_or(EgressRefusal::NotAUrl)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') || !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(EgressRefusal::Credentials);
    }
    let host = parsed.host().ok_or(EgressRefusal::NotAUrl)?.to_owned();
    if !is_plainly_written(authority, &host) {
        return Err(EgressRefusal::HostSpelling);
    }
    let port = parsed.port_or_known_default().ok_or(EgressRefusal::NotAUrl)?;
    if port == 0 {
        return Err(EgressRefusal::PortZero);
    }
    let (host_text, literal) = match &host {
        Host::Domain(name) => (name.clone(), None),
        Host::Ipv4(v4) => (v4.to_string(), Some(IpAddr::V4(*v4))),
        Host::Ipv6(v6) => (v6.to_string(), Some(IpAddr::V6(*v6))),
    };
    let listed = allow.contains(&host_text, port);
    let http_allowed = listed && sandbox;
    if !https && !http_allowed {
        return Err(EgressRefusal::PlainHttp);
    }
    let local_name = literal.is_none() && (host_text == "localhost" || host_text.ends_with(".localhost"));
    if local_name && !listed {
        return Err(EgressRefusal::LocalName(host_text));
    }
    let target = Target {
        url: url.to_owned(),
        host: host_text,
        port,
        https,
        literal,
        listed,
    };
    match literal {
        Some(address) => check_address(address, &target).map(|()| target),
        None => Ok(target),
    }
}

/// Judges a resolved address just before it is connected.
///
/// # Errors
/// [`EgressRefusal::Address`].
pub fn check_address(address: IpAddr, target: &Target) -> Result<(), EgressRefusal> {
    let class = AddressClass::of(address);
    let allowed = class == AddressClass::Public || (target.listed && class.can_be_listed());
    if allowed {
        Ok(())
    } else {
        Err(EgressRefusal::Address { address, class })
    }
}

/// Whether the host stands in the URL in the one form that everybody reads alike: no octal, hexadecimal or
/// shortened IPv4, no IPv4 inside IPv6, no percent escapes, no Unicode look-alikes, no trailing dot.
fn is_plainly_written(authority: &str, host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => {
            let written = authority.split(':').next().unwrap_or_default();
            !name.ends_with('.') && written.eq_ignore_ascii_case(name) && is_host_name(name)
        }
        Host::Ipv4(v4) => {
            let written = authority.split(':').next().unwrap_or_default();
            written.parse::<Ipv4Addr>() == Ok(*v4)
        }
        Host::Ipv6(v6) => {
            let written = authority
                .strip_prefix('[')
                .and_then(|rest| rest.split(']').next())
                .unwrap_or_default();
            written.parse::<Ipv6Addr>() == Ok(*v6) && !written.contains('.')
        }
    }
}

fn is_host_name(name: &str) -> bool {
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(label_fits)
}
