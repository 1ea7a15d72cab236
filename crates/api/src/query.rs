//! Query strings: strictly decoded, repeatable parameters in every spelling that partners use.

use std::ops::RangeInclusive;

use torana_contract::envelope::ApiError;
use torana_contract::request::{Field, Problems};

/// Most `name=value` pairs of one query string.
const PAIRS_MAX: usize = 500;

/// A decoded query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a raw query string.
    ///
    /// # Errors
    /// 400 `validation_failed` for broken percent-encoding, bytes that are no UTF-8, and too many parameters.
    pub fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let mut pairs = Vec::new();
        for pair in raw.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == PAIRS_MAX {
                return Err(ApiError::validation([format!(
                    "query: at most {PAIRS_MAX} parameters are allowed"
                )]));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let broken = || {
                ApiError::validation([
                    "query: must be percent-encoded UTF-8, % followed by two hexadecimal digits".to_owned(),
                ])
            };
            pairs.push((
                decode(name).ok_or_else(broken)?,
                decode(value).ok_or_else(broken)?,
            ));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that is given once; of several the last one counts.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of a repeatable parameter: `k=a&k=b`, `k[]=a&k[]=b` and `k=a,b`. Empty ones are left out.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
    }

    /// `true`, `false`, `1` or `0` in any case; `false` when absent.
    pub fn flag(&self, name: &str, problems: &mut Problems) -> bool {
        let Some(text) = self.text(name) else { return false };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                problems.note(name, "must be true, false, 1 or 0");
                false
            }
        }
    }

    /// A whole number within bounds, or `default` when absent.
    pub fn integer(
        &self,
        name: &str,
        allowed: RangeInclusive<i64>,
        default: i64,
        problems: &mut Problems,
    ) -> i64 {
        let Some(text) = self.text(name) else {
            return default;
        };
        match parse_plain_integer(text) {
            Some(value) if allowed.contains(&value) => value,
            _ => {
                problems.note(
                    name,
                    &format!(
                        "must be a whole number from {} to {}",
                        allowed.start(),
                        allowed.end()
                    ),
                );
                default
            }
        }
    }

    /// One of a few exact words.
    pub fn word<T>(
        &self,
        name: &str,
        allowed: &str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Field<T> {
        match self.text(name) {
            None => Field::Absent,
            Some(text) => match parse(text) {
                Some(value) => Field::Value(value),
                None => {
                    problems.note(name, &format!("must be {allowed}"));
                    Field::Wrong
                }
            },
        }
    }
}

/// Digits only: no sign in front but a minus, no blanks.
fn parse_plain_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// Percent-decoding as browsers' forms encode: `+` is a blank. `None` for a broken escape or broken UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(rest.next()?)? * 16 + hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(Some(raw)).unwrap()
    }

    #[test]
    fn repeatable_parameters_in_every_spelling() {
        for raw in [
            "k=a&k=b&k=c",
            "k[]=a&k[]=b&k[]=c",
            "k=a,b,c",
            "k=a&x=1&k[]=b,c",
            "k%5B%5D=a%2Cb&k=c",
            "k=a,,b&k=&k=+c",
        ] {
            assert_eq!(query(raw).list("k").collect::<Vec<_>>(), ["a", "b", "c"], "{raw}");
        }
        assert_eq!(query("kk=a").list("k").count(), 0);
    }

    #[test]
    fn booleans_in_any_case() {
        for (raw, value) in [
            ("f=True", true),
            ("f=1", true),
            ("f=FALSE", false),
            ("f=0", false),
            ("", false),
        ] {
            let mut problems = Problems::default();
            assert_eq!(query(raw).flag("f", &mut problems), value, "{raw}");
            assert!(problems.into_result().is_ok(), "{raw}");
        }
        for raw in ["f=yes", "f=", "f=2", "f"] {
            let mut problems = Problems::default();
            query(raw).flag("f", &mut problems);
            let error = problems.into_result().unwrap_err();
            assert_eq!(error.details, ["f: must be true, false, 1 or 0"], "{raw}");
        }
    }

    #[test]
    fn integers_within_bounds() {
        let read = |raw: &str| {
            let mut problems = Problems::default();
            let value = query(raw).integer("n", 1..=100, 20, &mut problems);
            problems
                .into_result()
                .map(|()| value)
                .map_err(|error| error.details)
        };
        assert_eq!(read(""), Ok(20));
        assert_eq!(read("n=100"), Ok(100));
        assert_eq!(read("n=5&n=7"), Ok(7));
        for raw in [
            "n=0",
            "n=101",
            "n=%2B5",
            "n=1.0",
            "n=",
            "n=-",
            "n=99999999999999999999",
            "n=+5",
        ] {
            assert_eq!(
                read(raw),
                Err(vec!["n: must be a whole number from 1 to 100".to_owned()]),
                "{raw}"
            );
        }
    }

    #[test]
    fn broken_encodings_are_the_clients_fault() {
        for raw in ["k=%", "k=%2", "k=%zz", "%ff=1", "k=%C3%28", "a=1&k=%f"] {
            assert_eq!(
                Query::parse(Some(raw)).map_err(|error| error.status()),
                Err(400),
                "{raw}"
            );
        }
        assert_eq!(query("n=%E2%82%B9+5").text("n"), Some("₹ 5"));
        assert_eq!(Query::parse(None), Ok(Query::default()));
        assert!(Query::parse(Some(&"k=1&".repeat(PAIRS_MAX + 1))).is_err());
    }
}
