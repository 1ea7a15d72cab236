//! Collecting values from file, environment and flags; the last one wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::SettingError;
use crate::keys::{ENVIRONMENT_PREFIX, TEST_PREFIX, environment_name, find_key, unknown_key_reason};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(String),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name) | Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A configuration file that was read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Its path, shown in refusals; relative paths inside are relative to its directory.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

/// Everything that the settings are made of.
pub struct Inputs<'a> {
    /// The file, if there is one.
    pub file: Option<ConfigFile>,
    /// The environment; variables that do not start with `TORANA_` are ignored, and those of the project's tests.
    pub environment: BTreeMap<String, String>,
    /// Flags: (dotted key, flag as typed, value), the last of equal keys wins.
    pub flags: Vec<(&'static str, String, String)>,
    /// Reads the files that `..._FILE` variables name; the error is the system's reason.
    pub read_file: &'a dyn Fn(&Path) -> Result<String, String>,
}

/// A value before it is given its type.
#[derive(Debug, Clone)]
pub(crate) struct RawValue {
    pub(crate) content: Content,
    pub(crate) source: Source,
    /// Directory that relative paths start from; none is the working directory.
    pub(crate) base: Option<PathBuf>,
}

/// The forms that a value may have in a file; everywhere else it is text.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Text(String),
    Bool(bool),
    Integer(i64),
    List(Vec<String>),
    /// A form that no setting has, kept for the refusal.
    Other(String),
}

impl Content {
    /// The value as it would stand in a TOML file.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::List(items) => format!("{items:?}"),
            Self::Other(text) => text.clone(),
        }
    }
}

/// Merged values by key; every key is a known one.
pub(crate) type Layers = BTreeMap<&'static str, RawValue>;

pub(crate) fn merge(inputs: &Inputs<'_>) -> Result<Layers, SettingError> {
    let mut layers = Layers::new();
    if let Some(file) = &inputs.file {
        add_file(&mut layers, file)?;
    }
    add_environment(&mut layers, inputs)?;
    for (key, flag, value) in &inputs.flags {
        let content = Content::Text(value.clone());
        layers.insert(
            key,
            RawValue {
                content,
                source: Source::Flag(flag.clone()),
                base: None,
            },
        );
    }
    Ok(layers)
}

fn known(name: &str, content: &Content, source: &Source) -> Result<&'static str, SettingError> {
    find_key(name)
        .map(|key| key.name)
        .ok_or_else(|| SettingError::Refused {
            key: name.to_owned(),
            value: content.shown(),
            source_name: source.to_string(),
            reason: unknown_key_reason(name),
        })
}

fn add_file(layers: &mut Layers, file: &ConfigFile) -> Result<(), SettingError> {
    let shown_path = file.path.display().to_string();
    let table: toml::Table = file.text.parse().map_err(|error: toml::de::Error| {
        let reason = error.to_string().trim().replace('\n', " ");
        SettingError::FileSyntax {
            path: shown_path.clone(),
            reason,
        }
    })?;
    let base = file.path.parent().map(Path::to_path_buf);
    let source = Source::File(shown_path);
    // A stack instead of recursion: the depth of a file is its author's choice.
    let mut pending = vec![(String::new(), table)];
    while let Some((prefix, table)) = pending.pop() {
        for (name, value) in table {
            let full = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}.{name}")
            };
            if let toml::Value::Table(inner) = value {
                pending.push((full, inner));
                continue;
            }
            let content = from_toml(value);
            let key = known(&full, &content, &source)?;
            layers.insert(
                key,
                RawValue {
                    content,
                    source: source.clone(),
                    base: base.clone(),
                },
            );
        }
    }
    Ok(())
}

fn from_toml(value: toml::Value) -> Content {
    match value {
        toml::Value::String(text) => Content::Text(text),
        toml::Value::Boolean(value) => Content::Bool(value),
        toml::Value::Integer(value) => Content::Integer(value),
        toml::Value::Array(items) => {
            let texts: Option<Vec<String>> = items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect();
            texts.map_or_else(
                || Content::Other(toml::Value::Array(items.clone()).to_string()),
                Content::List,
            )
        }
        other => Content::Other(other.to_string()),
    }
}

fn add_environment(layers: &mut Layers, inputs: &Inputs<'_>) -> Result<(), SettingError> {
    let by_variable: BTreeMap<String, &'static str> = crate::KEYS
        .iter()
        .map(|key| (environment_name(key.name), key.name))
        .collect();
    for (variable, value) in &inputs.environment {
        if !variable.starts_with(ENVIRONMENT_PREFIX) || variable.starts_with(TEST_PREFIX) {
            continue;
        }
        let source = Source::Environment(variable.clone());
        // `TORANA_KEYS__FILE` is the setting keys.file, so exact names come before the `_FILE` form.
        let (key, content) = if let Some(key) = by_variable.get(variable) {
            (*key, Content::Text(value.clone()))
        } else if let Some(key) = variable
            .strip_suffix("_FILE")
            .and_then(|plain| by_variable.get(plain))
        {
            if inputs.environment.contains_key(&environment_name(key)) {
                return Err(refuse_twice(key, value, &source));
            }
            let text =
                (inputs.read_file)(Path::new(value)).map_err(|reason| SettingError::FileUnreadable {
                    path: format!("{value} ({variable})"),
                    reason,
                })?;
            (
                *key,
                Content::Text(text.trim_end_matches(['\r', '\n']).to_owned()),
            )
        } else {
            let name = variable
                .trim_start_matches(ENVIRONMENT_PREFIX)
                .to_ascii_lowercase()
                .replace("__", ".");
            let content = Content::Text(value.clone());
            (known(&name, &content, &source)?, content)
        };
        layers.insert(
            key,
            RawValue {
                content,
                source,
                base: None,
            },
        );
    }
    Ok(())
}

fn refuse_twice(key: &'static str, value: &str, source: &Source) -> SettingError {
    SettingError::Refused {
        key: key.to_owned(),
        value: format!("{value:?}"),
        source_name: source.to_string(),
        reason: format!(
            "allowed is one of {} and {source}, not both",
            environment_name(key)
        ),
    }
}
