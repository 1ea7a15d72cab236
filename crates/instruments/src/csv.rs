//! Reads and writes comma-separated files: one record per line, fields in double quotes where they need them.
//!
//! Every limit has a name, and every refusal says file and line.

use std::borrow::Cow;

/// Longest line, in bytes.
pub const LINE_MAX: usize = 16 << 10;
/// Most records of one file.
pub const RECORDS_MAX: usize = 250_000;

/// Why a data file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} line {line}: {reason}")]
pub struct DataError {
    /// Which file.
    pub file: String,
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong and what is allowed.
    pub reason: String,
}

impl DataError {
    pub(crate) fn new(file: &str, line: usize, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        }
    }
}

/// One line of a file.
pub(crate) struct Record<'a> {
    /// From 1.
    pub line: usize,
    pub fields: Vec<Cow<'a, str>>,
}

/// The records of a file: an optional byte order mark, lines that end in LF or CRLF, empty lines left out.
pub(crate) fn records<'a>(
    file: &'a str,
    text: &'a str,
) -> impl Iterator<Item = Result<Record<'a>, DataError>> + 'a {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().zip(1usize..).filter(|(line, _)| !line.is_empty());
    lines.enumerate().map(move |(count, (content, line))| {
        // The header is no record.
        if count > RECORDS_MAX {
            return Err(DataError::new(
                file,
                line,
                format!("more than {RECORDS_MAX} records"),
            ));
        }
        if content.len() > LINE_MAX {
            return Err(DataError::new(
                file,
                line,
                format!("the line is longer than {LINE_MAX} bytes"),
            ));
        }
        let fields = split_fields(content).map_err(|reason| DataError::new(file, line, reason))?;
        Ok(Record { line, fields })
    })
}

/// Reads every record below a header that is exactly `header`; `read` gets its line and fields. The error that `read` returns is the reason, file
/// and line are added here.
pub(crate) fn read_records<const N: usize, T>(
    file: &str,
    text: &str,
    header: [&str; N],
    mut read: impl FnMut(usize, [&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, DataError> {
    let mut records = records(file, text);
    let found = records.next().transpose()?;
    if found.is_none_or(|record| record.fields != header) {
        return Err(DataError::new(
            file,
            1,
            format!("expected the header {}", header.join(",")),
        ));
    }
    let mut all = Vec::new();
    for record in records {
        let Record { line, fields } = record?;
        let borrowed: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
        let fields: [&str; N] = borrowed.try_into().map_err(|found: Vec<_>| {
            DataError::new(file, line, format!("expected {N} fields, found {}", found.len()))
        })?;
        all.push(read(line, fields).map_err(|reason| DataError::new(file, line, reason))?);
    }
    Ok(all)
}

/// The fields of a line. A field that starts with a double quote ends with one, and two stand for one.
fn split_fields(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            match rest.split_once(',') {
                Some((field, after)) => {
                    fields.push(Cow::Borrowed(field));
                    rest = after;
                    continue;
                }
                None => {
                    fields.push(Cow::Borrowed(rest));
                    return Ok(fields);
                }
            }
        };
        let (field, after) = unquote(quoted).ok_or("a field in double quotes does not end on its line")?;
        fields.push(Cow::Owned(field));
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("a comma must follow the end of a field in double quotes".to_owned()),
        }
    }
}

/// Content and rest of a field whose opening quote is gone; `None` if it does not end.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        content.push_str(before);
        let Some(next) = after.strip_prefix('"') else {
            return Some((content, after));
        };
        content.push('"');
        rest = next;
    }
}

/// Adds a line to `out`, quoting what needs it.
pub fn write_record<'a>(out: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains([',', '"']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push('\n');
}

/// A whole number above zero and at most `max`, named `column` in the reason.
pub(crate) fn positive(column: &str, text: &str, max: i64) -> Result<i64, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    let in_range = value.filter(|value| (1..=max).contains(value));
    in_range.ok_or_else(|| format!("{column} {text:?}: expected a whole number from 1 to {max}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(line: &str) -> Result<Vec<String>, String> {
        split_fields(line).map(|fields| fields.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn fields_may_be_quoted() {
        assert_eq!(fields("a,b").unwrap(), ["a", "b"]);
        assert_eq!(fields("").unwrap(), [""]);
        assert_eq!(fields(",").unwrap(), ["", ""]);
        assert_eq!(fields("\"a,\"\"b\"\"\",c").unwrap(), ["a,\"b\"", "c"]);
        assert_eq!(
            fields("a\"b,c").unwrap(),
            ["a\"b", "c"],
            "a quote inside is a quote"
        );
        assert!(fields("\"a").unwrap_err().contains("does not end"));
        assert!(fields("\"a\"b,c").unwrap_err().contains("a comma must follow"));
    }

    #[test]
    fn limits_are_refused_with_their_line() {
        let error = |text: &str| {
            records("f.csv", text)
                .find_map(Result::err)
                .map(|error| error.to_string())
        };
        let long = format!("a\r\n\r\n{}\n", "b".repeat(LINE_MAX + 1));
        assert_eq!(
            error(&long),
            Some(format!("f.csv line 3: the line is longer than {LINE_MAX} bytes"))
        );
        let many = format!("header\n{}", "x\n".repeat(RECORDS_MAX));
        assert_eq!(error(&many), None);
        let too_many = format!("{many}x\n");
        assert!(error(&too_many).unwrap().contains("more than"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(row in prop::collection::vec("[^\r\n]{0,12}", 1..6)) {
            let mut line = String::new();
            write_record(&mut line, row.iter().map(String::as_str));
            prop_assert_eq!(fields(line.trim_end_matches('\n')).unwrap(), row);
        }
    }
}
