//! Which column of a public list says what.

use std::borrow::Cow;

use torana_domain::exchange::Exchange;

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Ticker,
    Name,
    Isin,
    Series,
    Token,
    Lot,
    Tick,
    FreezeQuantity,
    FreezePercent,
    IssuedCapital,
    PriceRange,
    BandPercent,
    PreviousClose,
    ClosingAuction,
    Deleted,
    Eligible,
    Status,
    StatusLetter,
    ListedOn,
    Exchange,
}

/// How many there are.
const COLUMNS: usize = 20;

/// Names of columns, in small letters and without anything but letters and digits.
const NAMES: &[(&str, Column)] = &[
    ("symbol", Column::Ticker),
    ("tckrsymb", Column::Ticker),
    ("scripid", Column::Ticker),
    ("nameofcompany", Column::Name),
    ("fininstrmnm", Column::Name),
    ("scripname", Column::Name),
    ("isinnumber", Column::Isin),
    ("isin", Column::Isin),
    ("isincode", Column::Isin),
    ("series", Column::Series),
    ("sctysrs", Column::Series),
    ("group", Column::Series),
    ("token", Column::Token),
    ("fininstrmid", Column::Token),
    ("scripcode", Column::Token),
    ("marketlot", Column::Lot),
    ("newbrdlotqty", Column::Lot),
    ("boardlotquantity", Column::Lot),
    ("bidintrvl", Column::Tick),
    ("ticksize", Column::Tick),
    ("freezequantity", Column::FreezeQuantity),
    ("freezepercent", Column::FreezePercent),
    ("issdcptl", Column::IssuedCapital),
    ("issuedcapital", Column::IssuedCapital),
    ("pricrg", Column::PriceRange),
    ("pricerange", Column::PriceRange),
    ("priceband", Column::BandPercent),
    ("prvsclsgpric", Column::PreviousClose),
    ("previousclose", Column::PreviousClose),
    ("elgbltyclsgauctnssn", Column::ClosingAuction),
    ("eligibilityforclosingauctionsession", Column::ClosingAuction),
    ("delflg", Column::Deleted),
    ("deleteflag", Column::Deleted),
    ("elgbltynrmlmkt", Column::Eligible),
    ("sctystsnrmlmkt", Column::Status),
    ("sts", Column::StatusLetter),
    ("dateoflisting", Column::ListedOn),
    ("xchg", Column::Exchange),
    ("exchange", Column::Exchange),
];

/// Where the columns of one file are.
#[derive(Debug)]
pub(super) struct Columns {
    places: [Option<usize>; COLUMNS],
    count: usize,
}

impl Columns {
    /// Finds the columns by their names in the header.
    pub(super) fn find(header: &[Cow<'_, str>]) -> Result<Self, String> {
        let mut places = [None; COLUMNS];
        for (place, name) in header.iter().enumerate() {
            let plain: String = name
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            let Some((_, column)) = NAMES.iter().find(|(known, _)| *known == plain) else {
                continue;
            };
            let Some(known) = places.get_mut(*column as usize) else {
                continue;
            };
            match known.and_then(|place: usize| header.get(place)) {
                None => *known = Some(place),
                Some(first) if first.trim() == name.trim() => {
                    return Err(format!("two columns are named {:?}", name.trim()));
                }
                // Another name for the same: the first counts.
                Some(_) => {}
            }
        }
        let columns = Self {
            places,
            count: header.len(),
        };
        let needed = [
            (Column::Ticker, "SYMBOL or TckrSymb"),
            (Column::Isin, "ISIN NUMBER or ISIN"),
            (Column::Series, "SERIES or SctySrs"),
        ];
        match needed.iter().find(|(column, _)| columns.place(*column).is_none()) {
            Some((_, name)) => Err(format!("no column {name}: not a list that Torana knows")),
            None => Ok(columns),
        }
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.get(column as usize).copied().flatten()
    }

    /// A list with dates of listing is NSE's list of companies.
    pub(super) fn exchange_by_shape(&self) -> Option<Exchange> {
        self.place(Column::ListedOn).map(|_| Exchange::Nse)
    }

    /// The fields of a record by column. NSE ends lines with a comma that its header does not have, and the other
    /// way round; other counts are refused.
    pub(super) fn values<'a>(&'a self, fields: &'a [Cow<'a, str>]) -> Result<Values<'a>, String> {
        let more_are_empty = fields
            .iter()
            .skip(self.count)
            .all(|field| field.trim().is_empty());
        if fields.len() + 1 < self.count || !more_are_empty {
            return Err(format!("expected {} fields, found {}", self.count, fields.len()));
        }
        Ok(Values {
            columns: self,
            fields,
        })
    }
}

/// One record by column.
pub(super) struct Values<'a> {
    columns: &'a Columns,
    fields: &'a [Cow<'a, str>],
}

impl Values<'_> {
    /// The field without spaces around it; `None` for a column that is not there or a field that is empty.
    pub(super) fn get(&self, column: Column) -> Option<&str> {
        let field = self.fields.get(self.columns.place(column)?)?.trim();
        (!field.is_empty()).then_some(field)
    }

    /// The field, which must be there.
    pub(super) fn need(&self, column: Column, name: &str) -> Result<&str, String> {
        self.get(column).ok_or_else(|| format!("{name} is empty"))
    }

    pub(super) fn exchange(&self) -> Result<Option<Exchange>, String> {
        let parse = |text: &str| {
            Exchange::parse(text).ok_or_else(|| format!("exchange {text:?}: allowed are NSE, BSE"))
        };
        self.get(Column::Exchange).map(parse).transpose()
    }
}
