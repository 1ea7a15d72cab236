//! Reads the comma-separated data files: a fixed header, no quotes, one record per line.

/// Longest data file that is read, in bytes.
pub const FILE_MAX: usize = 16 << 20;
/// Most records of one data file.
pub const RECORDS_MAX: usize = 100_000;

/// Why a data file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} line {line}: {reason}")]
pub struct DataError {
    /// Which file.
    pub file: &'static str,
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong and what is allowed.
    pub reason: String,
}

/// Reads every record of `text` with `read`; the error it returns is the reason, file and line are added here.
pub(crate) fn read_records<const N: usize, T>(
    file: &'static str,
    text: &str,
    header: [&str; N],
    mut read: impl FnMut([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, DataError> {
    let refuse = |line: usize, reason: String| DataError { file, line, reason };
    if text.len() > FILE_MAX {
        return Err(refuse(1, format!("the file is longer than {FILE_MAX} bytes")));
    }
    let mut lines = text.lines().zip(1usize..);
    if lines.next().map(|(line, _)| line) != Some(header.join(",").as_str()) {
        return Err(refuse(1, format!("expected the header {}", header.join(","))));
    }
    let mut records = Vec::new();
    for (line, number) in lines {
        if records.len() == RECORDS_MAX {
            return Err(refuse(number, format!("more than {RECORDS_MAX} records")));
        }
        let fields: Vec<&str> = line.split(',').collect();
        let count = fields.len();
        let fields: [&str; N] = fields
            .try_into()
            .map_err(|_| refuse(number, format!("expected {N} fields, found {count}")))?;
        records.push(read(fields).map_err(|reason| refuse(number, reason))?);
    }
    Ok(records)
}

/// A whole number above zero and at most `max`, named `column` in the reason.
pub(crate) fn positive(column: &str, text: &str, max: i64) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    let in_range = value.filter(|value| (1..=max).contains(value));
    in_range.ok_or_else(|| format!("{column} {text:?}: expected a whole number from 1 to {max}"))
}
