//! The levels of a course from bar to bar: who needs a whole day of them draws each random value once and divides
//! at its knots only.

use torana_domain::time::Timestamp;

use super::{Course, NOISES, PPM, bar_of, knot_value};

/// The levels of consecutive bars, the same as [`Course::level`] gives.
#[derive(Clone, Debug)]
pub struct Walk {
    course: Course,
    lines: [Line; NOISES.len()],
}

/// One noise on its straight line between two knots. Its value is `from + whole`, and `rest` is what the division
/// by the length left over.
#[derive(Clone, Copy, Debug)]
struct Line {
    length: i64,
    size: i64,
    knot: i64,
    offset: i64,
    from: i64,
    to: i64,
    whole: i64,
    rest: i64,
    step: (i64, i64),
}

impl Line {
    fn at(instrument: u64, length: i64, size: i64, bar: i64) -> Self {
        let (knot, offset) = (bar.div_euclid(length), bar.rem_euclid(length));
        let from = knot_value(instrument, length, size, knot);
        let to = knot_value(instrument, length, size, knot + 1);
        let (rise, moved) = (to - from, (to - from) * offset);
        Self {
            length,
            size,
            knot,
            offset,
            from,
            to,
            whole: moved / length,
            rest: moved % length,
            step: (rise / length, rise % length),
        }
    }

    const fn value(&self) -> i64 {
        self.from + self.whole
    }

    fn advance(&mut self, instrument: u64) {
        self.offset += 1;
        if self.offset == self.length {
            self.knot += 1;
            self.offset = 0;
            self.from = self.to;
            self.to = knot_value(instrument, self.length, self.size, self.knot + 1);
            let rise = self.to - self.from;
            self.step = (rise / self.length, rise % self.length);
            (self.whole, self.rest) = (0, 0);
            return;
        }
        self.whole += self.step.0;
        self.rest += self.step.1;
        if self.rest.abs() >= self.length {
            let carry = self.rest.signum();
            self.whole += carry;
            self.rest -= carry * self.length;
        }
    }
}

impl Course {
    /// The levels from the bar that holds `at` on.
    #[must_use]
    pub fn walk(&self, at: Timestamp) -> Walk {
        let bar = bar_of(at);
        Walk {
            course: *self,
            lines: NOISES.map(|(length, size)| Line::at(self.instrument, length, size, bar)),
        }
    }
}

impl Iterator for Walk {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let noise: i64 = self.lines.iter().map(Line::value).sum();
        for line in &mut self.lines {
            line.advance(self.course.instrument);
        }
        Some(PPM + noise * self.course.scale / PPM)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use torana_domain::money::Price;

    use super::*;
    use crate::core::price::BAR_MS;

    proptest! {
        #[test]
        fn a_walk_meets_every_level(seed: u64, at in -4_000_000_000_000i64..4_000_000_000_000, percent in 2i64..20) {
            let course = Course::new(seed, "INE009A01021", Price(15_000_000), Price(1_000), percent);
            for (bar, level) in course.walk(Timestamp(at)).take(400).enumerate() {
                let bar = i64::try_from(bar).unwrap();
                prop_assert_eq!(level, course.level(Timestamp(at + bar * BAR_MS)));
            }
        }
    }
}
