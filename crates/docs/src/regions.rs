//! Marked regions of a Markdown file.

/// Puts `content` between `<!-- begin generated: NAME -->` and `<!-- end generated: NAME -->`.
///
/// # Errors
/// If the pair of markers is not there exactly once, in this order.
pub(crate) fn replace(text: &str, name: &str, content: &str) -> Result<String, String> {
    let begin = format!("<!-- begin generated: {name} -->\n");
    let end = format!("<!-- end generated: {name} -->\n");
    let missing = || format!("needs the markers of {name} exactly once, begin before end");
    let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    if before.contains(&end) || after.contains(&begin) || after.contains(&end) {
        return Err(missing());
    }
    Ok(format!("{before}{begin}{content}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_region_changes() {
        let page = "a\n<!-- begin generated: t -->\nold\n<!-- end generated: t -->\nb\n";
        let wanted = "a\n<!-- begin generated: t -->\nnew\n<!-- end generated: t -->\nb\n";
        assert_eq!(replace(page, "t", "new\n").unwrap(), wanted);
        assert_eq!(replace(wanted, "t", "new\n").unwrap(), wanted);
    }

    #[test]
    fn a_missing_doubled_or_swapped_marker_is_refused() {
        let (begin, end) = ("<!-- begin generated: t -->\n", "<!-- end generated: t -->\n");
        for page in [
            String::new(),
            begin.to_owned(),
            format!("{end}{begin}"),
            format!("{begin}{end}{begin}{end}"),
        ] {
            assert!(replace(&page, "t", "x\n").is_err(), "{page}");
        }
    }
}
