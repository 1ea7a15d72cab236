//! Values and rows that cross the driver border: four kinds are enough for the portable SQL subset.

use crate::StoreError;

/// A parameter or a column. Booleans are stored as 0/1 integers, instants as milliseconds, JSON as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(String),
    /// BLOB / BYTEA.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<torana_domain::time::Timestamp> for Value {
    fn from(value: torana_domain::time::Timestamp) -> Self {
        Self::Int(value.0)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One result row; columns are read by position, in the order of the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    fn at(&self, index: usize) -> Result<&Value, StoreError> {
        self.0.get(index).ok_or(StoreError::Inconsistent {
            column: index,
            expected: "a column",
        })
    }

    /// BIGINT NOT NULL.
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        match self.at(index)? {
            Value::Int(value) => Ok(*value),
            _ => Err(StoreError::Inconsistent {
                column: index,
                expected: "an integer",
            }),
        }
    }

    /// BIGINT.
    pub fn opt_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self.at(index)? {
            Value::Null => Ok(None),
            _ => self.int(index).map(Some),
        }
    }

    /// Instant.
    pub fn time(&self, index: usize) -> Result<torana_domain::time::Timestamp, StoreError> {
        self.int(index).map(torana_domain::time::Timestamp)
    }

    /// Optional instant.
    pub fn opt_time(&self, index: usize) -> Result<Option<torana_domain::time::Timestamp>, StoreError> {
        Ok(self.opt_int(index)?.map(torana_domain::time::Timestamp))
    }

    /// Boolean stored as 0/1.
    pub fn bool(&self, index: usize) -> Result<bool, StoreError> {
        self.int(index).map(|value| value != 0)
    }

    /// TEXT NOT NULL.
    pub fn text(&self, index: usize) -> Result<String, StoreError> {
        match self.at(index)? {
            Value::Text(value) => Ok(value.clone()),
            _ => Err(StoreError::Inconsistent {
                column: index,
                expected: "a text",
            }),
        }
    }

    /// TEXT.
    pub fn opt_text(&self, index: usize) -> Result<Option<String>, StoreError> {
        match self.at(index)? {
            Value::Null => Ok(None),
            _ => self.text(index).map(Some),
        }
    }

    /// BLOB NOT NULL.
    pub fn blob(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        match self.at(index)? {
            Value::Blob(value) => Ok(value.clone()),
            _ => Err(StoreError::Inconsistent {
                column: index,
                expected: "bytes",
            }),
        }
    }

    /// BLOB.
    pub fn opt_blob(&self, index: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.at(index)? {
            Value::Null => Ok(None),
            _ => self.blob(index).map(Some),
        }
    }

    /// JSON in a TEXT column.
    pub fn json<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(index)?).map_err(|_| StoreError::Inconsistent {
            column: index,
            expected: "JSON of the stored type",
        })
    }

    /// Text that parses into a domain type.
    pub fn parsed<T, E>(&self, index: usize, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, StoreError> {
        parse(&self.text(index)?).map_err(|_| StoreError::Inconsistent {
            column: index,
            expected: "text of the stored type",
        })
    }
}
