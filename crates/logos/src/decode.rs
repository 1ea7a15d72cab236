//! From bytes of a file to pixels.

use std::io::Cursor;
use std::panic::catch_unwind;

use png::{ColorType, Transformations};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::picture::{Picture, Pixel};
use crate::{INPUT_PIXELS_MAX, INPUT_SIDE_MAX, LogoError};

const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_START: &[u8] = b"\xff\xd8\xff";

/// Bytes that the PNG decoder may take beside the pixels: rows, palette, inflater.
const PNG_WORKSPACE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Scans of a progressive JPEG; encoders write about ten, and each costs a pass over the whole picture.
const JPEG_SCANS_MAX: usize = 32;

/// Decodes by the first bytes, whatever the file is called.
pub fn decode(bytes: &[u8]) -> Result<Picture, LogoError> {
    let decoder = if bytes.starts_with(PNG_START) {
        decode_png
    } else if bytes.starts_with(JPEG_START) {
        decode_jpeg
    } else {
        return Err(LogoError::UnknownFormat);
    };
    // The decoders promise not to panic; a picture that finds a bug in them must not take its caller along.
    catch_unwind(|| decoder(bytes))
        .unwrap_or_else(|_| Err(LogoError::Damaged("the decoder failed".to_owned())))
}

fn check_size(width: usize, height: usize) -> Result<(), LogoError> {
    let sides = 1..=INPUT_SIDE_MAX;
    if sides.contains(&width) && sides.contains(&height) && width * height <= INPUT_PIXELS_MAX {
        Ok(())
    } else {
        Err(LogoError::Dimensions { width, height })
    }
}

fn damaged(error: &impl std::fmt::Display) -> LogoError {
    LogoError::Damaged(error.to_string())
}

fn no_size() -> LogoError {
    LogoError::Damaged("it has no size".to_owned())
}

fn decode_png(bytes: &[u8]) -> Result<Picture, LogoError> {
    let limits = png::Limits {
        bytes: PNG_WORKSPACE_BYTES_MAX,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder
        .read_header_info()
        .map_err(|error| damaged(&error))?
        .size();
    let as_usize = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
    check_size(as_usize(width), as_usize(height))?;
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    let mut buffer = vec![0; reader.output_buffer_size().ok_or_else(no_size)?];
    let frame = reader.next_frame(&mut buffer).map_err(|error| damaged(&error))?;
    buffer.truncate(frame.buffer_size());
    let (width, height) = (as_usize(frame.width), as_usize(frame.height));
    let pixels = match frame.color_type {
        ColorType::Rgba => to_pixels(&buffer, |&[r, g, b, a]: &[u8; 4]| [r, g, b, a]),
        ColorType::Rgb => to_pixels(&buffer, |&[r, g, b]: &[u8; 3]| [r, g, b, u8::MAX]),
        ColorType::GrayscaleAlpha => to_pixels(&buffer, |&[y, a]: &[u8; 2]| [y, y, y, a]),
        ColorType::Grayscale => to_pixels(&buffer, |&[y]: &[u8; 1]| [y, y, y, u8::MAX]),
        ColorType::Indexed => return Err(LogoError::Damaged("its palette is missing".to_owned())),
    };
    Picture::new(width, height, pixels).ok_or_else(no_size)
}

fn decode_jpeg(bytes: &[u8]) -> Result<Picture, LogoError> {
    let options = DecoderOptions::new_safe()
        .set_max_width(INPUT_SIDE_MAX)
        .set_max_height(INPUT_SIDE_MAX)
        .jpeg_set_max_scans(JPEG_SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions().ok_or_else(no_size)?;
    check_size(width, height)?;
    let buffer = decoder.decode().map_err(|error| damaged(&error))?;
    let pixels = match decoder.output_colorspace() {
        Some(ColorSpace::RGB) => to_pixels(&buffer, |&[r, g, b]: &[u8; 3]| [r, g, b, u8::MAX]),
        Some(ColorSpace::Luma) => to_pixels(&buffer, |&[y]: &[u8; 1]| [y, y, y, u8::MAX]),
        other => {
            return Err(LogoError::Damaged(format!(
                "colours {other:?} are not understood"
            )));
        }
    };
    Picture::new(width, height, pixels).ok_or_else(no_size)
}

fn to_pixels<const N: usize>(buffer: &[u8], to_pixel: impl Fn(&[u8; N]) -> Pixel) -> Vec<Pixel> {
    let (chunks, _) = buffer.as_chunks::<N>();
    chunks.iter().map(to_pixel).collect()
}
