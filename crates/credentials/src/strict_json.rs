//! A JSON reader for the header and the claims of a token, stricter than a general one: it refuses what
//! two readers could understand differently. No member name twice at any depth (compared after unescaping),
//! no number beyond what a double can hold, bounded depth, valid UTF-8, nothing behind the value.

use std::collections::BTreeMap;
use std::str::Chars;

use crate::decimal::Decimal;

/// Deepest nesting; the outermost object counts as 1.
pub(crate) const DEPTH_MAX: usize = 4;

/// Why a text is not a strict JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// It is something else than an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// It breaks the grammar, or a string holds half of a surrogate pair.
    #[error("malformed JSON")]
    Malformed,
    /// An object has two members of one name.
    #[error("duplicate member")]
    DuplicateMember,
    /// It is nested too deeply.
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// A number is larger than a double can hold.
    #[error("number not finite")]
    NumberNotFinite,
    /// Something follows the object.
    #[error("trailing data")]
    TrailingData,
}

/// A member's value. What is inside a nested array or object has been checked, and is of no use to us.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Nested,
}

/// The members of the outermost object.
pub(crate) type Members = BTreeMap<String, Value>;

/// Reads exactly one object, with nothing but white space around it.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Members, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::NotUtf8)?;
    let mut reader = Reader { rest: text.chars() };
    reader.skip_space();
    if reader.peek() != Some('{') {
        return Err(JsonFault::NotAnObject);
    }
    let members = reader.object(1)?;
    reader.skip_space();
    if reader.peek().is_some() {
        Err(JsonFault::TrailingData)
    } else {
        Ok(members)
    }
}

