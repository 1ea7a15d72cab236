//! `torana doctor`: what is wrong with an installation, before it goes wrong.

mod checks;
mod databases;

use serde_json::json;
use torana_config::Settings;

use crate::cli::args::JsonArgs;
use crate::commands::print_lines;
use crate::exit::Failure;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Fine.
    Ok,
    /// Works, but somebody should look.
    Warn,
    /// Does not work, or will not for long.
    Fail,
}

impl Grade {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    grade: Grade,
    check: &'static str,
    detail: String,
}

impl Finding {
    fn new(grade: Grade, check: &'static str, detail: impl Into<String>) -> Self {
        Self {
            grade,
            check,
            detail: detail.into(),
        }
    }

    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Grade::Ok, check, detail)
    }

    fn warn(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Grade::Warn, check, detail)
    }

    fn fail(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Grade::Fail, check, detail)
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.grade.word(), self.check, self.detail)
    }
}

/// Runs every check and prints a line for each.
///
/// # Errors
/// Exit code 1 when a check fails.
pub async fn run(settings: &Settings, args: JsonArgs) -> Result<(), Failure> {
    let mut findings = checks::run(settings).await;
    findings.extend(databases::run(settings).await);
    if args.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| json!({ "grade": finding.grade.word(), "check": finding.check, "detail": finding.detail }))
            .collect();
        print_lines([serde_json::Value::from(list)])?;
    } else {
        print_lines(&findings)?;
    }
    match findings
        .iter()
        .filter(|finding| finding.grade == Grade::Fail)
        .count()
    {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} checks failed"))),
    }
}
