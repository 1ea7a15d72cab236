//! Server-side request forgery, as data: what each address becomes, listed and not listed.

use proptest::prelude::*;
use torana_webhooks::egress::{AddressClass, AllowList, EgressRefusal, check_address, check_url};

/// What is expected of a URL whose host and port are not listed, on a live gateway.
enum Expected {
    Passes,
    NotAUrl,
    Scheme,
    PlainHttp,
    Credentials,
    Spelling,
    PortZero,
    LocalName,
    Address(AddressClass),
}

use AddressClass::{Documentation, LinkLocal, Loopback, Metadata, Multicast, Private, Reserved, Unspecified};
use Expected::{Address, Credentials, LocalName, NotAUrl, Passes, PlainHttp, PortZero, Scheme, Spelling};

const CASES: &[(&str, Expected)] = &[
    // Fine.
    ("https://hooks.example.com/in", Passes),
    ("https://hooks.example.com:8443/in?x=1#part", Passes),
    ("HTTPS://Hooks.Example.COM/in", Passes),
    ("https://93.184.216.34/in", Passes),
    ("https://[2606:2800:220:1:248:1893:25c8:1946]/in", Passes),
    ("https://xn--bcher-kva.example/in", Passes),
    ("https://in_box.example/in", Passes),
    // No URL.
    ("", NotAUrl),
    ("hooks.example.com/in", NotAUrl),
    ("//hooks.example.com/in", NotAUrl),
    ("https:hooks.example.com", NotAUrl),
    ("https://", NotAUrl),
    (" https://hooks.example.com/", NotAUrl),
    ("https://hooks.example.com/\n", NotAUrl),
    ("https://hooks.example.com\t/", NotAUrl),
    ("https://hooks.example.com\\@127.0.0.1/", NotAUrl),
    ("https:\\\\127.0.0.1/", NotAUrl),
    ("https://[::1/", NotAUrl),
    ("https://[fe80::1%25eth0]/", NotAUrl),
    ("https://hooks.example.com:99999/", NotAUrl),
    ("https://256.256.256.256/", NotAUrl),
    // Schemes.
    ("ftp://hooks.example.com/", Scheme),
    ("file:///etc/passwd", Scheme),
    ("gopher://127.0.0.1:6379/_x", Scheme),
    ("data:text/plain,x", Scheme),
    ("javascript:alert(1)", Scheme),
    ("unix:///var/run/docker.sock", Scheme),
    ("http://hooks.example.com/in", PlainHttp),
    ("http://127.0.0.1:8081/in", PlainHttp),
    // Credentials.
    ("https://user:pw@hooks.example.com/", Credentials),
    ("https://user@hooks.example.com/", Credentials),
    ("https://@hooks.example.com/", Credentials),
    ("https://:@127.0.0.1/", Credentials),
    ("https://hooks.example.com@127.0.0.1/", Credentials),
    // Odd spellings of hosts.
    ("https://2130706433/", Spelling),
    ("https://0x7f.1/", Spelling),
    ("https://0x7f000001/", Spelling),
    ("https://0177.0.0.1/", Spelling),
    ("https://127.1/", Spelling),
    ("https://127.0.1/", Spelling),
    ("https://0/", Spelling),
    ("https://127.0.0.1./", Spelling),
    ("https://127。0。0。1/", Spelling),
    ("https://①②⑦.⓪.⓪.①/", Spelling),
    ("https://%31%32%37.0.0.1/", Spelling),
    ("https://loc%61lhost/", Spelling),
    ("https://hooks.example.com./", Spelling),
    ("https://bücher.example/", Spelling),
    ("https:///127.0.0.1/", Spelling),
    ("https://[::ffff:127.0.0.1]/", Spelling),
    ("https://[::ffff:8.8.8.8]/", Spelling),
    ("https://[64:ff9b::127.0.0.1]/", Spelling),
    ("https://a..b/", Spelling),
    // Ports.
    ("https://hooks.example.com:0/", PortZero),
    // Names of this machine.
    ("https://localhost/", LocalName),
    ("https://LOCALHOST:8443/", LocalName),
    ("https://shop.localhost/", LocalName),
    ("https://localhost./", Spelling),
    // Addresses.
    ("https://127.0.0.1/", Address(Loopback)),
    ("https://127.255.255.254/", Address(Loopback)),
    ("https://[::1]/", Address(Loopback)),
    ("https://[0:0:0:0:0:0:0:1]:8443/", Address(Loopback)),
    ("https://[::ffff:7f00:1]/", Address(Loopback)),
    ("https://[64:ff9b::7f00:1]/", Address(Loopback)),
    ("https://10.0.0.1/", Address(Private)),
    ("https://172.16.0.1/", Address(Private)),
    ("https://172.31.255.255/", Address(Private)),
    ("https://192.168.1.1/", Address(Private)),
    ("https://100.64.0.1/", Address(Private)),
    ("https://100.127.255.255/", Address(Private)),
    ("https://[fd12:3456:789a::1]/", Address(Private)),
    ("https://[fc00::1]/", Address(Private)),
    ("https://[fec0::1]/", Address(Private)),
    ("https://[::ffff:a00:1]/", Address(Private)),
    ("https://[64:ff9b::c0a8:101]/", Address(Private)),
    ("https://[64:ff9b:1::808:808]/", Address(Private)),
    ("https://169.254.0.1/", Address(LinkLocal)),
    ("https://[fe80::1]/", Address(LinkLocal)),
    ("https://[febf::1]/", Address(LinkLocal)),
    ("https://169.254.169.254/latest/meta-data/", Address(Metadata)),
    ("https://169.254.170.2/v2/credentials", Address(Metadata)),
    ("https://100.100.100.200/", Address(Metadata)),
    ("https://168.63.129.16/", Address(Metadata)),
    ("https://[fd00:ec2::254]/", Address(Metadata)),
    ("https://[::ffff:a9fe:a9fe]/", Address(Metadata)),
    ("https://[64:ff9b::a9fe:a9fe]/", Address(Metadata)),
    ("https://224.0.0.1/", Address(Multicast)),
    ("https://239.255.255.250/", Address(Multicast)),
    ("https://255.255.255.255/", Address(Multicast)),
    ("https://[ff02::1]/", Address(Multicast)),
    ("https://0.0.0.0/", Address(Unspecified)),
    ("https://0.1.2.3/", Address(Unspecified)),
    ("https://[::]/", Address(Unspecified)),
    ("https://[::ffff:0:0]/", Address(Unspecified)),
    ("https://192.0.2.1/", Address(Documentation)),
    ("https://198.51.100.7/", Address(Documentation)),
    ("https://203.0.113.7/", Address(Documentation)),
    ("https://198.18.0.1/", Address(Documentation)),
    ("https://[2001:db8::1]/", Address(Documentation)),
    ("https://[3fff::1]/", Address(Documentation)),
    ("https://192.0.0.8/", Address(Reserved)),
    ("https://192.88.99.1/", Address(Reserved)),
    ("https://240.0.0.1/", Address(Reserved)),
    ("https://[2002:7f00:1::]/", Address(Reserved)),
    (
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        Address(Reserved),
    ),
    ("https://[::7f00:1]/", Address(Reserved)),
    ("https://[100::1]/", Address(Reserved)),
    ("https://[5f00::1]/", Address(Reserved)),
    ("https://[4000::1]/", Address(Reserved)),
    // Neighbours of refused ranges stay reachable.
    ("https://9.255.255.255/", Passes),
    ("https://11.0.0.1/", Passes),
    ("https://172.15.255.255/", Passes),
    ("https://172.32.0.1/", Passes),
    ("https://100.63.255.255/", Passes),
    ("https://100.128.0.1/", Passes),
    ("https://128.0.0.1/", Passes),
    ("https://223.255.255.255/", Passes),
    ("https://192.0.1.1/", Passes),
    ("https://198.20.0.1/", Passes),
    ("https://[2001:200::1]/", Passes),
    ("https://[::ffff:808:808]/", Passes),
    ("https://[64:ff9b::808:808]/", Passes),
];