struct Reader<'a> {
    rest: Chars<'a>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest.next();
        }
        found
    }

    fn need(&mut self, wanted: char) -> Result<(), JsonFault> {
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(JsonFault::Malformed)
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.rest.next();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonFault> {
        match self.peek() {
            Some('{') => self.object(depth).map(|_| Value::Nested),
            Some('[') => self.array(depth).map(|()| Value::Nested),
            Some('"') => self.string().map(Value::Text),
            Some('t') => self.word("true", Value::Bool(true)),
            Some('f') => self.word("false", Value::Bool(false)),
            Some('n') => self.word("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonFault> {
        let rest = self
            .rest
            .as_str()
            .strip_prefix(word)
            .ok_or(JsonFault::Malformed)?;
        self.rest = rest.chars();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Members, JsonFault> {
        if depth > DEPTH_MAX {
            return Err(JsonFault::TooDeep);
        }
        self.need('{')?;
        let mut members = Members::new();
        self.skip_space();
        if self.eat('}') {
            return Ok(members);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.need(':')?;
            self.skip_space();
            let value = self.value(depth + 1)?;
            if members.insert(name, value).is_some() {
                return Err(JsonFault::DuplicateMember);
            }
            self.skip_space();
            if self.eat('}') {
                return Ok(members);
            }
            self.need(',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonFault> {
        if depth > DEPTH_MAX {
            return Err(JsonFault::TooDeep);
        }
        self.need('[')?;
        self.skip_space();
        if self.eat(']') {
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            if self.eat(']') {
                return Ok(());
            }
            self.need(',')?;
        }
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.need('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or(JsonFault::Malformed)? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                control if control < ' ' => return Err(JsonFault::Malformed),
                plain => text.push(plain),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, JsonFault> {
        Ok(match self.rest.next().ok_or(JsonFault::Malformed)? {
            same @ ('"' | '\\' | '/') => same,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(),
            _ => return Err(JsonFault::Malformed),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonFault> {
        let first = self.four_hex_digits()?;
        if (0xd800..0xdc00).contains(&first) {
            self.need('\\')?;
            self.need('u')?;
            let second = self.four_hex_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(JsonFault::Malformed);
            }
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(code).ok_or(JsonFault::Malformed);
        }
        // A low surrogate on its own is no character and fails here.
        char::from_u32(first).ok_or(JsonFault::Malformed)
    }

    fn four_hex_digits(&mut self) -> Result<u32, JsonFault> {
        (0..4).try_fold(0, |code, _| {
            let digit = self
                .rest
                .next()
                .and_then(|c| c.to_digit(16))
                .ok_or(JsonFault::Malformed)?;
            Ok(code * 16 + digit)
        })
    }

    fn number(&mut self) -> Result<Decimal, JsonFault> {
        let before = self.rest.as_str();
        let negative = self.eat('-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(JsonFault::Malformed);
        }
        let fraction = if self.eat('.') { self.digits()? } else { "" };
        let exponent = if self.eat('e') || self.eat('E') {
            self.exponent()?
        } else {
            0
        };
        let length = before.len() - self.rest.as_str().len();
        let finite = before
            .get(..length)
            .and_then(|text| text.parse::<f64>().ok())
            .is_some_and(f64::is_finite);
        if finite {
            Ok(Decimal::from_parts(negative, whole, fraction, exponent))
        } else {
            Err(JsonFault::NumberNotFinite)
        }
    }

    fn exponent(&mut self) -> Result<i64, JsonFault> {
        let negative = self.eat('-');
        if !negative {
            self.eat('+');
        }
        // More digits than fit say no more than "enormous".
        let size = self.digits()?.parse::<i64>().unwrap_or(i64::MAX);
        Ok(if negative { -size } else { size })
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<&'a str, JsonFault> {
        let text = self.rest.as_str();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(end).ok_or(JsonFault::Malformed)?;
        self.rest = rest.chars();
        if digits.is_empty() {
            Err(JsonFault::Malformed)
        } else {
            Ok(digits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> JsonFault {
        parse_object(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn reads_every_kind_of_value() {
        let text = r#" { "a" : null,"b":true , "c":false,"d":"x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","e":-1.5e2,"f":[1,[]],"g":{"a":{}} } "#;
        let members = parse_object(text.as_bytes()).unwrap();
        assert_eq!(members["a"], Value::Null);
        assert_eq!(members["b"], Value::Bool(true));
        assert_eq!(members["c"], Value::Bool(false));
        assert_eq!(members["d"], Value::Text("x\"\\/\u{8}\u{c}\n\r\té😀".to_owned()));
        assert_eq!(
            members["e"],
            Value::Number(Decimal::from_parts(true, "150", "", 0))
        );
        assert_eq!((&members["f"], &members["g"]), (&Value::Nested, &Value::Nested));
        assert_eq!(parse_object(b"{}").unwrap().len(), 0);
    }

    #[test]
    fn duplicates_are_refused_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[[{"":1,"":2}]]}"#,
        ] {
            assert_eq!(fault(text), JsonFault::DuplicateMember, "{text}");
        }
        assert!(parse_object(br#"{"a":1,"A":1,"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn depth_is_counted_from_the_outermost_object() {
        assert!(parse_object(br#"{"a":{"a":{"a":{}}}}"#).is_ok());
        assert!(parse_object(br#"{"a":[[[1]]]}"#).is_ok());
        assert_eq!(fault(r#"{"a":{"a":{"a":{"a":{}}}}}"#), JsonFault::TooDeep);
        assert_eq!(fault(r#"{"a":[[[[]]]]}"#), JsonFault::TooDeep);
    }

    #[test]
    fn numbers_are_finite_and_in_json_form() {
        for text in ["1e400", "-1e400", "1e99999999999999999999", "1.8e308"] {
            assert_eq!(
                fault(&format!(r#"{{"a":{text}}}"#)),
                JsonFault::NumberNotFinite,
                "{text}"
            );
        }
        for text in ["0", "-0", "0e999999999999999999999", "1e-400", "1.7e308", "1E+2"] {
            assert!(
                parse_object(format!(r#"{{"a":{text}}}"#).as_bytes()).is_ok(),
                "{text}"
            );
        }
        for text in [
            "", "01", "+1", ".5", "1.", "1e", "1e+", "-", "NaN", "Infinity", "0x10", "1_0", "nul", "True",
            "'a'",
        ] {
            let broken = format!(r#"{{"a":{text}}}"#);
            assert_eq!(fault(&broken), JsonFault::Malformed, "{text}");
        }
    }

    #[test]
    fn other_faults_are_named() {
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}").unwrap_err(), JsonFault::NotUtf8);
        for text in ["", "[]", "1", "\"{}\"", "null", "\u{feff}{}"] {
            assert_eq!(fault(text), JsonFault::NotAnObject, "{text}");
        }
        for text in ["{}{}", "{} x", "{}\0", "{},", "{}\u{a0}"] {
            assert_eq!(fault(text), JsonFault::TrailingData, "{text}");
        }
        for text in [
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,}"#,
            r#"{a:1}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"a":"\ud800\u0041"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{/**/}",
        ] {
            assert_eq!(fault(text), JsonFault::Malformed, "{text}");
        }
    }

    /// Any JSON value of at most `DEPTH_MAX - 1` levels, as serde_json prints it.
    fn json_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(2, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(".{0,4}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_a_writer_writes_is_read(value in prop::collection::btree_map(".{0,4}", json_value(), 0..5)) {
            let text = serde_json::to_string(&value).unwrap();
            let members = parse_object(text.as_bytes()).unwrap();
            prop_assert!(members.keys().eq(value.keys()));
        }

        #[test]
        fn accepts_nothing_that_a_general_reader_refuses(text in r#"[{}\[\]",:0-9eE.+\-\\ua tfn]{0,24}"#) {
            if parse_object(text.as_bytes()).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|v| v.is_object()));
            }
        }

        #[test]
        fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_object(&bytes);
        }
    }
}
