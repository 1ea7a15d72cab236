//! From the flags of `gateway create` and `update` to a gateway's settings.

use torana_domain::broker_key::BrokerKey;
use torana_domain::gateway::{GatewaySettings, RetryLadder};
use torana_domain::intent::IntentKind;
use torana_domain::money::Paise;

use crate::cli::gateway_args::GatewayFlags;
use crate::exit::{Exit, Failure};

/// Most entries of a list, such as origins.
const LIST_MAX: usize = 50;

/// Keys of `--set`, as refusals list them.
const KEYS: &str = "allowed keys are enabled, legacy, smallcaseOrderWebhooks, extendedStatuses (true or false), \
    rateLimits (on or off), retryLadder (standard or legacy), jwtMaxAgeSeconds, intents, brokers (a comma-separated \
    list, or all), orderValueMax, basketValueMax (rupees, or none), legsMax (a number, or none), \
    webhookUrls.EVENT (a comma-separated list, or default)";

/// Applies every flag that was given; lists replace what was there.
///
/// # Errors
/// Exit code 2 with the flag, the value and what is allowed.
pub(super) fn apply_flags(settings: &mut GatewaySettings, flags: &GatewayFlags) -> Result<(), Failure> {
    if let Some(name) = &flags.display_name {
        if name.chars().count() > 100 {
            return Err(refuse(
                "--display-name",
                name,
                "allowed are at most 100 characters",
            ));
        }
        settings.display_name.clone_from(name);
    }
    for (flag, given, list) in [
        ("--origin", &flags.origin, &mut settings.origins),
        ("--webhook-url", &flags.webhook_url, &mut settings.webhook_urls),
    ] {
        if given.len() > LIST_MAX {
            return Err(refuse(
                flag,
                &given.len().to_string(),
                &format!("allowed are at most {LIST_MAX}"),
            ));
        }
        if !given.is_empty() {
            list.clone_from(given);
        }
    }
    if let Some(seconds) = flags.jwt_max_age {
        settings.jwt_max_age_seconds = seconds.into();
    }
    flags
        .set
        .iter()
        .try_for_each(|(key, value)| set(settings, key, value))
}

/// What `--set enabled=` asks for.
///
/// # Errors
/// As [`apply_flags`].
pub(super) fn wants_enabled(flags: &GatewayFlags) -> Result<Option<bool>, Failure> {
    let found = flags.set.iter().rev().find(|(key, _)| key == "enabled");
    found.map(|(key, value)| boolean(key, value)).transpose()
}

fn set(settings: &mut GatewaySettings, key: &str, value: &str) -> Result<(), Failure> {
    match key {
        // Not a setting of the stored list, read by `wants_enabled`.
        "enabled" => boolean(key, value).map(|_| ()),
        "legacy" => boolean(key, value).map(|on| settings.legacy = on),
        "smallcaseOrderWebhooks" => boolean(key, value).map(|on| settings.smallcase_order_webhooks = on),
        "extendedStatuses" => boolean(key, value).map(|on| settings.extended_statuses = on),
        "rateLimits" => match value {
            "on" | "off" => {
                settings.rate_limits = value == "on";
                Ok(())
            }
            _ => Err(refuse(key, value, "allowed are on, off")),
        },
        "retryLadder" => {
            settings.retry_ladder = match value {
                "standard" => RetryLadder::Standard,
                "legacy" => RetryLadder::Legacy,
                _ => return Err(refuse(key, value, "allowed are standard, legacy")),
            };
            Ok(())
        }
        "jwtMaxAgeSeconds" => {
            let seconds = value
                .parse()
                .map_err(|_| refuse(key, value, "allowed is a number of seconds"))?;
            settings.jwt_max_age_seconds = seconds;
            Ok(())
        }
        "intents" => {
            settings.intents = list_or_all(key, value, IntentKind::parse)?;
            Ok(())
        }
        "brokers" => {
            settings.brokers = list_or_all(key, value, BrokerKey::parse)?;
            Ok(())
        }
        "orderValueMax" => amount(key, value).map(|max| settings.limits.order_value_max = max),
        "basketValueMax" => amount(key, value).map(|max| settings.limits.basket_value_max = max),
        "legsMax" => {
            let max = if value == "none" {
                None
            } else {
                Some(value.parse::<u32>().ok().filter(|max| *max > 0))
            };
            let wrong = || refuse(key, value, "allowed are a number from 1, or none");
            settings.limits.legs_max = max.map(|max| max.ok_or_else(wrong)).transpose()?;
            Ok(())
        }
        _ => match key.strip_prefix("webhookUrls.") {
            Some(event) if !event.is_empty() => {
                override_urls(settings, event, value);
                Ok(())
            }
            _ => Err(refuse("--set", key, KEYS)),
        },
    }
}

