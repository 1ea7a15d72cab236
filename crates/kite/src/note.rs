//! What this interface wants to see again with an order, in the exchange's field for it.

use serde::{Deserialize, Serialize};
use torana_exchange::core::PaperOrder;

use crate::words::KiteVariety;

/// The note of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// It is a slice of a larger order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub slice: bool,
    /// It is the entry of a cover order, or the stop behind it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cover: bool,
    /// It is a part of an iceberg order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iceberg: Option<Leg>,
}

/// Which part of an iceberg order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Which, from 1.
    pub leg: i64,
    /// Of how many.
    pub legs: i64,
    /// Shares of a part.
    pub leg_quantity: i64,
    /// Shares of all parts.
    pub total_quantity: i64,
    /// Shares of the parts that come later.
    pub remaining_quantity: i64,
}

impl Note {
    /// The note of an order; an empty one where there is none that can be read.
    pub fn of(order: &PaperOrder) -> Self {
        let note = order.note.as_deref();
        note.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// As it is stored; `None` if it says nothing.
    pub fn to_text(self) -> Option<String> {
        (self != Self::default()).then(|| serde_json::to_string(&self).unwrap_or_default())
    }

    /// The variety of an order with it.
    pub fn variety(self, order: &PaperOrder) -> KiteVariety {
        match self {
            Self { cover: true, .. } => KiteVariety::Co,
            Self { iceberg: Some(_), .. } => KiteVariety::Iceberg,
            _ if order.variety == torana_domain::order::Variety::Amo => KiteVariety::Amo,
            _ => KiteVariety::Regular,
        }
    }
}
