//! From raw values to types: one function per kind of value, all with the same refusal.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::keys::find_key;
use crate::layers::{Content, Layers, RawValue, Source};
use crate::settings::Sourced;
use crate::types::mask_password;
use crate::{HostPort, IpBlock, SettingError};

/// Reads typed values out of the merged layers.
pub(crate) struct Reader<'a>(pub(crate) &'a Layers);

impl Reader<'_> {
    /// The typed value of a key, or none when nobody set it.
    pub(crate) fn get<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&RawValue) -> Option<T>,
    ) -> Result<Option<Sourced<T>>, SettingError> {
        let Some(raw) = self.0.get(key) else {
            return Ok(None);
        };
        match parse(raw) {
            Some(value) => Ok(Some(Sourced {
                value,
                source: raw.source.clone(),
            })),
            None => Err(self.refuse(key, find_key(key).map_or("", |key| key.allowed))),
        }
    }

    /// The typed value of a key or its default.
    pub(crate) fn get_or<T>(
        &self,
        key: &'static str,
        default: T,
        parse: impl Fn(&RawValue) -> Option<T>,
    ) -> Result<Sourced<T>, SettingError> {
        Ok(self.get(key, parse)?.unwrap_or(Sourced {
            value: default,
            source: Source::Default,
        }))
    }

    /// A refusal of the value that a key has now, or of its absence.
    pub(crate) fn refuse(&self, key: &'static str, reason: &str) -> SettingError {
        let reason = reason.to_owned();
        let Some(raw) = self.0.get(key) else {
            return SettingError::Missing { key, reason };
        };
        let value = match &raw.content {
            _ if find_key(key).is_some_and(|key| key.secret) => "***".to_owned(),
            Content::Text(text) => format!("{:?}", mask_password(text)),
            other => other.shown(),
        };
        SettingError::Refused {
            key: key.to_owned(),
            value,
            source_name: raw.source.to_string(),
            reason,
        }
    }
}

pub(crate) fn text(raw: &RawValue) -> Option<String> {
    match &raw.content {
        Content::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// A text that can stand in a header: nothing but visible ASCII, or nothing.
pub(crate) fn token(raw: &RawValue) -> Option<String> {
    text(raw).filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
}

pub(crate) fn boolean(raw: &RawValue) -> Option<bool> {
    match &raw.content {
        Content::Bool(value) => Some(*value),
        Content::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn whole_number_up_to(max: u32) -> impl Fn(&RawValue) -> Option<u32> {
    move |raw| {
        let number = match &raw.content {
            Content::Integer(value) => u32::try_from(*value).ok(),
            Content::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| *number <= max)
    }
}

pub(crate) fn address(raw: &RawValue) -> Option<SocketAddr> {
    text(raw)?.parse().ok()
}

/// An address, or `off`.
pub(crate) fn optional_address(raw: &RawValue) -> Option<Option<SocketAddr>> {
    let text = text(raw)?;
    if text == "off" || text.is_empty() {
        Some(None)
    } else {
        text.parse().ok().map(Some)
    }
}

/// A path; relative ones in a file are relative to that file.
pub(crate) fn path(raw: &RawValue) -> Option<PathBuf> {
    let text = text(raw).filter(|text| !text.is_empty())?;
    Some(
        raw.base
            .as_ref()
            .map_or_else(|| PathBuf::from(&text), |base| base.join(&text)),
    )
}

pub(crate) fn list<T>(parse: impl Fn(&str) -> Option<T>) -> impl Fn(&RawValue) -> Option<Vec<T>> {
    move |raw| {
        let items: Vec<String> = match &raw.content {
            Content::List(items) => items.clone(),
            Content::Text(text) => text.split(',').map(str::to_owned).collect(),
            _ => return None,
        };
        items
            .iter()
            .map(|item| item.trim())
            .filter(|item| !item.is_empty())
            .map(&parse)
            .collect()
    }
}

pub(crate) fn ip_blocks(raw: &RawValue) -> Option<Vec<IpBlock>> {
    list(IpBlock::parse)(raw)
}

pub(crate) fn host_ports(raw: &RawValue) -> Option<Vec<HostPort>> {
    list(HostPort::parse)(raw)
}
