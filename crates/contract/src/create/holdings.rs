//! Fields of the two imports. Refusals never repeat a PAN, a phone number or an e-mail address.

use torana_domain::intent::{HoldingsVersion, Intent};
use torana_domain::time::Date;

use crate::request::{Field, Problems, Scope};

/// `HOLDINGS_IMPORT`; `None` when something was noted.
pub(super) fn import(body: &Scope<'_>, problems: &mut Problems) -> Option<Intent> {
    let version = body.word("version", problems, "v1 or v2", |word| match word {
        "v1" => Some(HoldingsVersion::V1),
        "v2" => Some(HoldingsVersion::V2),
        _ => None,
    });
    let asset = body.object_or_empty("assetConfig", problems)?;
    let funds = asset.boolean_or_text("mfHoldings", problems);
    Some(Intent::HoldingsImport {
        version: version.value().unwrap_or(HoldingsVersion::V1),
        mf_holdings: funds.value().unwrap_or(false),
    })
}

/// `MF_HOLDINGS_IMPORT`.
pub(super) fn mutual_fund_import(body: &Scope<'_>, today: Date, problems: &mut Problems) {
    if let Some(asset) = body.object_or_empty("assetConfig", problems) {
        period(&asset, today, problems);
        person(&asset, problems);
        asset.word("flow", problems, "wealth", |word| {
            (word == "wealth").then_some(())
        });
    }
    if let Some(response) = body.object_or_empty("responseConfig", problems) {
        for key in ["casDetail", "casSummary"] {
            response.boolean_or_text(key, problems);
        }
    }
}

fn period(asset: &Scope<'_>, today: Date, problems: &mut Problems) {
    let from = date(asset, "fromDate", problems).and_then(problems, &asset.path_of("fromDate"), |from| {
        if from <= today {
            Ok(from)
        } else {
            Err(format!("must not be in the future; today is {today}"))
        }
    });
    let to = date(asset, "toDate", problems);
    if let (Field::Value(from), Field::Value(to)) = (from, to)
        && to < from
    {
        problems.note(&asset.path_of("toDate"), "must not be before fromDate");
    }
}

fn date(asset: &Scope<'_>, key: &str, problems: &mut Problems) -> Field<Date> {
    asset.word(key, problems, "a calendar date as yyyy-mm-dd", |text| {
        Date::parse(text).ok()
    })
}

fn person(asset: &Scope<'_>, problems: &mut Problems) {
    asset.word(
        "pan",
        problems,
        "five letters, four digits and a letter",
        |text| is_pan(text).then_some(()),
    );
    asset.word(
        "phone",
        problems,
        "10 digits, with or without +91, 91 or 0 in front",
        |text| is_phone(text).then_some(()),
    );
    asset.word("email", problems, "an e-mail address", |text| {
        is_email(text).then_some(())
    });
}

fn is_pan(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| {
            if (5..9).contains(&at) {
                b.is_ascii_digit()
            } else {
                b.is_ascii_alphabetic()
            }
        })
}

fn is_phone(text: &str) -> bool {
    let number = match (text.strip_prefix("+91"), text.len()) {
        (Some(rest), _) => rest,
        (None, 12) => text.strip_prefix("91").unwrap_or(text),
        (None, 11) => text.strip_prefix('0').unwrap_or(text),
        (None, _) => text,
    };
    number.len() == 10 && number.bytes().all(|b| b.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_fits = (1..=64).contains(&local.len())
        && local.bytes().all(|b| {
            b.is_ascii_graphic()
                && !matches!(
                    b,
                    b'@' | b'"' | b'(' | b')' | b',' | b':' | b';' | b'<' | b'>' | b'[' | b'\\' | b']'
                )
        })
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254 && local_fits && domain.contains('.') && domain.split('.').all(label_fits)
}
