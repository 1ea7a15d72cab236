//! From pixels to a PNG that is small enough.

use png::{BitDepth, ColorType};

use crate::picture::{Picture, Pixel};
use crate::{LogoError, OUTPUT_BYTES_MAX, OUTPUT_SIDE_MAX};

/// Longest sides that are tried in turn. Four bytes a pixel of the last fit into the limit without compression.
const SIDES: [usize; 4] = [OUTPUT_SIDE_MAX, 192, 128, 96];

/// The largest PNG of the picture that keeps the limits.
pub fn within_limits(picture: &Picture) -> Result<Vec<u8>, LogoError> {
    for side in SIDES {
        let png = encode(&picture.fitted(side)).map_err(|error| LogoError::Unwritable(error.to_string()))?;
        if png.len() <= OUTPUT_BYTES_MAX {
            return Ok(png);
        }
    }
    Err(LogoError::Unwritable(format!(
        "more than {OUTPUT_BYTES_MAX} bytes"
    )))
}

fn encode(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(picture.width()), side(picture.height()));
    encoder.set_depth(BitDepth::Eight);
    let data: Vec<u8> = if picture.is_opaque() {
        encoder.set_color(ColorType::Rgb);
        let colours = |&[r, g, b, _]: &Pixel| [r, g, b];
        picture.pixels().iter().flat_map(colours).collect()
    } else {
        encoder.set_color(ColorType::Rgba);
        picture.pixels().as_flattened().to_vec()
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(out)
}