fn override_urls(settings: &mut GatewaySettings, event: &str, value: &str) {
    if value == "default" {
        settings.webhook_overrides.remove(event);
    } else {
        let urls = value
            .split(',')
            .map(|url| url.trim().to_owned())
            .filter(|url| !url.is_empty());
        settings
            .webhook_overrides
            .insert(event.to_owned(), urls.take(LIST_MAX).collect());
    }
}

fn boolean(key: &str, value: &str) -> Result<bool, Failure> {
    value
        .parse()
        .map_err(|_| refuse(key, value, "allowed are true, false"))
}

fn amount(key: &str, value: &str) -> Result<Option<Paise>, Failure> {
    if value == "none" {
        return Ok(None);
    }
    let parsed = Paise::parse(value).ok().filter(|amount| amount.0 > 0);
    parsed.map(Some).ok_or_else(|| {
        refuse(
            key,
            value,
            "allowed are rupees with at most two decimals, or none",
        )
    })
}

fn list_or_all<T>(
    key: &str,
    value: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>, Failure> {
    if value == "all" {
        return Ok(None);
    }
    let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
    let parsed: Result<Vec<T>, Failure> = items
        .map(|item| {
            parse(item).ok_or_else(|| refuse(key, item, "not a known name; allowed are known names, or all"))
        })
        .collect();
    parsed.map(Some)
}

fn refuse(key: &str, value: &str, allowed: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{key} = {value:?}: {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pairs: &[(&str, &str)]) -> Result<GatewaySettings, Failure> {
        let set = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let mut settings = GatewaySettings::default();
        apply_flags(
            &mut settings,
            &GatewayFlags {
                set,
                ..GatewayFlags::default()
            },
        )
        .map(|()| settings)
    }

    #[test]
    fn every_key_is_stored() {
        let settings = after(&[
            ("legacy", "true"),
            ("smallcaseOrderWebhooks", "false"),
            ("extendedStatuses", "true"),
            ("rateLimits", "off"),
            ("retryLadder", "legacy"),
            ("jwtMaxAgeSeconds", "600"),
            ("intents", "CONNECT,TRANSACTION"),
            ("brokers", "kite, upstox"),
            ("orderValueMax", "1000.50"),
            ("basketValueMax", "5000"),
            ("legsMax", "7"),
            ("webhookUrls.order.placed", "https://a.example/x"),
        ])
        .unwrap();
        assert!(settings.legacy && settings.extended_statuses);
        assert!(!settings.smallcase_order_webhooks && !settings.rate_limits);
        assert_eq!(settings.retry_ladder, RetryLadder::Legacy);
        assert_eq!(settings.jwt_max_age_seconds, 600);
        assert_eq!(
            settings.intents,
            Some(vec![IntentKind::Connect, IntentKind::Transaction])
        );
        assert_eq!(settings.brokers, Some(vec![BrokerKey::Kite, BrokerKey::Upstox]));
        assert_eq!(settings.limits.order_value_max, Some(Paise(100_050)));
        assert_eq!(settings.limits.basket_value_max, Some(Paise(500_000)));
        assert_eq!(settings.limits.legs_max, Some(7));
        assert_eq!(settings.urls_for("order.placed"), ["https://a.example/x"]);
    }

    #[test]
    fn none_all_and_default_take_back() {
        let settings = after(&[
            ("brokers", "kite"),
            ("brokers", "all"),
            ("orderValueMax", "1"),
            ("orderValueMax", "none"),
            ("webhookUrls.order.placed", "https://a.example/x"),
            ("webhookUrls.order.placed", "default"),
        ]);
        assert_eq!(settings.unwrap(), GatewaySettings::default());
    }

    #[test]
    fn refusals_name_key_value_and_what_is_allowed() {
        for (key, value) in [
            ("legacy", "yes"),
            ("rateLimits", "true"),
            ("retryLadder", "none"),
            ("jwtMaxAgeSeconds", "1h"),
            ("intents", "BUY"),
            ("brokers", "zerodha"),
            ("orderValueMax", "1.005"),
            ("orderValueMax", "-1"),
            ("legsMax", "0"),
            ("webhookUrls.", "https://a.example"),
            ("mode", "live"),
            ("enabled", "1"),
        ] {
            let failure = after(&[(key, value)]).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{key}");
            assert!(failure.message.contains("allowed"), "{failure}");
        }
    }
}
