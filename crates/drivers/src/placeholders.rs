//! The numbered parameters of a statement, `$1` and on, in other words.

/// Puts `write(n)` in the place of each `$n` outside quotes; the statements carry no comments.
pub(crate) fn replace(sql: &str, mut write: impl FnMut(&mut String, &str)) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '$') if characters.peek().is_some_and(char::is_ascii_digit) => {
                let mut number = String::new();
                while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                write(&mut out, &number);
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_and_quotes_left_alone() {
        let marked = |sql| {
            replace(sql, |out, number| {
                out.push('?');
                out.push_str(number);
            })
        };
        assert_eq!(marked("a = $2 AND b = $10"), "a = ?2 AND b = ?10");
        assert_eq!(
            marked("a = '$1''$2' AND \"$3\" = $4"),
            "a = '$1''$2' AND \"$3\" = ?4"
        );
        assert_eq!(marked("json -> '$.a' || $"), "json -> '$.a' || $");
    }
}
