//! Good, hostile and broken pictures through the one public function.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

use std::io::Cursor;

use png::{BitDepth, ColorType};
use proptest::prelude::*;
use torana_logos::{INPUT_BYTES_MAX, INPUT_SIDE_MAX, LogoError, OUTPUT_BYTES_MAX, OUTPUT_SIDE_MAX, reencode};

const JPEGS: [&[u8]; 4] = [
    include_bytes!("pictures/baseline.jpg"),
    include_bytes!("pictures/progressive.jpg"),
    include_bytes!("pictures/gray.jpg"),
    include_bytes!("pictures/cmyk.jpg"),
];

fn png_of(width: u32, height: u32, color: ColorType, depth: BitDepth, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_palette(vec![250, 0, 0, 0, 250, 0]);
    encoder
        .add_text_chunk("Comment".to_owned(), "hidden words".to_owned())
        .unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out
}

/// Width, height and pixels (red, green, blue, opacity) of a PNG that must be whole.
fn read(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(frame.bit_depth, BitDepth::Eight);
    let with_opacity = match frame.color_type {
        ColorType::Rgb => pixels.chunks(3).flat_map(|c| [c[0], c[1], c[2], 255]).collect(),
        _ => pixels,
    };
    (frame.width, frame.height, with_opacity)
}

/// Bytes that no compressor makes smaller.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn every_kind_of_png_keeps_the_colours_that_can_be_seen() {
    let cases: [(ColorType, BitDepth, &[u8], [u8; 8]); 6] = [
        (
            ColorType::Rgb,
            BitDepth::Eight,
            &[1, 2, 3, 4, 5, 6],
            [1, 2, 3, 255, 4, 5, 6, 255],
        ),
        (
            ColorType::Rgba,
            BitDepth::Eight,
            &[1, 2, 3, 0, 4, 5, 6, 99],
            [0, 0, 0, 0, 4, 5, 6, 99],
        ),
        (
            ColorType::Grayscale,
            BitDepth::Eight,
            &[7, 8],
            [7, 7, 7, 255, 8, 8, 8, 255],
        ),
        (
            ColorType::Grayscale,
            BitDepth::One,
            &[0b1000_0000],
            [255, 255, 255, 255, 0, 0, 0, 255],
        ),
        (
            ColorType::GrayscaleAlpha,
            BitDepth::Sixteen,
            &[7, 0, 8, 0, 9, 0, 10, 0],
            [7, 7, 7, 8, 9, 9, 9, 10],
        ),
        (
            ColorType::Indexed,
            BitDepth::Four,
            &[0x10],
            [0, 250, 0, 255, 250, 0, 0, 255],
        ),
    ];
    for (color, depth, data, pixels) in cases {
        let ours = reencode(&png_of(2, 1, color, depth, data)).unwrap();
        assert_eq!(read(&ours), (2, 1, pixels.to_vec()), "{color:?} {depth:?}");
    }
}

#[test]
fn every_kind_of_jpeg_is_read() {
    for (jpeg, is_gray) in JPEGS.into_iter().zip([false, false, true, false]) {
        let (width, height, pixels) = read(&reencode(jpeg).unwrap());
        assert_eq!((width, height), (24, 16));
        let (left, right) = (&pixels[..4], &pixels[20 * 4..21 * 4]);
        if is_gray {
            assert!(left[0] == left[1] && left[1] == left[2], "{left:?}");
        } else {
            assert!(left[2] > 150 && left[0] < 80, "blue on the left: {left:?}");
            assert!(right[0] > 150 && right[2] < 80, "red on the right: {right:?}");
        }
    }
}

#[test]
fn nothing_but_the_picture_is_kept() {
    let mut file = png_of(2, 1, ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6]);
    file.extend_from_slice(b"<script>");
    let ours = reencode(&file).unwrap();
    let holds = |needle: &[u8]| ours.windows(needle.len()).any(|window| window == needle);
    assert!(!holds(b"hidden words") && !holds(b"tEXt") && !holds(b"<script>"));
}

#[test]
fn large_pictures_are_made_small_enough() {
    let wide = png_of(
        1024,
        512,
        ColorType::Grayscale,
        BitDepth::Eight,
        &vec![90; 1024 * 512],
    );
    let (width, height, pixels) = read(&reencode(&wide).unwrap());
    assert_eq!((width, height), (256, 128));
    assert!(pixels.chunks(4).all(|pixel| pixel == [90, 90, 90, 255]));

    let loud = png_of(200, 200, ColorType::Rgba, BitDepth::Eight, &noise(200 * 200 * 4));
    let ours = reencode(&loud).unwrap();
    assert!(ours.len() <= OUTPUT_BYTES_MAX, "{}", ours.len());
    assert!(read(&ours).0 >= 96);
}

/// A PNG that claims a size and holds next to nothing.
fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut png = png_of(1, 1, ColorType::Grayscale, BitDepth::Eight, &[0]);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32| (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc))
    })
}

#[test]
fn too_much_is_refused_before_it_is_decoded() {
    let side = u32::try_from(INPUT_SIDE_MAX).unwrap();
    for (width, height) in [
        (side + 1, 1),
        (1, side + 1),
        (side, side),
        (u32::MAX >> 1, u32::MAX >> 1),
    ] {
        let refused = reencode(&claim(width, height));
        assert!(
            matches!(refused, Err(LogoError::Dimensions { .. })),
            "{refused:?}"
        );
    }
    assert!(matches!(reencode(&claim(side, 1)), Err(LogoError::Damaged(_))));
    let mut jpeg = JPEGS[0].to_vec();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x0f, 0xff, 0x0f, 0xff]);
    assert_eq!(
        reencode(&jpeg),
        Err(LogoError::Dimensions {
            width: 4095,
            height: 4095
        })
    );
    assert_eq!(
        reencode(&vec![0; INPUT_BYTES_MAX + 1]),
        Err(LogoError::TooManyBytes(INPUT_BYTES_MAX + 1))
    );
}

#[test]
fn other_formats_are_refused() {
    for other in [
        &b""[..],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
    ] {
        assert_eq!(reencode(other), Err(LogoError::UnknownFormat));
    }
}

#[test]
fn a_png_that_ends_early_is_refused_wherever_it_ends() {
    let whole = png_of(8, 8, ColorType::Rgb, BitDepth::Eight, &noise(8 * 8 * 3));
    let end_of_pixels = whole.len() - 12;
    for length in 0..end_of_pixels {
        assert!(
            reencode(&whole[..length]).is_err(),
            "{length} bytes of {}",
            whole.len()
        );
    }
}

fn keeps_its_promise(bytes: &[u8]) {
    if let Ok(ours) = reencode(bytes) {
        assert!(ours.len() <= OUTPUT_BYTES_MAX);
        let (width, height, _) = read(&ours);
        let side = u32::try_from(OUTPUT_SIDE_MAX).unwrap();
        assert!((1..=side).contains(&width) && (1..=side).contains(&height));
    }
}

proptest! {
    #[test]
    fn damage_never_makes_it_panic(
        which in 0..5_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let png = png_of(9, 7, ColorType::Indexed, BitDepth::Two, &noise(3 * 7));
        let mut bytes = JPEGS.get(which).map_or(png, |jpeg| jpeg.to_vec());
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(length.index(bytes.len()));
        }
        keeps_its_promise(&bytes);
    }

    #[test]
    fn any_bytes_after_a_known_start_are_survived(
        is_png in any::<bool>(),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let start: &[u8] = if is_png { b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" } else { b"\xff\xd8\xff" };
        keeps_its_promise(&[start, &rest].concat());
    }
}
