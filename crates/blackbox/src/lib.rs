//! Tests of the built binary from the outside, in `tests/suite`: over HTTP, as partners and browsers.
