//! `torana keys rotate`.

use std::sync::Arc;
use std::time::Duration;

use torana_config::{KeySource, Settings};
use torana_credentials::keyring::Keyring;
use torana_exchange::access::AccessBook;

use crate::commands::{admin_engine, print_lines};
use crate::databases::Databases;
use crate::exit::{Exit, Failure};
use crate::installation::{create_keys_file, read_keys_file, replace_keys_file};
use crate::rim::entropy::SystemEntropy;

/// How long running processes may take to read a changed keys file. Nothing is encrypted with the new key
/// before, so that none of them meets a value that it cannot read.
const FILE_NOTICED_MAX: Duration = Duration::from_millis(2500);

/// Makes a new key and encrypts everything at rest with it. Where there is no keys file it makes the first
/// one.
///
/// # Errors
/// Exit code 3 without a keys file to work on.
pub async fn rotate(settings: &Settings) -> Result<(), Failure> {
    let path = match settings.require_keys()? {
        KeySource::File(path) => path,
        KeySource::Inline(_) => {
            let text = "keys.inline: the keys come from the environment, where this command cannot change them; \
                        put them into a file and set keys.file";
            return Err(Failure::refused(text));
        }
    };
    let entropy = SystemEntropy::default();
    if !path.exists() {
        let keyring = create_keys_file(path, &entropy)?;
        return print_lines([keyring.active_id()]);
    }
    let mut keyring = read_keys_file(path)?;
    let old: Vec<String> = keyring.key_ids().map(str::to_owned).collect();
    let id = keyring
        .add_new_active(&entropy)
        .map_err(|error| Failure::new(Exit::State, error.to_string()))?;
    replace_keys_file(path, &keyring)?;
    print_lines([&id])?;
    tokio::time::sleep(FILE_NOTICED_MAX).await;
    let moved = admin_engine(settings).await?.reseal().await? + reseal_access(settings, &keyring).await?;
    eprintln!(
        "torana: {moved} values encrypted with the new key; no longer used: {}",
        old.join(", ")
    );
    eprintln!(
        "torana: remove the unused lines from {} once no backup needs them",
        path.display()
    );
    Ok(())
}

/// The secrets of apps, where the exchange is not a process of its own; that one has an installation of its own.
async fn reseal_access(settings: &Settings, keyring: &Keyring) -> Result<u64, Failure> {
    if settings.exchange_url.is_some() {
        return Ok(0);
    }
    let databases = Databases::open_exchange(settings).await?;
    let store = databases.exchange()?.clone();
    let book = AccessBook::new(store, keyring.clone(), Arc::new(SystemEntropy::default()));
    let moved = book.reseal().await;
    moved.map_err(|error| Failure::refused(format!("the keys file does not fit the database: {error}")))
}
