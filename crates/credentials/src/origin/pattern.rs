//! The operator's entries: exact origins and one-level wildcards.

use super::{BadOrigin, Host, ORIGIN_BYTES_MAX, Origin, Scheme, parse_host, split_port, split_scheme};

/// An entry of a gateway's list: one origin, or all origins one label below a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OriginPattern {
    scheme: Scheme,
    /// With `wildcard`, the name below which one label is allowed.
    host: Host,
    wildcard: bool,
    port: u16,
    text: String,
}

impl OriginPattern {
    /// Reads what an operator wrote. Upper case and an explicit default port are normalised, because
    /// browsers do the same.
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        if text.len() > ORIGIN_BYTES_MAX {
            return Err(BadOrigin::TooLong);
        }
        let lower = text.to_ascii_lowercase();
        let (scheme, authority) = split_scheme(&lower)?;
        let (host_text, port) = split_port(authority)?;
        let (wildcard, base) = match host_text.strip_prefix("*.") {
            Some(base) => (true, base),
            None => (false, host_text),
        };
        if base.contains('*') {
            return Err(BadOrigin::Wildcard);
        }
        let host = parse_host(base)?;
        if wildcard && !is_wide_enough(&host) {
            return Err(BadOrigin::Wildcard);
        }
        let shown_port = port
            .filter(|port| *port != scheme.default_port())
            .map(|port| format!(":{port}"));
        let text = format!("{}{host_text}{}", scheme.prefix(), shown_port.unwrap_or_default());
        Ok(Self {
            scheme,
            host,
            wildcard,
            port: port.unwrap_or(scheme.default_port()),
            text,
        })
    }

    /// Whether the page's origin is meant by this entry.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        let host_matches = match (&self.host, &origin.host, self.wildcard) {
            (own, other, false) => own == other,
            (Host::Name(base), Host::Name(name), true) => {
                name.split_once('.').is_some_and(|(_label, below)| below == base)
            }
            (_, _, true) => false,
        };
        host_matches && self.scheme == origin.scheme && self.port == origin.port
    }

    /// The normalised text, to be stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The origin of an `Origin` header, if it is a good one and the list allows it.
#[must_use]
pub fn find_allowed(patterns: &[OriginPattern], header: &str) -> Option<Origin> {
    let origin = Origin::parse(header).ok()?;
    patterns
        .iter()
        .any(|pattern| pattern.matches(&origin))
        .then_some(origin)
}

/// A wildcard directly below a top-level domain would allow everybody; below `localhost` it is harmless.
fn is_wide_enough(host: &Host) -> bool {
    matches!(host, Host::Name(name) if name.contains('.') || name == "localhost")
}
