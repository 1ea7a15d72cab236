//! Numbers that are measured once per round, by name.

use crate::samples::median;
use crate::targets::Bound;

/// What a section of the run has measured.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its word on the command line, in table and JSON.
    pub name: &'static str,
    /// In the order in which they were first measured.
    pub figures: Vec<Figure>,
}

/// One thing that was measured once per round.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Name in table and JSON.
    pub name: String,
    /// What its numbers count.
    pub unit: &'static str,
    /// One number per round.
    pub rounds: Vec<f64>,
    /// The target, if it has one.
    pub target: Option<(Bound, f64)>,
}

impl Figure {
    /// The median over the rounds.
    pub fn median(&self) -> Option<f64> {
        median(self.rounds.clone())
    }
}

impl Section {
    /// Nothing measured yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            figures: Vec::new(),
        }
    }

    /// Keeps a number as that of the current round.
    pub fn record(&mut self, name: String, unit: &'static str, target: Option<(Bound, f64)>, value: f64) {
        match self.figures.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.rounds.push(value),
            None => self.figures.push(Figure {
                name,
                unit,
                rounds: vec![value],
                target,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_number_per_round() {
        let mut section = Section::new("kite");
        for value in [3.0, 9.0, 4.0] {
            section.record("orders".to_owned(), "per s", Some((Bound::AtLeast, 5.0)), value);
            section.record("p99".to_owned(), "ms", None, value);
        }
        let seen: Vec<_> = section
            .figures
            .iter()
            .map(|figure| (figure.name.as_str(), figure.rounds.len(), figure.median()))
            .collect();
        assert_eq!(seen, [("orders", 3, Some(4.0)), ("p99", 3, Some(4.0))]);
    }
}
