//! The suite of `torana_storage::conformance` on every engine, each case in an empty database.

mod common;

/// One test per case and engine.
macro_rules! on_every_engine {
    ($($case:ident,)+) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                let folder = super::common::Folder::new(concat!("sqlite-", stringify!($case)));
                let store = super::common::sqlite(&folder);
                super::common::block_on(torana_storage::conformance::$case(store));
            })+
        }
        mod postgres {
            $(#[test]
            fn $case() {
                let Some(store) = super::common::postgres() else { return };
                super::common::block_on(torana_storage::conformance::$case(store));
            })+
        }
    };
}

torana_storage::conformance_cases!(on_every_engine);

/// One writer on the calling task cannot interleave, but it keeps the same promises to one closure.
mod inline {
    macro_rules! inline {
        ($($case:ident,)+) => {
            $(#[test]
            fn $case() {
                let driver = torana_drivers::InlineDriver::open_in_memory().unwrap();
                let store = torana_storage::Store::new(std::sync::Arc::new(driver));
                super::common::block_on(torana_storage::conformance::$case(store));
            })+
        };
    }

    torana_storage::conformance_cases!(inline);
}
