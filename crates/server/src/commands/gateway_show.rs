//! `torana gateway list` and `show`: everything about a gateway but its secrets.

use serde_json::{Value, json};
use torana_credentials::rotation::SecretPair;
use torana_domain::money::Paise;
use torana_engine::{Engine, Gateway};

use crate::cli::args::JsonArgs;
use crate::cli::gateway_args::ShowArgs;
use crate::commands::print_lines;
use crate::exit::Failure;
use crate::rim::wall::wall_now;

pub(super) fn list(engine: &Engine, args: JsonArgs) -> Result<(), Failure> {
    let gateways = engine.gateways();
    if args.json {
        return print_lines([Value::from_iter(
            gateways.iter().map(|gateway| described(gateway)),
        )]);
    }
    let header = ["NAME", "MODE", "STATE", "ORIGINS", "WEBHOOK URLS"].map(str::to_owned);
    let rows = gateways.iter().map(|gateway| {
        [
            gateway.name.to_string(),
            gateway.mode.as_str().to_owned(),
            state(gateway).to_owned(),
            gateway.settings.origins.join(" "),
            gateway.settings.webhook_urls.join(" "),
        ]
    });
    print_lines(table(std::iter::once(header).chain(rows).collect()))
}

pub(super) fn show(engine: &Engine, args: &ShowArgs) -> Result<(), Failure> {
    let gateway = engine.admin_gateway(&args.name)?;
    let described = described(&gateway);
    if args.json.json {
        return print_lines([described]);
    }
    let mut rows = Vec::new();
    flatten("", &described, &mut rows);
    print_lines(table(rows))
}

const fn state(gateway: &Gateway) -> &'static str {
    if gateway.enabled { "enabled" } else { "disabled" }
}

fn described(gateway: &Gateway) -> Value {
    let settings = &gateway.settings;
    json!({
        "name": gateway.name,
        "mode": gateway.mode,
        "state": state(gateway),
        "displayName": gateway.display_name(),
        "hasLogo": gateway.logo.is_some(),
        "createdAt": gateway.created_at.to_iso(),
        "origins": settings.origins,
        "webhookUrls": settings.webhook_urls,
        "webhookOverrides": settings.webhook_overrides,
        "legacy": settings.legacy,
        "jwtMaxAgeSeconds": settings.jwt_max_age_seconds,
        "smallcaseOrderWebhooks": settings.smallcase_order_webhooks,
        "extendedStatuses": settings.extended_statuses,
        "rateLimits": if settings.rate_limits { "on" } else { "off" },
        "retryLadder": settings.retry_ladder,
        "intents": settings.intents.as_ref().map_or_else(|| "all".into(), |list| json!(list)),
        "brokers": settings.brokers.as_ref().map_or_else(|| "all".into(), |list| json!(list)),
        "limits": {
            "orderValueMax": settings.limits.order_value_max.map(Paise::to_decimal),
            "basketValueMax": settings.limits.basket_value_max.map(Paise::to_decimal),
            "legsMax": settings.limits.legs_max,
        },
        "secret": secret(&gateway.secret),
        "apiSecret": secret(&gateway.api_secret),
        "webhookKey": secret(&gateway.webhook_key),
    })
}

/// Fingerprints and where the rotation stands.
fn secret(pair: &SecretPair) -> Value {
    let now = wall_now();
    let accepted = pair.accepted(now);
    json!({
        "fingerprint": accepted.signing.fingerprint(),
        "otherFingerprint": accepted.other.map(torana_credentials::secrets::Secret::fingerprint),
        "rotation": pair.phase(now).to_string(),
    })
}

/// `a.b value` per leaf; lists and empty values on one line.
fn flatten(prefix: &str, value: &Value, rows: &mut Vec<[String; 2]>) {
    let Value::Object(members) = value else { return };
    for (name, member) in members {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match member {
            // Objects are at most two levels deep here.
            Value::Object(inner) if !inner.is_empty() => flatten(&path, member, rows),
            Value::Object(_) | Value::Null => rows.push([path, "-".to_owned()]),
            Value::Array(items) if items.is_empty() => rows.push([path, "-".to_owned()]),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(plain).collect();
                rows.push([path, items.join(" ")]);
            }
            other => rows.push([path, plain(other)]),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Columns of equal width, two spaces apart.
fn table<const N: usize>(rows: Vec<[String; N]>) -> Vec<String> {
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: [String; N]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![
            ["NAME".to_owned(), "X".to_owned()],
            ["a".to_owned(), String::new()],
            ["longer".to_owned(), "y".to_owned()],
        ];
        assert_eq!(table(rows), ["NAME    X", "a", "longer  y"]);
    }

    #[test]
    fn leaves_become_lines() {
        let mut rows = Vec::new();
        flatten(
            "",
            &json!({ "name": "a", "limits": { "legsMax": null }, "list": ["x", "y"], "none": [] }),
            &mut rows,
        );
        let lines: Vec<String> = rows.into_iter().map(|row| row.join("=")).collect();
        assert_eq!(lines, ["limits.legsMax=-", "list=x y", "name=a", "none=-"]);
    }
}
