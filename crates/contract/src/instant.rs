//! Instants on the wire.

use serde::{Serialize, Serializer};
use torana_domain::time::Timestamp;
use utoipa::ToSchema;

/// An instant as partners see it: ISO-8601, UTC, milliseconds, `Z`, always 24 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-01-05T09:35:00.000Z"))]
pub struct Instant(pub Timestamp);

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_iso())
    }
}
