//! Apps and tokens in a database.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{databases, exchange, monday};
use torana_clock::world::ClockState;
use torana_credentials::keyring::Keyring;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;
use torana_exchange::access::{
    AccessBook, AccessDesk, AccessError, AccessReply, AccessRequest, App, AppTerms, LocalDesk, TokenKind,
    ToldClocks, WorldTime,
};
use torana_exchange::core::faults::Params;
use torana_exchange::core::{
    AccountKey, Command, FaultKind, FaultScope, NewFault, Reply, SessionRef, Trigger,
};
use torana_exchange::{EmbeddedExchange, Port};
use torana_runtime::{Entropy, Stream, Ticks, Wall};
use torana_storage::Store;

/// Bytes that do not repeat.
struct Counting;

impl Entropy for Counting {
    fn fill(&self, _: Stream, out: &mut [u8]) {
        static DRAWN: AtomicU64 = AtomicU64::new(1);
        for chunk in out.chunks_mut(8) {
            let drawn = DRAWN.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            for (byte, drawn) in chunk.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
    }
}

fn keys() -> Keyring {
    Keyring::generate(&Counting)
}

fn book(store: &Store, keys: &Keyring) -> AccessBook {
    let keyring = Keyring::parse(&keys.to_file_text()).unwrap();
    AccessBook::new(store.clone(), keyring, Arc::new(Counting))
}

fn terms() -> AppTerms {
    AppTerms {
        redirect_url: "http://127.0.0.1:3000/done".to_owned(),
        postback_url: None,
        is_limited: true,
    }
}

fn demo() -> AccountKey {
    AccountKey::new(BrokerKey::Kite, "DEMO01").unwrap()
}

async fn app(book: &AccessBook, world: &str) -> App {
    let (api_key, _) = book.make_app(world, terms()).await.unwrap();
    book.find_app(&api_key).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_secret_is_sealed_and_moves_to_another_key() {
    for database in databases("secrets") {
        let store = database.open().await;
        let mut ring = keys();
        let old = book(&store, &ring);
        let (api_key, secret) = old.make_app("acme", terms()).await.unwrap();
        let app = old.find_app(&api_key).await.unwrap().unwrap();
        assert_eq!(old.secret_of(&app).unwrap().reveal(), secret.reveal());
        assert!(!format!("{app:?}").contains(secret.reveal()));

        let stranger = book(&store, &keys());
        assert!(matches!(stranger.secret_of(&app), Err(AccessError::Keys(_))));
        assert!(matches!(stranger.reseal().await, Err(AccessError::Keys(_))));

        ring.add_new_active(&Counting).unwrap();
        let new = book(&store, &ring);
        assert_eq!(new.reseal().await.unwrap(), 1);
        assert_eq!(new.reseal().await.unwrap(), 0, "once is enough");
        let moved = old.find_app(&api_key).await.unwrap().unwrap();
        assert!(
            old.secret_of(&moved).is_err(),
            "a process that runs learns the new key"
        );
        old.replace_keyring(ring);
        assert_eq!(old.secret_of(&moved).unwrap().reveal(), secret.reveal());
    }
}

#[tokio::test]
async fn a_gateway_has_one_app_in_its_world_and_tells_it_where_it_lives() {
    for database in databases("gateway app") {
        let book = book(&database.open().await, &keys());
        let of = async |world: &str, url: &str| book.gateway_app(world, url).await.unwrap();
        let (app, secret) = of("acme", "http://127.0.0.1:1/return/kite").await;
        let (again, same) = of("acme", "http://127.0.0.1:2/return/kite").await;
        assert_eq!((&again.api_key, same.reveal()), (&app.api_key, secret.reveal()));
        let found = book.find_app(&app.api_key).await.unwrap().unwrap();
        assert_eq!(found.redirect_url, "http://127.0.0.1:2/return/kite");
        assert!(!found.is_limited);
        assert_eq!(found.sender(), None, "its orders are the gateway's own");
        let (other, _) = of("other", "http://127.0.0.1:2/return/kite").await;
        assert_ne!(other.api_key, app.api_key);
        let (api_key, _) = book.make_app("acme", terms()).await.unwrap();
        let foreign = book.find_app(&api_key).await.unwrap().unwrap();
        assert_eq!(foreign.sender(), Some(api_key));
        for stranger in ["", "no\0key", "\u{7f}", "k\u{e9}y", "' OR 1=1"] {
            assert_eq!(book.find_app(stranger).await.unwrap(), None, "{stranger:?}");
        }
    }
}

#[tokio::test]
async fn a_token_is_good_once_for_its_app_and_in_its_time() {
    for database in databases("tokens") {
        let book = book(&database.open().await, &keys());
        let (own, other) = (app(&book, "acme").await, app(&book, "acme").await);
        let (now, end) = (monday(0), monday(180));
        let kind = TokenKind::Request;
        let issue = async || book.issue(kind, &own, &demo(), now, end).await.unwrap();

        let token = issue().await;
        let redeem = |app: App, at| {
            let (book, text) = (book.clone(), token.reveal().to_owned());
            async move { book.redeem(kind, &text, &app, at).await.unwrap() }
        };
        assert_eq!(redeem(other.clone(), now).await, None, "of another app");
        let grant = book.find(kind, token.reveal()).await.unwrap().unwrap();
        assert_eq!(
            (grant.app.api_key, grant.key, grant.expires_at),
            (own.api_key.clone(), demo(), end)
        );
        assert!(
            book.find(TokenKind::Access, token.reveal())
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(redeem(own.clone(), now).await, Some(demo()));
        assert_eq!(redeem(own.clone(), now).await, None, "used up");

        let late = issue().await;
        let found = book.redeem(kind, late.reveal(), &own, end).await.unwrap();
        assert_eq!(found, None, "over");
        let ended = issue().await;
        assert!(!book.revoke(kind, ended.reveal(), &other).await.unwrap());
        assert!(book.revoke(kind, ended.reveal(), &own).await.unwrap());
        assert!(book.find(kind, ended.reveal()).await.unwrap().is_none());
    }
}

async fn ask(desk: &LocalDesk, world: &str, request: AccessRequest) -> AccessReply {
    desk.serve(world, monday(0), request).await.unwrap()
}

fn open(api_key: Option<&str>, account: &str) -> AccessRequest {
    AccessRequest::OpenSession {
        api_key: api_key.map(str::to_owned),
        account: account.to_owned(),
    }
}

async fn proves(port: &EmbeddedExchange, world: &str, grant: &(AccountKey, String)) -> bool {
    let session = SessionRef {
        key: grant.0.clone(),
        token_hash: torana_credentials::sha256_hex(grant.1.as_bytes()),
    };
    let answer = port
        .execute(world, monday(1), Command::Funds(session))
        .await
        .unwrap();
    match answer.reply {
        Reply::Funds(_) => true,
        Reply::SessionExpired => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_desk_opens_sessions_of_its_own_world_only() {
    for database in databases("desk") {
        let store = database.open().await;
        let (port, book) = (exchange(&store), book(&store, &keys()));
        let desk = LocalDesk::new(book.clone(), Arc::new(port.clone()));
        let AccessReply::AppMade { api_key, api_secret } =
            ask(&desk, "here", AccessRequest::MakeApp(terms())).await
        else {
            panic!("no app")
        };
        let found = book.find_app(&api_key).await.unwrap().unwrap();
        assert_eq!(book.secret_of(&found).unwrap().reveal(), api_secret);
        let AccessReply::SessionOpened { access_token, .. } =
            ask(&desk, "here", open(Some(&api_key), "DEMO01")).await
        else {
            panic!("no session")
        };
        let grant = (demo(), access_token);
        assert!(proves(&port, "here", &grant).await);
        assert!(!proves(&port, "there", &grant).await);

        let foreign = ask(&desk, "there", open(Some(&api_key), "DEMO01")).await;
        assert!(foreign == AccessReply::NoSuchApp);
        let unknown = ask(&desk, "here", open(Some(&api_key), "NOBODY")).await;
        assert!(unknown == AccessReply::NoSuchAccount);

        // A fault that was set is no failure of the desk.
        let kind = FaultKind::parse("error_body_with_200").unwrap();
        let fault = NewFault {
            kind,
            scope: FaultScope::default(),
            trigger: Trigger::Times(1),
            params: kind.params(Params::default()).unwrap(),
        };
        let set = port.execute("here", monday(0), Command::SetFault(fault)).await;
        assert!(matches!(set.unwrap().reply, Reply::FaultSet(_)));
        let hit = ask(&desk, "here", open(Some(&api_key), "DEMO01")).await;
        assert!(matches!(hit, AccessReply::LoginRefused { .. }));

        // The app of the command line is made once, and each world has its own.
        let mut keys = Vec::new();
        for world in ["here", "here", "there"] {
            match ask(&desk, world, open(None, "DEMO01")).await {
                AccessReply::SessionOpened { api_key, .. } => keys.push(api_key),
                _ => panic!("no session"),
            }
        }
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[1], keys[2]);
    }
}

struct Stands;

impl Wall for Stands {
    fn now(&self) -> Timestamp {
        monday(0)
    }

    fn ticks(&self) -> Ticks {
        Ticks(0)
    }
}

#[tokio::test]
async fn the_newest_clock_counts_also_after_a_restart() {
    for database in databases("clocks") {
        let store = database.open().await;
        let clocks = ToldClocks::new(store.clone(), Arc::new(Stands));
        assert_eq!(clocks.now("acme"), None);
        let clock = |version, at| ClockState::frozen_at(version, at, monday(0));
        clocks.keep("acme", clock(2, monday(20))).await.unwrap();
        clocks.keep("acme", clock(1, monday(10))).await.unwrap();
        assert_eq!(
            clocks.now("acme"),
            Some(monday(20)),
            "an older one comes too late"
        );
        clocks.keep("acme", clock(3, monday(30))).await.unwrap();
        let again = ToldClocks::new(store, Arc::new(Stands));
        again.read().await.unwrap();
        assert_eq!(again.now("acme"), Some(monday(30)));
        assert_eq!(again.now("other"), None);
    }
}
