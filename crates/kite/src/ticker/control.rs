//! What a client tells the ticker: `{"a": "subscribe", "v": [408065]}`.

use serde::Deserialize;
use serde_json::Value;

use super::packet::Mode;

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Tell me about these.
    Subscribe(Vec<u32>),
    /// No more about these.
    Unsubscribe(Vec<u32>),
    /// So much about these.
    Mode(Mode, Vec<u32>),
}

#[derive(Deserialize)]
struct Raw {
    a: String,
    #[serde(default)]
    v: Value,
}

const TOKENS: &str = "a list of instrument tokens";

impl Control {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Raw { a, v } = serde_json::from_str(text).map_err(|_| {
            r#"Invalid message: allowed is a JSON object with `a` and `v`, such as {"a": "subscribe", "v": [408065]}"#
                .to_owned()
        })?;
        match a.as_str() {
            "subscribe" => tokens(&v).map(Self::Subscribe),
            "unsubscribe" => tokens(&v).map(Self::Unsubscribe),
            "mode" => mode(&v),
            _ => Err("Invalid `a`: allowed is subscribe, unsubscribe or mode".to_owned()),
        }
    }
}

fn mode(value: &Value) -> Result<Control, String> {
    let Some([Value::String(word), list]) = value.as_array().map(Vec::as_slice) else {
        return Err(format!("Invalid `v`: of mode allowed is [mode, {TOKENS}]"));
    };
    let mode =
        Mode::parse(word).ok_or_else(|| "Invalid mode in `v`: allowed is ltp, quote or full".to_owned())?;
    Ok(Control::Mode(mode, tokens(list)?))
}

fn tokens(value: &Value) -> Result<Vec<u32>, String> {
    let token = |item: &Value| match item {
        Value::Number(number) => number.as_u64().and_then(|token| u32::try_from(token).ok()),
        // Some clients send what they read from the list of instruments.
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let tokens = value.as_array().map(|items| items.iter().map(token).collect());
    tokens
        .flatten()
        .ok_or_else(|| format!("Invalid `v`: allowed is {TOKENS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_messages_are_read() {
        for (text, control) in [
            (
                r#"{"a":"subscribe","v":[408065, "884737"]}"#,
                Control::Subscribe(vec![408_065, 884_737]),
            ),
            (r#"{"v":[],"a":"unsubscribe"}"#, Control::Unsubscribe(vec![])),
            (
                r#"{"a":"mode","v":["full",[408065]],"more":1}"#,
                Control::Mode(Mode::Full, vec![408_065]),
            ),
        ] {
            assert_eq!(Control::parse(text), Ok(control), "{text}");
        }
    }

    #[test]
    fn anything_else_is_said_to_be_wrong() {
        for (text, about) in [
            ("", "message"),
            ("[]", "message"),
            (r#"{"v":[1]}"#, "message"),
            (r#"{"a":"buy","v":[1]}"#, "`a`"),
            (r#"{"a":"subscribe"}"#, "`v`"),
            (r#"{"a":"subscribe","v":408065}"#, "`v`"),
            (r#"{"a":"subscribe","v":[1.5]}"#, "`v`"),
            (r#"{"a":"subscribe","v":[-1]}"#, "`v`"),
            (r#"{"a":"subscribe","v":[4294967296]}"#, "`v`"),
            (r#"{"a":"mode","v":["deep",[1]]}"#, "mode"),
            (r#"{"a":"mode","v":["full",1]}"#, "`v`"),
            (r#"{"a":"mode","v":["full"]}"#, "`v`"),
        ] {
            let error = Control::parse(text).unwrap_err();
            assert!(
                error.contains(about) && error.contains("allowed"),
                "{text}: {error}"
            );
        }
    }
}
