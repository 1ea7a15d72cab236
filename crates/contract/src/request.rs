//! Reading JSON requests member by member, so that every refusal can name its field.
//!
//! Values stay raw text until a rule asks for them: unknown members cost nothing, numbers keep their spelling,
//! and nesting of any depth is skipped without recursion. Of duplicate members the last one counts. A member
//! that is `null` counts as absent.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::envelope::ApiError;
use crate::errors::ErrorCode;
use crate::number::NumberText;

/// One member as a rule sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// Not sent, or `null`.
    Absent,
    /// Sent, and refused; the refusal is noted already.
    Wrong,
    /// Sent and understood.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    /// Whether the member was sent at all.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Judges a value further; a refusal is noted under `path`.
    pub fn and_then<U>(
        self,
        problems: &mut Problems,
        path: &str,
        judge: impl FnOnce(T) -> Result<U, String>,
    ) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Wrong => Field::Wrong,
            Self::Value(value) => match judge(value) {
                Ok(judged) => Field::Value(judged),
                Err(why) => problems.refuse(path, &why),
            },
        }
    }

    /// Notes a refusal when the member is absent; `what` says what is allowed there.
    pub fn required(self, problems: &mut Problems, path: &str, what: &str) -> Option<T> {
        if !self.is_present() {
            problems.note(path, &format!("is required: {what}"));
        }
        self.value()
    }
}

/// Refusals in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Notes that the field at `path` is wrong; `what` says what is wrong and what is allowed.
    pub fn note(&mut self, path: &str, what: &str) {
        self.0.push(format!("{path}: {what}"));
    }

    fn refuse<T>(&mut self, path: &str, what: &str) -> Field<T> {
        self.note(path, what);
        Field::Wrong
    }

    /// `Ok` when nothing was noted.
    ///
    /// # Errors
    /// `validation_failed` with every refusal as a detail.
    pub fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::validation(self.0))
        }
    }
}

/// A JSON object of a request with the path that leads to it.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    path: String,
    members: BTreeMap<String, &'a RawValue>,
}

impl<'a> Scope<'a> {
    /// The whole body.
    ///
    /// # Errors
    /// `malformed_json` when it is not one JSON object in UTF-8.
    pub fn of_body(body: &'a [u8]) -> Result<Self, ApiError> {
        let malformed = |why: String| ApiError::new(ErrorCode::MalformedJson).with_detail(why);
        let text =
            std::str::from_utf8(body).map_err(|_| malformed("the body is not valid UTF-8".to_owned()))?;
        if !text.trim_start().starts_with('{') {
            return Err(malformed("the body must be a JSON object".to_owned()));
        }
        let members = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        Ok(Self {
            path: String::new(),
            members,
        })
    }

    /// An object without members, for an optional object that is absent.
    #[must_use]
    pub fn empty(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            members: BTreeMap::new(),
        }
    }

    /// The full path of a member.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.members.get(key).copied().filter(|raw| raw.get() != "null")
    }

    /// Whether the member was sent and is not `null`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// The names of its members, sorted; those that are `null` too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// A string. U+0000 is refused, because no database column keeps it.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Field<String> {
        let Some(raw) = self.raw(key) else {
            return Field::Absent;
        };
        match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if text.contains('\0') => problems.refuse(&self.path_of(key), "must not contain U+0000"),
            Ok(text) => Field::Value(text),
            Err(_) => problems.refuse(&self.path_of(key), "must be a string"),
        }
    }

    /// A string as it is, without noting anything: for a look ahead.
    #[must_use]
    pub fn peek_text(&self, key: &str) -> Option<String> {
        self.raw(key).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// One of a few exact words.
    pub fn word<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Field<T> {
        let path = self.path_of(key);
        self.text(key, problems).and_then(problems, &path, |text| {
            parse(&text).ok_or_else(|| format!("must be {allowed}"))
        })
    }

    /// A number in the client's own spelling.
    #[must_use]
    pub fn number(&self, key: &str) -> Field<NumberText> {
        self.raw(key)
            .map_or(Field::Absent, |raw| Field::Value(NumberText::of(raw)))
    }

    /// A whole number within bounds.
    pub fn integer(
        &self,
        key: &str,
        problems: &mut Problems,
        allowed: std::ops::RangeInclusive<i64>,
    ) -> Field<i64> {
        self.number(key).and_then(problems, &self.path_of(key), |number| {
            let value = number.as_integer().map_err(|why| why.to_string())?;
            if allowed.contains(&value) {
                Ok(value)
            } else {
                Err(format!("must be from {} to {}", allowed.start(), allowed.end()))
            }
        })
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &str, problems: &mut Problems) -> Field<bool> {
        match self.raw(key).map(RawValue::get) {
            None => Field::Absent,
            Some("true") => Field::Value(true),
            Some("false") => Field::Value(false),
            Some(_) => problems.refuse(&self.path_of(key), "must be true or false"),
        }
    }

    /// `true` or `false`, also as a string in any case.
    pub fn boolean_or_text(&self, key: &str, problems: &mut Problems) -> Field<bool> {
        let word = self.peek_text(key).map(|text| text.to_ascii_lowercase());
        match (self.raw(key).map(RawValue::get), word.as_deref()) {
            (None, _) => Field::Absent,
            (Some("true"), _) | (_, Some("true")) => Field::Value(true),
            (Some("false"), _) | (_, Some("false")) => Field::Value(false),
            _ => problems.refuse(
                &self.path_of(key),
                "must be true or false, as a boolean or as a string",
            ),
        }
    }

    /// An object.
    pub fn object(&self, key: &str, problems: &mut Problems) -> Field<Self> {
        self.raw(key)
            .map_or(Field::Absent, |raw| object_of(raw, self.path_of(key), problems))
    }

    /// An object, or one without members when it is absent. `None` when something else was sent.
    pub fn object_or_empty(&self, key: &str, problems: &mut Problems) -> Option<Self> {
        match self.object(key, problems) {
            Field::Absent => Some(Self::empty(&self.path_of(key))),
            other => other.value(),
        }
    }

    /// An array of objects whose length is within bounds. Items that are no objects are noted and left out.
    pub fn objects(
        &self,
        key: &str,
        problems: &mut Problems,
        allowed: std::ops::RangeInclusive<usize>,
    ) -> Field<Vec<Self>> {
        let Some(raw) = self.raw(key) else {
            return Field::Absent;
        };
        let path = self.path_of(key);
        let Ok(items) = serde_json::from_str::<Vec<&'a RawValue>>(raw.get()) else {
            return problems.refuse(&path, "must be an array of objects");
        };
        if !allowed.contains(&items.len()) {
            let (least, most, sent) = (allowed.start(), allowed.end(), items.len());
            return problems.refuse(&path, &format!("must have {least} to {most} items, has {sent}"));
        }
        let scopes = items.into_iter().enumerate();
        let scopes = scopes.filter_map(|(at, raw)| object_of(raw, format!("{path}[{at}]"), problems).value());
        Field::Value(scopes.collect())
    }
}

fn object_of<'a>(raw: &'a RawValue, path: String, problems: &mut Problems) -> Field<Scope<'a>> {
    match serde_json::from_str(raw.get()) {
        Ok(members) => Field::Value(Scope { path, members }),
        Err(_) => problems.refuse(&path, "must be an object"),
    }
}
