//! Web origins: what a browser says about the page that calls, and the operator's list of allowed ones.
//! They compare exactly by scheme, host and port; `*` stands for exactly one label.

mod pattern;
mod sender;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use pattern::{OriginPattern, find_allowed};
pub use sender::is_foreign_sender;

/// Longest text that is looked at: scheme, a host name of 253 characters, a port.
pub const ORIGIN_BYTES_MAX: usize = 8 + 253 + 6;

/// Longest URL whose origin is taken.
pub const URL_BYTES_MAX: usize = 4096;

const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Why a text is not an origin. The message says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// The text is too long.
    #[error("origin longer than {ORIGIN_BYTES_MAX} bytes")]
    TooLong,
    /// The scheme is missing or another one; `null` and `file://` end here.
    #[error("an origin starts with https:// or http://; null, file:// and other schemes are not allowed")]
    Scheme,
    /// There is a path, a query, a fragment or a user name.
    #[error("an origin is scheme, host and port only, without user name, path and closing slash")]
    MoreThanOrigin,
    /// The host is none.
    #[error(
        "the host has to be a name of ASCII letters, digits and hyphens (xn-- for others), an IPv4 address, \
         or an IPv6 address in brackets"
    )]
    Host,
    /// The port is none.
    #[error("the port has to be a number from 1 to 65535 without leading zeros")]
    Port,
    /// `*` stands where it may not.
    #[error(
        "a wildcard covers exactly the first label, as in https://*.example.com, below at least two others"
    )]
    Wildcard,
    /// It is not written as a browser writes it.
    #[error("not in the form that browsers send: lower case, without the scheme's default port")]
    NotCanonical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// The origin of a page, in exactly the form that browsers send; fit to be a `postMessage` target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
    text: String,
}

impl Origin {
    /// Reads the value of an `Origin` header. Nothing is normalised: what no browser would send is refused.
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        if text.len() > ORIGIN_BYTES_MAX {
            return Err(BadOrigin::TooLong);
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(BadOrigin::NotCanonical);
        }
        let (scheme, authority) = split_scheme(text)?;
        let (host, port) = split_port(authority)?;
        if port == Some(scheme.default_port()) {
            return Err(BadOrigin::NotCanonical);
        }
        let host = parse_host(host)?;
        Ok(Self {
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            text: text.to_owned(),
        })
    }

    /// The origin of an absolute URL as a browser prints it, such as a page's own address.
    pub fn of_url(url: &str) -> Result<Self, BadOrigin> {
        if url.len() > URL_BYTES_MAX {
            return Err(BadOrigin::TooLong);
        }
        // Browsers read a backslash as a slash and drop control characters, so neither may be in it.
        if url
            .bytes()
            .any(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f)
        {
            return Err(BadOrigin::MoreThanOrigin);
        }
        let (scheme, rest) = split_scheme(url)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        Self::parse(&format!("{}{authority}", scheme.prefix()))
    }

    /// The text as the browser sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), BadOrigin> {
    [Scheme::Https, Scheme::Http]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme.prefix()).map(|rest| (scheme, rest)))
        .ok_or(BadOrigin::Scheme)
}

/// Host and port of an authority; the port is `None` when it is not written.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), BadOrigin> {
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return Err(BadOrigin::MoreThanOrigin);
    }
    // Colons inside of brackets belong to an IPv6 address.
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    if authority.starts_with('[') && host_end == 0 {
        return Err(BadOrigin::Host);
    }
    let port_at = authority
        .get(host_end..)
        .and_then(|rest| rest.find(':'))
        .map(|colon| host_end + colon);
    let Some((host, rest)) = port_at.and_then(|at| authority.split_at_checked(at)) else {
        return Ok((authority, None));
    };
    let digits = rest.strip_prefix(':').unwrap_or(rest);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let port = digits.parse().ok().filter(|_| plain).ok_or(BadOrigin::Port)?;
    Ok((host, Some(port)))
}

fn parse_host(text: &str) -> Result<Host, BadOrigin> {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|address| address.parse().ok());
        return address.map(Host::V6).ok_or(BadOrigin::Host);
    }
    // A browser reads a name whose last label is a number as an IPv4 address, in whatever notation.
    let last = text.rsplit('.').next().unwrap_or(text);
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return text.parse().map(Host::V4).map_err(|_| BadOrigin::Host);
    }
    let good = text.len() <= HOST_BYTES_MAX && text.split('.').all(is_label);
    if good {
        Ok(Host::Name(text.to_owned()))
    } else {
        Err(BadOrigin::Host)
    }
}

fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests;
