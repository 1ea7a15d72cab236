//! An installation on disk: which settings apply, its data directory, its keys file.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use torana_config::{Command, ConfigFile, Inputs, KeySource, SettingError, Settings};
use torana_credentials::keyring::{FILE_BYTES_MAX as KEYS_BYTES_MAX, Keyring};
use torana_runtime::{Entropy, Rt};

use crate::cli::args::Common;
use crate::exit::Failure;

/// Name of the configuration file that is looked for in a data directory.
pub const CONFIG_FILE: &str = "torana.toml";

/// Name of the keys file that the demo makes.
pub const DEMO_KEYS_FILE: &str = "torana.keys";

/// Data directory of `serve` and of commands that find nothing else.
const DEFAULT_DATA: &str = "./torana-data";

/// Most bytes of a configuration file or of a file named by a variable.
const TEXT_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What a command needs the settings for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `serve`.
    Serve,
    /// `demo`.
    Demo,
    /// `exchange serve`.
    Exchange,
    /// Everything else.
    Admin,
}

/// Flags of one command that stand for a setting: (key, flag, value).
pub type MoreFlags = Vec<(&'static str, String, String)>;

/// Merges file, environment and flags.
///
/// # Errors
/// Exit code 3 with the refused setting.
pub fn load_settings(common: &Common, purpose: Purpose, more: MoreFlags) -> Result<Settings, Failure> {
    let environment = environment()?;
    let data_dir = data_dir(common, purpose, &environment)?;
    let command = match purpose {
        Purpose::Serve => Command::Serve,
        Purpose::Exchange => Command::Exchange,
        Purpose::Demo => Command::Demo {
            data_dir: data_dir.clone(),
        },
        Purpose::Admin => Command::Admin {
            data_dir: data_dir.clone(),
        },
    };
    let mut flags = common.settings.0.clone();
    if let Some(data) = &common.data {
        flags.push(("data.dir", "--data".to_owned(), data.display().to_string()));
    }
    flags.extend(more);
    let read_file = |path: &Path| read_text(path, TEXT_FILE_BYTES_MAX).map_err(|error| error.to_string());
    let file = config_file(common.config.as_deref(), &data_dir)?;
    Ok(Settings::load(
        &command,
        &Inputs {
            file,
            environment,
            flags,
            read_file: &read_file,
        },
    )?)
}

/// Our own variables; one that is not text is refused, because it cannot be shown.
fn environment() -> Result<BTreeMap<String, String>, Failure> {
    let prefix = torana_config::keys::ENVIRONMENT_PREFIX;
    let mut found = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        if name.starts_with(prefix) {
            let value = value
                .into_string()
                .map_err(|_| Failure::refused(format!("{name}: the value is not UTF-8 text")))?;
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// Where the installation is, as far as that can be said before the file is read.
fn data_dir(
    common: &Common,
    purpose: Purpose,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, Failure> {
    if let Some(data) = &common.data {
        return Ok(data.clone());
    }
    let flag = common
        .settings
        .0
        .iter()
        .rev()
        .find(|(key, ..)| *key == "data.dir")
        .map(|(.., value)| value);
    if let Some(given) = flag.or_else(|| environment.get("TORANA_DATA__DIR")) {
        return Ok(PathBuf::from(given));
    }
    let default = PathBuf::from(DEFAULT_DATA);
    match purpose {
        Purpose::Serve | Purpose::Exchange => Ok(default),
        Purpose::Demo => demo_dir(),
        Purpose::Admin if common.config.is_some() || default.is_dir() => Ok(default),
        Purpose::Admin => demo_dir(),
    }
}

/// The demo's directory: `$XDG_DATA_HOME/torana/demo`, else `~/.local/share/torana/demo`.
fn demo_dir() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    base.map(|base| base.join("torana/demo")).ok_or_else(|| {
        Failure::refused("neither XDG_DATA_HOME nor HOME is set; say where the data is with --data DIR")
    })
}

fn config_file(given: Option<&Path>, data_dir: &Path) -> Result<Option<ConfigFile>, Failure> {
    let path = given.map_or_else(|| data_dir.join(CONFIG_FILE), Path::to_path_buf);
    match read_text(&path, TEXT_FILE_BYTES_MAX) {
        Ok(text) => Ok(Some(ConfigFile { path, text })),
        Err(error) if error.kind() == ErrorKind::NotFound && given.is_none() => Ok(None),
        Err(error) => {
            let (path, reason) = (path.display().to_string(), error.to_string());
            Err(SettingError::FileUnreadable { path, reason }.into())
        }
    }
}

/// Reads a small text file.
fn read_text(path: &Path, bytes_max: u64) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(std::io::Error::new(
            ErrorKind::FileTooLarge,
            format!("larger than {bytes_max} bytes"),
        ));
    }
    Ok(text)
}

/// Makes the data directory, readable by its owner only, if it is not there.
///
/// # Errors
/// Exit code 3 with path and reason.
pub fn prepare_data_dir(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| {
            Failure::refused(format!(
                "data.dir = \"{}\": the directory cannot be made: {error}",
                path.display()
            ))
        })
}

/// Reads the keys of the installation.
///
/// # Errors
/// Exit code 3: no keys set, an unreadable file, a damaged one.
pub fn read_keyring(settings: &Settings) -> Result<Keyring, Failure> {
    match settings.require_keys()? {
        KeySource::Inline(text) => {
            Keyring::parse(text).map_err(|error| Failure::refused(format!("keys.inline: {error}")))
        }
        KeySource::File(path) => read_keys_file(path),
    }
}