fn nothing() -> AllowList {
    AllowList::default()
}

#[test]
fn every_case() {
    assert!(CASES.len() >= 40);
    for (url, expected) in CASES {
        let result = check_url(url, &nothing(), false);
        let fits = match expected {
            Passes => result.is_ok(),
            NotAUrl => result == Err(EgressRefusal::NotAUrl),
            Scheme => result == Err(EgressRefusal::SchemeNotAllowed),
            PlainHttp => result == Err(EgressRefusal::PlainHttp),
            Credentials => result == Err(EgressRefusal::Credentials),
            Spelling => result == Err(EgressRefusal::HostSpelling),
            PortZero => result == Err(EgressRefusal::PortZero),
            LocalName => matches!(result, Err(EgressRefusal::LocalName(_))),
            Address(class) => {
                matches!(result, Err(EgressRefusal::Address { class: found, .. }) if found == *class)
            }
        };
        assert!(fits, "{url}: {result:?}");
        // Being a sandbox gateway alone opens nothing.
        assert_eq!(check_url(url, &nothing(), true), result, "{url}");
    }
}

#[test]
fn listing_opens_loopback_and_private_for_exactly_that_host_and_port() {
    let allow = AllowList::parse(&[
        "127.0.0.1:8081",
        "10.1.2.3:443",
        "hooks.internal:9443",
        "localhost:8081",
        "[::1]:8081",
    ])
    .unwrap();
    for url in [
        "https://127.0.0.1:8081/in",
        "https://10.1.2.3/in",
        "https://hooks.internal:9443/in",
        "https://localhost:8081/in",
        "https://[::1]:8081/in",
    ] {
        for sandbox in [false, true] {
            let target = check_url(url, &allow, sandbox).unwrap();
            assert!(target.is_listed() && target.is_https(), "{url}");
        }
        let plain = url.replace("https", "http").replace("10.1.2.3/", "10.1.2.3:443/");
        assert_eq!(
            check_url(&plain, &allow, false),
            Err(EgressRefusal::PlainHttp),
            "{plain}"
        );
        assert!(check_url(&plain, &allow, true).is_ok(), "{plain}");
    }
    for url in [
        "https://127.0.0.1:8082/in",
        "https://127.0.0.2:8081/in",
        "https://10.1.2.3:444/in",
        "https://[::ffff:7f00:1]:8081/in",
        "https://0x7f.1:8081/in",
        "https://127.1:8081/in",
    ] {
        assert!(check_url(url, &allow, true).is_err(), "{url}");
    }
}

