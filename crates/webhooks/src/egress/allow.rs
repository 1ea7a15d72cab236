//! The operator's list of targets that may be local.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Entries that the list may have.
pub const MAX_ALLOW_ENTRIES: usize = 256;

/// Why an entry of `egress.allow` is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAllowEntry {
    /// Not of the form `host:port`.
    #[error("{0:?} is not host:port, e.g. \"127.0.0.1:8081\", \"hooks.internal:9443\" or \"[::1]:8081\"")]
    NotHostAndPort(String),
    /// The list is too long.
    #[error("egress.allow may have at most {MAX_ALLOW_ENTRIES} entries")]
    TooMany,
}

/// `egress.allow`: pairs of host and port, compared with what stands in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(BTreeSet<(String, u16)>);

impl AllowList {
    /// Reads the setting.
    ///
    /// # Errors
    /// [`BadAllowEntry`] with the entry that is wrong.
    pub fn parse<T: AsRef<str>>(entries: &[T]) -> Result<Self, BadAllowEntry> {
        if entries.len() > MAX_ALLOW_ENTRIES {
            return Err(BadAllowEntry::TooMany);
        }
        let parsed = entries.iter().map(|entry| {
            let entry = entry.as_ref();
            host_and_port(entry).ok_or_else(|| BadAllowEntry::NotHostAndPort(entry.to_owned()))
        });
        parsed.collect::<Result<BTreeSet<_>, _>>().map(Self)
    }

    /// Whether this host (IPv6 without brackets) and port are listed.
    #[must_use]
    pub fn contains(&self, host: &str, port: u16) -> bool {
        self.0.contains(&(host.to_ascii_lowercase(), port))
    }
}

fn host_and_port(entry: &str) -> Option<(String, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().ok()?.to_string(),
        None => plain_host(host)?,
    };
    Some((host, port))
}

fn plain_host(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let looks_numeric = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if looks_numeric {
        return host.parse::<Ipv4Addr>().ok().map(|v4| v4.to_string());
    }
    super::is_host_name(&host).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let list = AllowList::parse(&["127.0.0.1:8081", "Hooks.internal:9443", "[0:0::1]:80"]).unwrap();
        assert!(list.contains("127.0.0.1", 8081));
        assert!(list.contains("HOOKS.internal", 9443));
        assert!(list.contains("::1", 80));
        assert!(!list.contains("127.0.0.1", 8082));
        for bad in [
            "",
            "127.0.0.1",
            "hooks:",
            ":80",
            "hooks:0",
            "hooks:70000",
            "::1:80",
            "a/b:80",
            "127.1:80",
            "user@h:80",
            "h:+80",
            "*.internal:80",
            "h.:80",
        ] {
            assert_eq!(
                AllowList::parse(&[bad]),
                Err(BadAllowEntry::NotHostAndPort(bad.to_owned())),
                "{bad}"
            );
        }
        assert_eq!(
            AllowList::parse(&vec!["h:1"; MAX_ALLOW_ENTRIES + 1]),
            Err(BadAllowEntry::TooMany)
        );
    }
}
