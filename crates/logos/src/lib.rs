//! Pictures that somebody else made, turned into small PNGs of our own, so that no foreign byte is ever served.
//!
//! Invariant: what leaves [`reencode`] was written by our encoder from pixels alone; no metadata, colour
//! profile or trailing bytes of the original survive.
//! Invariant: no input makes it panic or allocate beyond the limits below.

mod decode;
mod encode;
mod picture;

/// Most bytes of a picture that are looked at.
pub const INPUT_BYTES_MAX: usize = 1024 * 1024;
/// Longest side of a picture that is decoded, in pixels.
pub const INPUT_SIDE_MAX: usize = 4096;
/// Most pixels that are decoded; together with four bytes a pixel it bounds the memory that a picture takes.
pub const INPUT_PIXELS_MAX: usize = 2048 * 2048;
/// Longest side of what comes out, in pixels.
pub const OUTPUT_SIDE_MAX: usize = 256;
/// Most bytes of what comes out.
pub const OUTPUT_BYTES_MAX: usize = 64_000;

/// Why a picture cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// More than [`INPUT_BYTES_MAX`] bytes.
    #[error("{0} bytes; allowed are at most {INPUT_BYTES_MAX}")]
    TooManyBytes(usize),
    /// Neither PNG nor JPEG, judged by the first bytes.
    #[error("neither PNG nor JPEG")]
    UnknownFormat,
    /// A side of no or too many pixels, or too many pixels in all.
    #[error(
        "{width} x {height} pixels; allowed are sides of 1 to {INPUT_SIDE_MAX} and {INPUT_PIXELS_MAX} pixels in all"
    )]
    Dimensions {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The decoder gave up; its own words.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The picture could not be written; its own words.
    #[error("cannot be written as PNG: {0}")]
    Unwritable(String),
}

/// A PNG of at most [`OUTPUT_SIDE_MAX`] pixels a side and [`OUTPUT_BYTES_MAX`] bytes that shows the picture in
/// `bytes`, a PNG or JPEG. The aspect is kept; a smaller picture is not made larger; of an animation the first
/// frame is taken. The same bytes give the same PNG.
///
/// # Errors
/// [`LogoError`]; every limit is checked before memory is taken for the pixels.
pub fn reencode(bytes: &[u8]) -> Result<Vec<u8>, LogoError> {
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(LogoError::TooManyBytes(bytes.len()));
    }
    encode::within_limits(&decode::decode(bytes)?)
}
