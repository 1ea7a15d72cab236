//! The content security policy of hosted pages.

/// The header value for a page with this nonce. `form_targets` are the origins, beside our own, to which a
/// form of the page may lead: browsers apply `form-action` to the redirect that answers a form as well, so a
/// page whose form ends a redirect-mode flow names the partner's. A broker's login is gone to by a link, which
/// the policy does not bind. Callers pass origins that were checked; anything that could end a directive is
/// dropped.
#[must_use]
pub fn content_security_policy(nonce: &str, form_targets: &[&str]) -> String {
    let is_plain = |text: &&&str| {
        text.bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b',' | b'\''))
    };
    let targets: String = form_targets
        .iter()
        .filter(is_plain)
        .map(|origin| format!(" {origin}"))
        .collect();
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; \
         connect-src 'self'; form-action 'self'{targets}; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_targets_cannot_end_the_directive() {
        let policy = content_security_policy("n0", &["https://broker.example", "https://x;script-src *"]);
        assert!(policy.contains("form-action 'self' https://broker.example;"));
        assert!(!policy.contains("script-src *"));
    }
}