/// Reads a keys file.
///
/// # Errors
/// As [`read_keyring`].
pub fn read_keys_file(path: &Path) -> Result<Keyring, Failure> {
    let name = path.display();
    let text = read_text(path, KEYS_BYTES_MAX as u64).map_err(|error| {
        let hint = if error.kind() == ErrorKind::NotFound {
            format!("; make it with: torana keys rotate --keys.file {name}")
        } else {
            String::new()
        };
        Failure::refused(format!("keys.file = \"{name}\": {error}{hint}"))
    })?;
    Keyring::parse(&text).map_err(|error| Failure::refused(format!("keys.file = \"{name}\": {error}")))
}

/// Makes a keys file (mode 0600) with new keys; an existing one is never touched.
///
/// # Errors
/// Exit code 3 with path and reason.
pub fn create_keys_file(path: &Path, entropy: &dyn Entropy) -> Result<Keyring, Failure> {
    let keyring = Keyring::generate(entropy);
    write_new(path, keyring.to_file_text().as_bytes()).map_err(|error| {
        Failure::refused(format!(
            "keys.file = \"{}\": cannot be made: {error}",
            path.display()
        ))
    })?;
    Ok(keyring)
}

/// Replaces a keys file.
///
/// # Errors
/// Exit code 1; then the old file is untouched.
pub fn replace_keys_file(path: &Path, keyring: &Keyring) -> Result<(), Failure> {
    replace_file(path, keyring.to_file_text().as_bytes()).map_err(|error| {
        Failure::failed(format!(
            "the keys file {} cannot be replaced: {error}",
            path.display()
        ))
    })
}

/// Writes a file that only its owner can read, in the place of one that is there: the new content is on disk under
/// another name before it takes the place of the old.
///
/// # Errors
/// The system's; then the old file is untouched.
pub fn replace_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // What an interrupted earlier attempt left behind is of no use.
    let _ = std::fs::remove_file(&beside);
    write_new(&beside, content)?;
    std::fs::rename(&beside, path)?;
    sync_parent(path)
}

/// How often a running process looks at its keys file.
const KEYS_LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Follows the keys file until the process stops, so that `torana keys rotate` needs no restart. A damaged
/// file is reported and the known keys stay.
pub async fn watch_keys(settings: Settings, rt: Rt, on_change: impl Fn(Keyring) + Send) {
    let Some(KeySource::File(path)) = settings.keys else {
        return;
    };
    let changed_at = || {
        std::fs::metadata(&path)
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let mut known = changed_at();
    while !rt.spawn.is_stopping() {
        rt.sleep.sleep(KEYS_LOOK_EVERY).await;
        let now = changed_at();
        if now.is_none() || now == known {
            continue;
        }
        known = now;
        match read_keys_file(&path) {
            Ok(keyring) => {
                tracing::info!(key.id = keyring.active_id(), "keys file read again");
                on_change(keyring);
            }
            Err(failure) => {
                tracing::error!(reason = %failure, "changed keys file cannot be used, going on with the known keys");
            }
        }
    }
}

/// Writes a file that only its owner can read; it must not exist.
///
/// # Errors
/// The system's.
pub fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Prepares the demo's directory: the directory, its keys, and a file that tells other commands about both.
///
/// # Errors
/// Exit code 3 with path and reason.
pub fn prepare_demo(data_dir: &Path, entropy: &dyn Entropy) -> Result<(), Failure> {
    prepare_data_dir(data_dir)?;
    let keys = data_dir.join(DEMO_KEYS_FILE);
    if !keys.exists() {
        create_keys_file(&keys, entropy)?;
    }
    let config = data_dir.join(CONFIG_FILE);
    if !config.exists() {
        let text = format!(
            "# Made by `torana demo`, so that other commands know this installation: torana doctor --data DIR\n\
             [server]\nprofile = \"sandbox\"\n\n[keys]\nfile = \"{DEMO_KEYS_FILE}\"\n"
        );
        write_new(&config, text.as_bytes())
            .map_err(|error| Failure::refused(format!("{}: cannot be made: {error}", config.display())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rim::entropy::SystemEntropy;
    use std::os::unix::fs::PermissionsExt as _;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("torana-installation-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn demo_directory_is_private_and_made_once() {
        let dir = scratch("demo");
        prepare_demo(&dir, &SystemEntropy::default()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(DEMO_KEYS_FILE)), 0o600);
        let keys = std::fs::read_to_string(dir.join(DEMO_KEYS_FILE)).unwrap();
        prepare_demo(&dir, &SystemEntropy::default()).unwrap();
        assert_eq!(
            std::fs::read_to_string(dir.join(DEMO_KEYS_FILE)).unwrap(),
            keys,
            "never made again"
        );

        let common = Common {
            data: Some(dir.clone()),
            ..Common::default()
        };
        let settings = load_settings(&common, Purpose::Admin, Vec::new()).unwrap();
        assert_eq!(settings.profile, torana_config::Profile::Sandbox);
        assert_eq!(read_keyring(&settings).unwrap().key_ids().count(), 1);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn keys_file_is_replaced_as_a_whole() {
        let dir = scratch("keys");
        prepare_data_dir(&dir).unwrap();
        let path = dir.join("k");
        let missing = read_keys_file(&path).unwrap_err();
        assert!(missing.message.contains("torana keys rotate"), "{missing}");
        let mut keyring = create_keys_file(&path, &SystemEntropy::default()).unwrap();
        assert!(
            create_keys_file(&path, &SystemEntropy::default()).is_err(),
            "never over an existing file"
        );
        let id = keyring.add_new_active(&SystemEntropy::default()).unwrap();
        replace_keys_file(&path, &keyring).unwrap();
        assert_eq!(read_keys_file(&path).unwrap().active_id(), id);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
