//! The lists that the exchanges publish, read over a master.
//!
//! Three shapes are known: NSE's `EQUITY_L.csv` and `SME_EQUITY_L.csv`, NSE's security file
//! `NSE_CM_security_ddmmyyyy.csv`, and BSE's `BSE_EQ_SCRIP_ddmmyyyy.csv`. They are told apart by their columns, which
//! may stand in any order and with others between them. What is in a column that counts must make sense; rows of
//! other markets (debt, rights, block windows, test symbols) are left out and counted.

mod columns;
mod merge;
mod row;

use std::collections::BTreeMap;

use torana_domain::exchange::Exchange;

use crate::csv::{DataError, Record, records};
use columns::Columns;
pub use merge::{Merged, merge};
use row::Row;

/// A list that was read.
#[derive(Debug)]
pub struct PublicList {
    /// Its file, for refusals.
    file: String,
    /// Whose list it is.
    pub exchange: Exchange,
    /// By ISIN: one row each.
    rows: BTreeMap<String, Row>,
    /// Rows of markets that Torana does not have.
    pub left_out: usize,
}

impl PublicList {
    /// Whether the first line of `text` is that of one of the known lists.
    #[must_use]
    pub fn is_known(text: &str) -> bool {
        let header = records("", text).next().and_then(Result::ok);
        header.is_some_and(|header| Columns::find(&header.fields).is_ok())
    }

    /// Reads a list. `file` is its name, which also says whose list it is where no column does.
    ///
    /// # Errors
    /// `file`, the line and what is wrong there.
    pub fn parse(file: &str, text: &str) -> Result<Self, DataError> {
        let mut records = records(file, text);
        let Some(header) = records.next().transpose()? else {
            return Err(DataError::new(file, 1, "the file is empty"));
        };
        let columns =
            Columns::find(&header.fields).map_err(|reason| DataError::new(file, header.line, reason))?;
        let mut list = Self {
            file: file.to_owned(),
            exchange: Exchange::Nse,
            rows: BTreeMap::new(),
            left_out: 0,
        };
        let mut exchange = columns.exchange_by_shape().or_else(|| exchange_by_name(file));
        for record in records {
            let Record { line, fields } = record?;
            let refuse = |reason: String| DataError::new(file, line, reason);
            let values = columns.values(&fields).map_err(refuse)?;
            let of_row = values.exchange().map_err(refuse)?;
            let known = exchange.or(of_row).ok_or_else(|| {
                refuse(
                    "neither a column Xchg nor the file's name (NSE_..., BSE_...) says whose list it is"
                        .to_owned(),
                )
            })?;
            if of_row.is_some_and(|of_row| of_row != known) {
                return Err(refuse(format!("a row of another exchange in a list of {known}")));
            }
            exchange = Some(known);
            let Some(row) = Row::read(known, &values, line).map_err(refuse)? else {
                list.left_out += 1;
                continue;
            };
            list.add(row)?;
        }
        match exchange {
            Some(exchange) if !list.rows.is_empty() => Ok(Self { exchange, ..list }),
            _ => Err(DataError::new(
                file,
                1,
                "no row of it is a listing that can be traded",
            )),
        }
    }

    /// Of several series of one security the one counts that most trade in.
    fn add(&mut self, row: Row) -> Result<(), DataError> {
        match self.rows.get(&row.isin) {
            Some(other) if other.rank() == row.rank() => {
                let reason = format!("isin {}: is listed on line {} already", row.isin, other.line);
                Err(DataError::new(&self.file, row.line, reason))
            }
            Some(other) if other.rank() < row.rank() => Ok(()),
            _ => {
                self.rows.insert(row.isin.clone(), row);
                Ok(())
            }
        }
    }

    /// How many listings it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: a list without a listing is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn exchange_by_name(file: &str) -> Option<Exchange> {
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_uppercase();
    Exchange::ALL
        .into_iter()
        .find(|exchange| name.starts_with(&format!("{exchange}_")))
}

#[cfg(test)]
mod tests;
