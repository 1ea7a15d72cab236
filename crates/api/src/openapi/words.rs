//! Schemas of values that requests spell as text, as exactly as the handlers read them.

use torana_domain::broker_key::BrokerKey;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A flag of a query string: `true`, `false`, `1` or `0`, in any case.
pub struct FlagParam;

impl PartialSchema for FlagParam {
    fn schema() -> RefOr<Schema> {
        let flag = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Boolean, Type::String]))
            .pattern(Some("^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|1|0)$"));
        flag.into()
    }
}

impl ToSchema for FlagParam {}

/// A broker's key.
pub struct BrokerWord;

impl PartialSchema for BrokerWord {
    fn schema() -> RefOr<Schema> {
        let keys = BrokerKey::ALL.iter().map(|key| key.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(keys))
            .into()
    }
}

impl ToSchema for BrokerWord {}

/// Buy or sell.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
pub enum SideWord {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// Market or limit.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
pub enum OrderTypeWord {
    /// At the market's price.
    Market,
    /// At the named price or better.
    Limit,
}

/// An instant in UTC, of the years 2000 to 2099.
pub struct InstantWord;

impl PartialSchema for InstantWord {
    fn schema() -> RefOr<Schema> {
        let instant = ObjectBuilder::new().schema_type(Type::String).pattern(Some(
            "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z$",
        ));
        instant.examples(["2026-01-06T16:30:00.000Z"]).into()
    }
}

impl ToSchema for InstantWord {}

/// An ISO-8601 duration of weeks, days, hours, minutes and seconds, or whole milliseconds.
pub struct DurationWord;

impl PartialSchema for DurationWord {
    fn schema() -> RefOr<Schema> {
        let duration = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .pattern(Some(
                "^-?P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\\.[0-9]{1,3})?S)?)?$",
            ));
        duration.examples(["PT36H"]).into()
    }
}

impl ToSchema for DurationWord {}
