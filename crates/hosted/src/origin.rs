//! Which page sent a request that changes something, as far as its browser tells.

use http::{HeaderMap, header};
use torana_credentials::origin::is_foreign_sender;

/// Origin of the page that sent a request. `None` where the browser names none: our own pages ask for that with
/// their referrer policy (it then says `null`), and so may a partner's.
pub fn of_sender(headers: &HeaderMap) -> Option<&str> {
    // What is no text is the origin of no page that we know.
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    (origin != "null").then_some(origin)
}

/// Whether a page of another origin than `own` sent a form. Tells it even where the form has the right token; the
/// token alone decides where the browser tells nothing.
pub fn is_foreign(headers: &HeaderMap, own: &str) -> bool {
    let value = |name: &str| headers.get(name).map(http::HeaderValue::as_bytes);
    is_foreign_sender(value("origin"), value("sec-fetch-site"), own)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const OWN: &str = "https://g.example";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let parsed = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        };
        pairs.iter().map(parsed).collect()
    }

    #[test]
    fn forms_of_our_own_pages_and_of_silent_browsers_are_not_foreign() {
        for own in [
            &[][..],
            &[("origin", OWN)],
            &[("origin", "null")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!is_foreign(&headers(own), OWN), "{own:?}");
        }
    }

    #[test]
    fn forms_of_other_pages_are_foreign() {
        for foreign in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "http://g.example")],
            &[("origin", "https://g.example:8443")],
            &[("origin", "https://g.example.evil.example")],
            &[("origin", "")],
            &[("origin", "ö")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert!(is_foreign(&headers(foreign), OWN), "{foreign:?}");
        }
    }
}
