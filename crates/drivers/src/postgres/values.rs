//! Our four kinds of values in PostgreSQL's binary format.

use std::error::Error;

use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type};
use torana_storage::{StoreError, Value};

/// A parameter whose kind does not fit the column.
#[derive(Debug, thiserror::Error)]
#[error("a parameter of kind {kind} does not fit PostgreSQL type {wanted}")]
pub(super) struct NotCarried {
    kind: &'static str,
    wanted: String,
}

/// A parameter without copying it.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub &'a Value);

type Written = Result<IsNull, Box<dyn Error + Sync + Send>>;

impl ToSql for Bound<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Written {
        let refuse = |kind| -> Written {
            Err(Box::new(NotCarried {
                kind,
                wanted: wanted.name().to_owned(),
            }))
        };
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(value) => match *wanted {
                Type::INT8 => value.to_sql(wanted, out),
                Type::INT4 => match i32::try_from(*value) {
                    Ok(value) => value.to_sql(wanted, out),
                    Err(_) => refuse("integer beyond 32 bits"),
                },
                Type::INT2 => match i16::try_from(*value) {
                    Ok(value) => value.to_sql(wanted, out),
                    Err(_) => refuse("integer beyond 16 bits"),
                },
                Type::BOOL if matches!(value, 0 | 1) => (*value == 1).to_sql(wanted, out),
                _ => refuse("integer"),
            },
            Value::Text(value) if <&str as ToSql>::accepts(wanted) => value.as_str().to_sql(wanted, out),
            Value::Text(_) => refuse("text"),
            Value::Blob(value) if *wanted == Type::BYTEA => value.as_slice().to_sql(wanted, out),
            Value::Blob(_) => refuse("bytes"),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, wanted: &Type, out: &mut BytesMut) -> Written {
        self.to_sql(wanted, out)
    }
}

/// A column of a result.
pub(super) struct Column(pub Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *found {
            Type::INT8 => Value::Int(i64::from_sql(found, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(found, raw)?)),
            Type::INT2 => Value::Int(i64::from(i16::from_sql(found, raw)?)),
            Type::BOOL => Value::Int(i64::from(bool::from_sql(found, raw)?)),
            Type::BYTEA => Value::Blob(<&[u8]>::from_sql(found, raw)?.to_owned()),
            _ => Value::Text(<&str>::from_sql(found, raw)?.to_owned()),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(found: &Type) -> bool {
        matches!(
            *found,
            Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::BYTEA
        ) || <&str as FromSql>::accepts(found)
    }
}

/// Says at compile time of a statement, not at its first row, that a column cannot be carried: the sum of a
/// BIGINT column is NUMERIC here and must be cast.
pub(super) fn check_column(name: &str, found: &Type) -> Result<(), StoreError> {
    if Column::accepts(found) {
        return Ok(());
    }
    let text = format!(
        "column {name} has PostgreSQL type {}: cast it to BIGINT, TEXT or BYTEA",
        found.name()
    );
    Err(StoreError::Statement(text))
}
