//! What is an origin, and which entry allows it.

use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> OriginPattern {
    OriginPattern::parse(text).unwrap()
}

fn allows(entry: &str, header: &str) -> bool {
    find_allowed(&[pattern(entry)], header).is_some()
}

#[test]
fn exact_origins_compare_by_scheme_host_and_port() {
    for same in [
        "https://app.example.com",
        "http://localhost:3000",
        "http://127.0.0.1:8081",
        "http://[::1]:8081",
    ] {
        assert!(allows(same, same), "{same}");
    }
    let entry = "https://app.example.com";
    for other in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://example.com",
        "https://a.app.example.com",
        "https://app.example.com.evil.com",
        "https://evil-app.example.com",
        "https://app.example.co",
        "https://app-example.com",
    ] {
        assert!(Origin::parse(other).is_ok() && !allows(entry, other), "{other}");
    }
    assert!(!allows("http://localhost:3000", "http://localhost"));
    assert!(!allows("http://localhost", "http://127.0.0.1"));
}

#[test]
fn a_wildcard_covers_one_label() {
    let entry = "https://*.example.com";
    assert!(allows(entry, "https://a.example.com") && allows(entry, "https://xn--bcher-kva.example.com"));
    for other in [
        "https://example.com",
        "https://a.b.example.com",
        "http://a.example.com",
        "https://a.example.com:8443",
        "https://aexample.com",
        "https://*.example.com",
        "https://.example.com",
        "https://a.example.com.evil.com",
    ] {
        assert!(!allows(entry, other), "{other}");
    }
    assert!(allows("https://*.example.com:8443", "https://a.example.com:8443"));
    assert!(allows("http://*.localhost:3000", "http://acme.localhost:3000"));
    for bad in [
        "https://*",
        "https://*.com",
        "https://a.*.com",
        "https://*.*.example.com",
        "https://a*.example.com",
        "https://*.127.0.0.1",
        "https://**.example.com",
    ] {
        assert!(OriginPattern::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_no_origin_is_refused_by_name() {
    let table = [
        ("null", BadOrigin::Scheme),
        ("", BadOrigin::Scheme),
        ("*", BadOrigin::Scheme),
        ("file://", BadOrigin::Scheme),
        ("file:///home/a.html", BadOrigin::Scheme),
        ("app.example.com", BadOrigin::Scheme),
        ("ftp://example.com", BadOrigin::Scheme),
        ("chrome-extension://abc", BadOrigin::Scheme),
        ("https:/example.com", BadOrigin::Scheme),
        (" https://example.com", BadOrigin::Scheme),
        ("https://example.com/", BadOrigin::MoreThanOrigin),
        ("https://example.com/path", BadOrigin::MoreThanOrigin),
        ("https://example.com?a", BadOrigin::MoreThanOrigin),
        ("https://example.com#a", BadOrigin::MoreThanOrigin),
        ("https://user@example.com", BadOrigin::MoreThanOrigin),
        ("https://example.com\\a", BadOrigin::MoreThanOrigin),
        ("https://", BadOrigin::Host),
        ("https://example.com.", BadOrigin::Host),
        ("https://exa mple.com", BadOrigin::Host),
        ("https://bücher.example", BadOrigin::Host),
        ("https://a_b.example", BadOrigin::Host),
        ("https://-a.example", BadOrigin::Host),
        ("https://a..example", BadOrigin::Host),
        ("https://1.2.3", BadOrigin::Host),
        ("https://0x7f000001", BadOrigin::Host),
        ("https://127.0.0.01", BadOrigin::Host),
        ("https://[::1", BadOrigin::Host),
        ("https://[::g]", BadOrigin::Host),
        ("https://example.com:", BadOrigin::Port),
        ("https://example.com:0", BadOrigin::Port),
        ("https://a.example:08", BadOrigin::Port),
        ("https://a.example:65536", BadOrigin::Port),
        ("https://a.example:+1", BadOrigin::Port),
        ("https://[::1]:x", BadOrigin::Port),
    ];
    for (text, expected) in table {
        assert_eq!(Origin::parse(text), Err(expected), "{text}");
        assert_eq!(OriginPattern::parse(text), Err(expected), "{text}");
    }
    assert_eq!(Origin::parse("https://*.example.com"), Err(BadOrigin::Host));
    let long = format!("https://{}example.com", "a.".repeat(200));
    assert_eq!(Origin::parse(&long), Err(BadOrigin::TooLong));
    assert_eq!(OriginPattern::parse(&long), Err(BadOrigin::TooLong));
}

#[test]
fn an_entry_is_normalised_a_header_is_not() {
    assert_eq!(
        pattern("HTTPS://App.Example.com:443").as_str(),
        "https://app.example.com"
    );
    assert_eq!(
        pattern("http://*.example.com:80").as_str(),
        "http://*.example.com"
    );
    assert!(allows("https://App.Example.com:443", "https://app.example.com"));
    for header in [
        "https://App.example.com",
        "https://app.example.com:443",
        "http://app.example.com:80",
    ] {
        assert_eq!(Origin::parse(header), Err(BadOrigin::NotCanonical), "{header}");
    }
}

#[test]
fn the_origin_of_a_page_address() {
    let of = |url: &str| Origin::of_url(url).map(|origin| origin.as_str().to_owned());
    assert_eq!(
        of("https://app.example.com/buy?x=1#top").unwrap(),
        "https://app.example.com"
    );
    assert_eq!(of("http://localhost:3000").unwrap(), "http://localhost:3000");
    assert_eq!(
        of("https://app.example.com?next=https://evil.example/").unwrap(),
        "https://app.example.com"
    );
    for bad in [
        "javascript:alert(1)",
        "//evil.example",
        "https://app.example.com@evil.example/",
        "https:\\\\evil.example",
        "https://evil.example\\.app.example.com",
        "https://app.example.com\n.evil.example",
        "data:text/html,x",
        "https:///x",
    ] {
        assert!(Origin::of_url(bad).is_err(), "{bad}");
    }
    assert_eq!(
        of(&format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX))),
        Err(BadOrigin::TooLong)
    );
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,80}", authority in r"[a-z0-9.:\[\]*@/-]{0,24}") {
        let full = format!("https://{authority}");
        for text in [text, full] {
            let _ = Origin::of_url(&text);
            if let Ok(origin) = Origin::parse(&text) {
                prop_assert_eq!(origin.as_str(), text.as_str());
                prop_assert!(pattern(&text).matches(&origin));
            }
            if let Ok(entry) = OriginPattern::parse(&text) {
                prop_assert_eq!(pattern(entry.as_str()), entry);
            }
        }
    }
}
