//! `torana keys rotate`.

use std::time::Duration;

use torana_config::{KeySource, Settings};

use crate::commands::{admin_engine, print_lines};
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
    let moved = admin_engine(settings).await?.reseal().await?;
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
