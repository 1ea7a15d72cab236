//! JSON inside of requests: bodies, and values of form fields.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use torana_domain::money::{Price, Shares, parse_decimal};
use torana_domain::order::{Side, Variety};
use torana_exchange::core::{OrderRequest, OrderType, Product};
use torana_instruments::{Exchange, Master};

use crate::error::KiteError;
use crate::input::{SHARES_MAX, missing, parse_price, wrong};
use crate::words::{
    EXCHANGES, KiteVariety, ORDER_TYPES, PRODUCTS, SIDES, VARIETIES, parse_order_type, parse_product,
    parse_side, security,
};

/// Most orders of one body.
pub const ORDERS_MAX: usize = 500;

/// Reads JSON that a request carries as `name`.
///
/// # Errors
/// 400 with the place of the mistake.
pub fn parse<T: DeserializeOwned>(name: &str, text: &[u8]) -> Result<T, KiteError> {
    serde_json::from_slice(text).map_err(|error| wrong(name, &format!("it is no such JSON: {error}")))
}

/// A number as the client wrote it, in quotes or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().trim().trim_matches('"').trim().to_owned()))
    }
}

impl Number {
    /// The number of a text that was taken out of something else.
    pub fn of(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether nothing was said: `null`, or an empty text.
    fn is_nothing(&self) -> bool {
        self.0.is_empty() || self.0 == "null"
    }

    /// A price; 0 is none.
    ///
    /// # Errors
    /// 400 with the name.
    pub fn price(&self, name: &str) -> Result<Option<Price>, KiteError> {
        if self.is_nothing() {
            return Ok(None);
        }
        let price = parse_price(&self.0)
            .ok_or_else(|| wrong(name, "allowed are rupees from 0 with at most four decimals"))?;
        Ok(Some(price).filter(|price| price.0 != 0))
    }

    /// Shares, 1 or more.
    ///
    /// # Errors
    /// 400 with the name.
    pub fn shares(&self, name: &str) -> Result<Shares, KiteError> {
        let number = parse_decimal(&self.0, 0).ok();
        let number = number.filter(|number| (1..=SHARES_MAX).contains(number));
        number
            .map(Shares)
            .ok_or_else(|| wrong(name, &format!("allowed is a whole number from 1 to {SHARES_MAX}")))
    }
}

/// An order of a body. Members that nobody asks for are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct OrderIn {
    /// `NSE` or `BSE`.
    pub exchange: Option<String>,
    /// Kite's symbol.
    pub tradingsymbol: Option<String>,
    /// `BUY` or `SELL`.
    pub transaction_type: Option<String>,
    /// Kind of order.
    pub variety: Option<String>,
    /// Delivery or intraday.
    pub product: Option<String>,
    /// Market, limit or stop-loss.
    pub order_type: Option<String>,
    /// Shares.
    pub quantity: Option<Number>,
    /// Limit price.
    pub price: Option<Number>,
    /// Trigger.
    pub trigger_price: Option<Number>,
    /// Average price of what was traded.
    pub average_price: Option<Number>,
    /// The client's id of it.
    pub order_id: Option<Number>,
    /// How long it lives.
    pub validity: Option<String>,
    /// The client's own key.
    pub tag: Option<String>,
    /// Whether its user may change nothing.
    pub readonly: bool,
}

/// A word of an order that must be there.
fn word<T>(
    name: &str,
    text: Option<&String>,
    allowed: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, KiteError> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| missing(name))?;
    parse(text).ok_or_else(|| wrong(name, &format!("allowed is {allowed}")))
}

impl OrderIn {
    /// The exchange; `otherwise` where none is named.
    pub fn exchange(&self, otherwise: Option<Exchange>) -> Result<Exchange, KiteError> {
        match (&self.exchange, otherwise) {
            (None, Some(exchange)) => Ok(exchange),
            (text, _) => word("exchange", text.as_ref(), EXCHANGES, Exchange::parse),
        }
    }

    /// Buy or sell.
    pub fn side(&self) -> Result<Side, KiteError> {
        word(
            "transaction_type",
            self.transaction_type.as_ref(),
            SIDES,
            parse_side,
        )
    }

    /// Delivery or intraday; cover orders are intraday.
    pub fn product(&self) -> Result<Product, KiteError> {
        let parse = |text: &str| match text {
            "CO" => Some(Product::Mis),
            text => parse_product(text),
        };
        word("product", self.product.as_ref(), PRODUCTS, parse)
    }

    /// Market, limit or stop-loss.
    pub fn order_type(&self) -> Result<OrderType, KiteError> {
        word(
            "order_type",
            self.order_type.as_ref(),
            ORDER_TYPES,
            parse_order_type,
        )
    }

    /// Kind of order; plain where none is named.
    pub fn variety(&self) -> Result<KiteVariety, KiteError> {
        match &self.variety {
            None => Ok(KiteVariety::Regular),
            text => word("variety", text.as_ref(), VARIETIES, KiteVariety::parse),
        }
    }

    /// Kite's symbol.
    pub fn symbol(&self) -> Result<&str, KiteError> {
        let symbol = self.tradingsymbol.as_deref().map(str::trim);
        symbol
            .filter(|symbol| !symbol.is_empty())
            .ok_or_else(|| missing("tradingsymbol"))
    }

    /// Shares.
    pub fn shares(&self) -> Result<Shares, KiteError> {
        let quantity = self.quantity.as_ref().ok_or_else(|| missing("quantity"))?;
        quantity.shares("quantity")
    }

    /// A price of it by name.
    pub fn price_of(number: Option<&Number>, name: &str) -> Result<Option<Price>, KiteError> {
        number.map_or(Ok(None), |number| number.price(name))
    }

    /// The order as the exchange knows it.
    ///
    /// # Errors
    /// 400 with the member that is missing or wrong.
    pub fn to_request(&self, master: &Master) -> Result<OrderRequest, KiteError> {
        let security = security(master, self.exchange(None)?, self.symbol()?)?;
        let order_type = self.order_type()?;
        let is_amo = self.variety()? == KiteVariety::Amo;
        Ok(OrderRequest {
            exchange: security.exchange,
            product: self.product()?,
            order_type,
            variety: if is_amo { Variety::Amo } else { Variety::Regular },
            price: Self::price_of(self.price.as_ref(), "price")?.filter(|_| order_type.has_price()),
            trigger_price: Self::price_of(self.trigger_price.as_ref(), "trigger_price")?
                .filter(|_| order_type.has_trigger()),
            ..OrderRequest::delivery(self.side()?, &security.ticker, self.shares()?)
        })
    }
}

/// The orders of a body, at most [`ORDERS_MAX`].
///
/// # Errors
/// 400 for a body that is no list of orders.
pub fn orders(body: &[u8]) -> Result<Vec<OrderIn>, KiteError> {
    let orders: Vec<OrderIn> = parse("body", body)?;
    if orders.len() > ORDERS_MAX {
        return Err(wrong("body", &format!("allowed are at most {ORDERS_MAX} orders")));
    }
    Ok(orders)
}

/// Names the order of a list that an error is about.
pub fn at(index: usize, error: &KiteError) -> KiteError {
    KiteError::new(error.kind(), format!("order {}: {}", index + 1, error.message()))
        .with_status(error.status())
}
