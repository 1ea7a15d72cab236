//! Pixels in memory, and making them fewer.

/// Red, green, blue and opacity; the colours are not multiplied by the opacity.
pub type Pixel = [u8; 4];

/// Pixels, row by row from the top.
#[derive(Debug)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
}

impl Picture {
    /// `None` unless there is exactly one pixel for each place.
    pub fn new(width: usize, height: usize, pixels: Vec<Pixel>) -> Option<Self> {
        let fits = width > 0 && height > 0 && width.checked_mul(height) == Some(pixels.len());
        fits.then_some(Self {
            width,
            height,
            pixels,
        })
    }

    pub const fn width(&self) -> usize {
        self.width
    }

    pub const fn height(&self) -> usize {
        self.height
    }

    pub fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    pub fn is_opaque(&self) -> bool {
        self.pixels.iter().all(|[_, _, _, opacity]| *opacity == u8::MAX)
    }

    /// The same picture with no side longer than `side`, and of at least one pixel. Each new pixel is the mean
    /// of the area that it stands for, which needs no floating point and gives the same bytes everywhere.
    pub fn fitted(&self, side: usize) -> Self {
        let longest = self.width.max(self.height).max(1);
        let scaled = |length: usize| (length * side / longest).max(1);
        let (width, height) = if longest <= side {
            (self.width, self.height)
        } else {
            (scaled(self.width), scaled(self.height))
        };
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                pixels.push(self.mean(Span::new(x, width, self.width), Span::new(y, height, self.height)));
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The mean colour of an area, each pixel weighted by its share of the area and its opacity.
    fn mean(&self, across: Span, down: Span) -> Pixel {
        let (mut colours, mut opacity, mut area) = ([0_u64; 3], 0_u64, 0_u64);
        let rows = self.pixels.chunks_exact(self.width).enumerate();
        for (y, row) in rows.skip(down.first).take(down.count) {
            for (x, &[r, g, b, a]) in row.iter().enumerate().skip(across.first).take(across.count) {
                let weight = across.share(x) * down.share(y);
                let opaque = weight * u64::from(a);
                area += weight;
                opacity += opaque;
                for (sum, colour) in colours.iter_mut().zip([r, g, b]) {
                    *sum += opaque * u64::from(colour);
                }
            }
        }
        let [r, g, b] = colours.map(|sum| rounded(sum, opacity));
        [r, g, b, rounded(opacity, area)]
    }
}

/// A weighted sum of bytes over the sum of its weights; 0 without any weight.
fn rounded(sum: u64, weights: u64) -> u8 {
    let mean = (sum + weights / 2).checked_div(weights).unwrap_or(0);
    u8::try_from(mean).unwrap_or(u8::MAX)
}

/// What one new pixel covers of the old ones, in one direction. Lengths are counted in parts: the whole picture
/// has `old * new` of them, an old pixel `new`, a new pixel `old`.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    count: usize,
    start: usize,
    end: usize,
    parts: usize,
}

impl Span {
    fn new(index: usize, new: usize, old: usize) -> Self {
        let (start, end) = (index * old, (index + 1) * old);
        let first = start / new;
        Self {
            first,
            count: end.div_ceil(new) - first,
            start,
            end,
            parts: new,
        }
    }

    /// Parts of an old pixel that are covered.
    fn share(self, old: usize) -> u64 {
        let (start, end) = (old * self.parts, (old + 1) * self.parts);
        let covered = end.min(self.end).saturating_sub(start.max(self.start));
        u64::try_from(covered).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Pixel = [255, 0, 0, 255];
    const BLUE: Pixel = [0, 0, 255, 255];
    const CLEAR: Pixel = [9, 9, 9, 0];

    fn picture(width: usize, pixels: &[Pixel]) -> Picture {
        Picture::new(width, pixels.len() / width, pixels.to_vec()).unwrap()
    }

    #[test]
    fn pixels_must_fill_the_size() {
        assert!(Picture::new(2, 1, vec![RED]).is_none());
        assert!(Picture::new(0, 0, Vec::new()).is_none());
    }

    #[test]
    fn a_small_picture_stays_as_it_is() {
        let small = picture(2, &[RED, BLUE]);
        let same = small.fitted(2);
        assert_eq!((same.width(), same.height()), (2, 1));
        assert_eq!(same.pixels(), small.pixels());
    }

    #[test]
    fn the_aspect_is_kept_and_no_side_vanishes() {
        let wide = Picture::new(400, 100, vec![RED; 40_000]).unwrap().fitted(40);
        assert_eq!((wide.width(), wide.height()), (40, 10));
        let line = Picture::new(1, 1000, vec![RED; 1000]).unwrap().fitted(10);
        assert_eq!((line.width(), line.height()), (1, 10));
    }

    #[test]
    fn a_pixel_is_the_mean_of_its_area() {
        assert_eq!(picture(2, &[RED, BLUE]).fitted(1).pixels(), [[128, 0, 128, 255]]);
        // Three into two: the middle one is shared.
        assert_eq!(
            picture(3, &[RED, RED, BLUE]).fitted(2).pixels(),
            [RED, [85, 0, 170, 255]]
        );
    }

    #[test]
    fn what_cannot_be_seen_gives_no_colour() {
        assert_eq!(picture(2, &[RED, CLEAR]).fitted(1).pixels(), [[255, 0, 0, 128]]);
        assert_eq!(picture(2, &[CLEAR, CLEAR]).fitted(1).pixels(), [[0, 0, 0, 0]]);
    }
}
