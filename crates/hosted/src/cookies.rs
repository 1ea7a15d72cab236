//! The two cookies: one per flow, and one per gateway that keeps a broker session for the next flow.

use http::{HeaderMap, HeaderValue, header};
use torana_domain::ids::GatewayName;
use torana_engine::flow::access::FLOW_COOKIE_MS;

/// Longest life of a flow cookie, in seconds; the engine believes none beyond it.
const FLOW_COOKIE_SECONDS: i64 = FLOW_COOKIE_MS / 1000;
/// Longest life of a broker cookie, in seconds; the session behind it ends earlier by itself.
const BROKER_COOKIE_SECONDS: i64 = 86_400;

/// What the name of a flow's cookie begins with.
const fn flow_prefix(is_https: bool) -> &'static str {
    if is_https { "__Host-tf-" } else { "tf-" }
}

/// Name of a flow's cookie.
pub fn flow_cookie_name(is_https: bool, flow_id: &str) -> String {
    format!("{}{flow_id}", flow_prefix(is_https))
}

/// Name of a gateway's broker-session cookie.
pub fn broker_cookie_name(is_https: bool, gateway: &GatewayName) -> String {
    if is_https {
        format!("__Host-tb-{gateway}")
    } else {
        format!("tb-{gateway}")
    }
}

/// Names and values of the cookies of a request.
fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// The value of one cookie of a request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    all(headers).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The flows that a request has cookies of.
pub fn flows(headers: &HeaderMap, is_https: bool) -> impl Iterator<Item = &str> {
    all(headers).filter_map(move |(name, _)| name.strip_prefix(flow_prefix(is_https)))
}

/// `Set-Cookie` for a flow.
pub fn set_flow(is_https: bool, flow_id: &str, value: &str) -> Option<HeaderValue> {
    set(
        is_https,
        &flow_cookie_name(is_https, flow_id),
        value,
        FLOW_COOKIE_SECONDS,
    )
}

/// `Set-Cookie` for a broker session.
pub fn set_broker(is_https: bool, gateway: &GatewayName, value: &str) -> Option<HeaderValue> {
    set(
        is_https,
        &broker_cookie_name(is_https, gateway),
        value,
        BROKER_COOKIE_SECONDS,
    )
}

fn set(is_https: bool, name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let secure = if is_https { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_exact_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; tf-x=v; xtf-x=w"));
        assert_eq!(read(&headers, "tf-x"), Some("v"));
        assert_eq!(read(&headers, "tf"), None);
    }

    #[test]
    fn flows_are_those_of_our_own_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("tf-x=v; tb-acme=w"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tf-y=v; tf-z=u"));
        assert_eq!(flows(&headers, false).collect::<Vec<_>>(), ["x", "z"]);
        assert_eq!(flows(&headers, true).collect::<Vec<_>>(), ["y"]);
    }

    #[test]
    fn https_cookies_are_host_bound_and_secure() {
        let header = set_flow(true, "f1", "v").unwrap();
        assert_eq!(
            header,
            "__Host-tf-f1=v; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax; Secure"
        );
        let header = set_flow(false, "f1", "v").unwrap();
        assert_eq!(header, "tf-f1=v; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax");
    }
}