#[test]
fn resolved_addresses_are_judged_again() {
    let allow = AllowList::parse(&["hooks.internal:9443", "169.254.169.254:443", "0.0.0.0:443"]).unwrap();
    let outside = check_url("https://hooks.example.com/in", &allow, true).unwrap();
    let listed = check_url("https://hooks.internal:9443/in", &allow, true).unwrap();
    assert_eq!(
        (listed.host(), listed.port(), listed.literal_address()),
        ("hooks.internal", 9443, None)
    );
    assert_eq!(listed.url(), "https://hooks.internal:9443/in");
    let judge = |address: &str, target| check_address(address.parse().unwrap(), target).is_ok();
    assert!(judge("93.184.216.34", &outside));
    for local in [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.0.1",
        "fd00::1",
        "::ffff:127.0.0.1",
    ] {
        assert!(!judge(local, &outside), "{local}");
        assert!(judge(local, &listed), "{local}");
    }
    for never in [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fd00:ec2::254",
        "224.0.0.1",
        "0.0.0.0",
        "::",
        "2002:7f00:1::",
    ] {
        assert!(!judge(never, &listed), "{never}");
    }
    assert!(check_url("https://169.254.169.254/", &allow, true).is_err());
    assert!(check_url("https://0.0.0.0/", &allow, true).is_err());
}

#[test]
fn refusals_say_what_to_do() {
    let refusal = check_url("https://127.0.0.1/", &nothing(), true).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "127.0.0.1 is a loopback address; list host:port in egress.allow to allow it"
    );
    let refusal = check_url("https://169.254.169.254/", &nothing(), true).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "169.254.169.254 is a cloud metadata address; it is never connected"
    );
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", sandbox: bool) {
        let _ = check_url(&text, &nothing(), sandbox);
    }

    #[test]
    fn arbitrary_authorities_never_panic(authority in "[0-9a-fx.:\\[\\]@%-]{0,40}") {
        let _ = check_url(&format!("https://{authority}/"), &nothing(), false);
    }

    /// Whatever passes unlisted is a name, or an address that is public by the standard library's own rules.
    #[test]
    fn unlisted_literals_are_public(bits: u32) {
        let v4 = std::net::Ipv4Addr::from_bits(bits);
        if check_url(&format!("https://{v4}/"), &nothing(), false).is_ok() {
            prop_assert!(!v4.is_loopback() && !v4.is_private() && !v4.is_link_local() && !v4.is_multicast());
            prop_assert!(!v4.is_unspecified() && !v4.is_broadcast() && !v4.is_documentation());
        }
    }
}
