//! The tables, each made from the value that the code itself uses.

use torana_brokers::profile::SANDBOX_PROFILES;
use torana_config::KEYS;
use torana_config::keys::environment_name;
use torana_contract::errors::{ERRORS, ErrorCode};
use torana_domain::transaction::Failure;
use torana_exchange::TEST_ACCOUNTS;
use torana_exchange::core::behaviour::Behaviour;
use torana_exchange::core::faults::{CATALOGUE, ParamSpec, ParamValue};
use torana_webhooks::schedule::{LEGACY_OFFSETS_MS, Ladder, STANDARD_WAITS_MS};

/// Greatest number of a failure.
const FAILURE_CODE_MAX: u16 = 9999;

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ").replace('\n', " "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let body: String = rows.into_iter().map(|row| line(&row)).collect();
    format!("{}{rule}{body}", line(&head))
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

pub(crate) fn errors() -> String {
    let rows = ErrorCode::ALL.iter().zip(ERRORS).map(|(error, spec)| {
        let (number, message) = error.sdk();
        vec![
            format!("<a id=\"{0}\"></a>`{0}`", spec.slug),
            spec.status.to_string(),
            code(spec.class.as_str()),
            format!("{number} `{message}`"),
            spec.explanation.to_owned(),
        ]
    });
    table(
        &[
            "`errors[0]`",
            "HTTP",
            "`errorType`",
            "in the SDK",
            "what happened, what to do",
        ],
        rows,
    )
}

pub(crate) fn failures() -> String {
    let known = (0..=FAILURE_CODE_MAX).filter_map(Failure::from_code);
    table(
        &["code", "message"],
        known.map(|failure| vec![failure.code.to_string(), code(failure.message)]),
    )
}

pub(crate) fn settings() -> String {
    let rows = KEYS.iter().map(|key| {
        let flag = if key.secret {
            "not as a flag".to_owned()
        } else {
            code(&format!("--{}", key.name))
        };
        let allowed = key
            .allowed
            .trim_start_matches("allowed is ")
            .trim_start_matches("allowed are ");
        vec![
            code(key.name),
            code(&environment_name(key.name)),
            flag,
            key.meaning.to_owned(),
            allowed.to_owned(),
        ]
    });
    table(
        &["key", "environment", "flag", "meaning [default]", "allowed"],
        rows,
    )
}

pub(crate) fn accounts() -> String {
    let rows = TEST_ACCOUNTS.iter().map(|account| {
        vec![
            code(account.account),
            code(account.behaviour.as_str()),
            format!("₹{}", account.funds.0 / 100),
            yes(account.has_holdings),
            yes(account.ddpi),
            account.what_it_does.to_owned(),
        ]
    });
    table(
        &[
            "account",
            "behaviour",
            "cash",
            "holds shares",
            "DDPI",
            "what it is for",
        ],
        rows,
    )
}

pub(crate) fn behaviours() -> String {
    let rows = Behaviour::ALL
        .iter()
        .map(|behaviour| vec![code(behaviour.as_str()), behaviour.describe().to_owned()]);
    table(&["behaviour", "what the user sees"], rows)
}

pub(crate) fn faults() -> String {
    let param = |param: &ParamSpec| {
        let default = match param.default_value() {
            ParamValue::Whole(number) => number.to_string(),
            ParamValue::Word(word) => code(&word),
        };
        format!("`{}`: {} [{default}]", param.name, param.rule())
    };
    let rows = CATALOGUE.iter().map(|spec| {
        let classes: Vec<String> = spec.classes.iter().map(|class| code(class.as_str())).collect();
        let params: Vec<String> = spec.params.iter().map(param).collect();
        vec![
            code(spec.name),
            spec.what.to_owned(),
            classes.join(" "),
            params.join("; "),
            spec.incident.to_owned(),
        ]
    });
    let head = [
        "fault",
        "what it does",
        "request classes",
        "parameters [default]",
        "stands for",
    ];
    table(&head, rows)
}

pub(crate) fn brokers() -> String {
    let rows = SANDBOX_PROFILES.iter().map(|profile| {
        let can = profile.capabilities;
        vec![
            code(profile.key.as_str()),
            profile.name.to_owned(),
            yes(can.holdings_import),
            yes(can.limit_orders),
            yes(can.amo),
            yes(can.sessionless_holdings),
            yes(can.demat_funds),
            yes(can.account_opening),
        ]
    });
    let head = [
        "key",
        "name",
        "holdings import",
        "limit orders",
        "after-market",
        "refresh without session",
        "demat funds",
        "opens accounts",
    ];
    table(&head, rows)
}

pub(crate) fn ladders() -> String {
    let waits = |list: &[i64]| list.iter().map(|ms| duration(*ms)).collect::<Vec<_>>().join(", ");
    let row = |ladder: Ladder, waits: String, rule: &str| {
        vec![
            code(ladder.as_str()),
            ladder.max_attempts().to_string(),
            waits,
            rule.to_owned(),
        ]
    };
    let rows = [
        row(
            Ladder::Standard,
            waits(&STANDARD_WAITS_MS),
            "each after the attempt before, ± 20 %",
        ),
        row(
            Ladder::Legacy,
            waits(&LEGACY_OFFSETS_MS),
            "each after the first attempt",
        ),
    ];
    table(&["ladder", "attempts", "waits", "counted"], rows)
}

fn duration(ms: i64) -> String {
    let seconds = ms / 1000;
    match (seconds % 3600, seconds % 60) {
        (0, _) => format!("{} h", seconds / 3600),
        (_, 0) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
