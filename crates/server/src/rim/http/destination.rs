//! Where a request goes, after the egress rules have judged its URL.

use std::net::IpAddr;

use torana_runtime::{EgressClass, HttpRequest};
use torana_webhooks::egress::{self, AllowList, Target};
use url::Url;

/// A URL taken apart.
pub(super) struct Destination {
    pub(super) is_https: bool,
    /// Name or address, IPv6 without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As it stands in the `host` header.
    pub(super) host_header: String,
    pub(super) path_and_query: String,
    /// What foreign addresses are checked against; none for our own data.
    foreign: Option<Target>,
}

impl Destination {
    /// Judges the URL; the addresses are judged by [`Destination::check`] when they are known.
    pub(super) fn of(request: &HttpRequest, allow: &AllowList) -> Result<Self, String> {
        let foreign = match request.egress {
            EgressClass::Foreign { allow_http_if_listed } => {
                let judged = egress::check_url(&request.url, allow, allow_http_if_listed);
                Some(judged.map_err(|refused| refused.to_string())?)
            }
            EgressClass::Broker => None,
        };
        let url = Url::parse(&request.url).map_err(|error| format!("not a URL: {error}"))?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("neither https nor http".to_owned()),
        };
        let bracketed = url.host_str().ok_or("the URL has no host")?;
        let host_header = url
            .port()
            .map_or(bracketed.to_owned(), |port| format!("{bracketed}:{port}"));
        let path_and_query = url
            .query()
            .map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self {
            is_https,
            host: bracketed.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port_or_known_default().ok_or("the URL has no port")?,
            host_header,
            path_and_query,
            foreign,
        })
    }

    /// Judges a resolved address.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), String> {
        let Some(target) = &self.foreign else {
            return Ok(());
        };
        egress::check_address(address, target).map_err(|refused| refused.to_string())
    }
}
