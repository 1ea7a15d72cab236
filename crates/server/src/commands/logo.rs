//! A logo that an operator hands in: a small PNG, written again from its necessary parts only, so that
//! nothing else that the file carries (text, profiles, what hides behind the end) is ever served.

use std::io::Read as _;
use std::path::Path;

use crate::exit::{Exit, Failure};

/// Largest file.
const BYTES_MAX: usize = 64 * 1024;

/// Greatest width and height.
const PIXELS_MAX: u32 = 1024;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that make the picture.
const KEPT: [&[u8; 4]; 5] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"];

/// Reads and rewrites the file of `--logo`.
///
/// # Errors
/// Exit code 2 with the reason.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let refuse = |reason: &str| Failure::new(Exit::Usage, format!("--logo {}: {reason}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| refuse(&error.to_string()))?;
    file.take(BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(&error.to_string()))?;
    if bytes.len() > BYTES_MAX {
        return Err(refuse("allowed are at most 64 KiB"));
    }
    rewrite(&bytes).ok_or_else(|| refuse("allowed is an undamaged PNG of at most 1024 x 1024 pixels"))
}

/// The same picture without anything beside it; none if it is not a PNG within the limits.
fn rewrite(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut out = SIGNATURE.to_vec();
    let mut is_first = true;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (body, after) = after.split_at_checked(length.checked_add(4)?)?;
        let (crc, after) = after.split_first_chunk::<4>()?;
        let (kind, data) = body.split_first_chunk::<4>()?;
        if u32::from_be_bytes(*crc) != crc32(body) || is_first != (kind == b"IHDR") {
            return None;
        }
        if is_first {
            let (width, after) = data.split_first_chunk::<4>()?;
            let (height, _) = after.split_first_chunk::<4>()?;
            let fits = |side: &[u8; 4]| (1..=PIXELS_MAX).contains(&u32::from_be_bytes(*side));
            if !fits(width) || !fits(height) {
                return None;
            }
            is_first = false;
        }
        if KEPT.contains(&kind) {
            out.extend_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(crc);
        }
        if kind == b"IEND" {
            return Some(out);
        }
        rest = after;
    }
}

/// CRC-32 as PNG uses it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let body = [kind.as_slice(), data].concat();
        [
            &u32::try_from(data.len()).unwrap().to_be_bytes()[..],
            &body,
            &crc32(&body).to_be_bytes(),
        ]
        .concat()
    }

    fn header(side: u32) -> Vec<u8> {
        chunk(
            b"IHDR",
            &[&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 6, 0, 0, 0]].concat(),
        )
    }

    #[test]
    fn checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn only_the_picture_is_kept() {
        let (pixels, end) = (chunk(b"IDAT", b"pixels"), chunk(b"IEND", b""));
        let file = [
            &SIGNATURE[..],
            &header(32),
            &chunk(b"tEXt", b"secret"),
            &pixels,
            &end,
            b"<script>",
        ]
        .concat();
        assert_eq!(
            rewrite(&file),
            Some([&SIGNATURE[..], &header(32), &pixels, &end].concat())
        );
    }

    #[test]
    fn other_and_damaged_files_are_refused() {
        let whole = [
            &SIGNATURE[..],
            &header(32),
            &chunk(b"IDAT", b"x"),
            &chunk(b"IEND", b""),
        ]
        .concat();
        assert!(rewrite(&whole).is_some());
        let mut damaged = whole.clone();
        damaged[45] ^= 1;
        for bad in [
            &b"<svg/>"[..],
            b"",
            &damaged,
            &whole[..whole.len() - 1],
            &[&SIGNATURE[..], &header(2000)].concat(),
        ] {
            assert_eq!(rewrite(bad), None);
        }
    }
}
