//! A logo that an operator hands in: read up to a limit, and written again by our own encoder, so that nothing
//! else that the file carries is ever served.

use std::io::Read as _;
use std::path::Path;

use torana_logos::{INPUT_BYTES_MAX, reencode};

use crate::exit::{Exit, Failure};

/// Reads and rewrites the file of `--logo`.
///
/// # Errors
/// Exit code 2 with the reason.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let refuse = |reason: &dyn std::fmt::Display| {
        Failure::new(Exit::Usage, format!("--logo {}: {reason}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|error| refuse(&error))?;
    let mut bytes = Vec::new();
    file.take(INPUT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(&error))?;
    reencode(&bytes).map_err(|error| refuse(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one pixel.
    const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
        \0\0\0\nIDAT\x78\xda\x63\x60\0\0\0\x02\0\x01\xe5\x27\xde\xfc\0\0\0\0IEND\xae\x42\x60\x82";

    #[test]
    fn a_picture_is_written_anew_and_anything_else_is_refused() {
        let folder = std::env::temp_dir().join(format!("torana-logo-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("logo.png");
        let read_of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path)
        };
        assert!(read_of(DOT).unwrap().starts_with(b"\x89PNG"));
        let svg = read_of(b"<svg/>").unwrap_err();
        assert_eq!(svg.exit, Exit::Usage);
        assert!(svg.to_string().ends_with("neither PNG nor JPEG"), "{svg}");
        let large = read_of(&vec![0; INPUT_BYTES_MAX + 5]).unwrap_err();
        assert!(
            large.to_string().contains("allowed are at most 1048576"),
            "{large}"
        );
        assert!(read(&folder.join("absent.png")).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
