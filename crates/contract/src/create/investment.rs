//! Fields of intents on smallcases and investments.

use crate::request::{Field, Problems, Scope};

/// Longest smallcase id that is looked up.
const MAX_SCID_BYTES: usize = 64;

/// A smallcase order. Which of `scid` and `iscid` it needs depends on its type.
pub(super) fn order(kind: &str, config: &Scope<'_>, problems: &mut Problems) {
    match kind {
        "RECONCILIATION" => {}
        "BUY" => {
            let path = config.path_of("scid");
            scid(config, problems).required(problems, &path, "the id of a smallcase");
        }
        _ => {
            let scid = scid(config, problems);
            let iscid = iscid(config, problems);
            // A later order may name the smallcase alone; whether that is enough is a look-up.
            if !scid.is_present() {
                let path = config.path_of("iscid");
                iscid.required(problems, &path, "24 hexadecimal digits, the id of an investment");
            }
        }
    }
}

/// `SIP_SETUP`, `IMR_SETUP` and `CANCEL_AMO`.
pub(super) fn setup(body: &Scope<'_>, problems: &mut Problems) {
    let config =
        body.object("orderConfig", problems)
            .required(problems, "orderConfig", "an object with `iscid`");
    if let Some(config) = config {
        let path = config.path_of("iscid");
        iscid(&config, problems).required(problems, &path, "24 hexadecimal digits, the id of an investment");
    }
}

/// `SUBSCRIPTION`. The smallcase may stand in `orderConfig` too.
pub(super) fn subscription(body: &Scope<'_>, problems: &mut Problems) {
    let Some(config) = body.object_or_empty("config", problems) else {
        return;
    };
    iscid(&config, problems);
    if config.has("scid") {
        scid(&config, problems);
        return;
    }
    let Some(alias) = body.object_or_empty("orderConfig", problems) else {
        return;
    };
    scid(&alias, problems).required(
        problems,
        &config.path_of("scid"),
        "the id of a fee-based smallcase",
    );
}

fn scid(config: &Scope<'_>, problems: &mut Problems) -> Field<String> {
    config
        .text("scid", problems)
        .and_then(problems, &config.path_of("scid"), |text| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            if (1..=MAX_SCID_BYTES).contains(&text.len()) && text.bytes().all(plain) {
                Ok(text)
            } else {
                Err(format!(
                    "must be 1 to {MAX_SCID_BYTES} letters, digits, _, - or ."
                ))
            }
        })
}

fn iscid(config: &Scope<'_>, problems: &mut Problems) -> Field<String> {
    config
        .text("iscid", problems)
        .and_then(problems, &config.path_of("iscid"), |text| {
            if text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
                Ok(text.to_ascii_lowercase())
            } else {
                Err("must be 24 hexadecimal digits".to_owned())
            }
        })
}
