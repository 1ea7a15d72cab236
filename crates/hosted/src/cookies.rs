//! The two cookies: one per flow, and one per gateway that keeps a broker session for the next flow.

use http::{HeaderMap, HeaderValue, header};
use torana_domain::ids::GatewayName;
use torana_engine::flow::access::FLOW_COOKIE_MS;

/// Longest life of a flow cookie, in seconds; the engine believes none beyond it.
const FLOW_COOKIE_SECONDS: i64 = FLOW_COOKIE_MS / 1000;
/// Longest life of a broker cookie, in seconds; the session behind it ends earlier by itself.
const BROKER_COOKIE_SECONDS: i64 = 86_400;

/// Name of a flow's cookie.
pub fn flow_cookie_name(is_https: bool, flow_id: &str) -> String {
    if is_https {
        format!("__Host-tf-{flow_id}")
    } else {
        format!("tf-{flow_id}")
    }
}

/// Name of a gateway's broker-session cookie.
pub fn broker_cookie_name(is_https: bool, gateway: &GatewayName) -> String {
    if is_https {
        format!("__Host-tb-{gateway}")
    } else {
        format!("tb-{gateway}")
    }
}

/// The value of one cookie of a request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
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
