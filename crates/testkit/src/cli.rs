//! Commands of the binary that run to their end.

use std::process::Command;

/// What a command wrote and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// Results.
    pub stdout: String,
    /// Messages and logs.
    pub stderr: String,
}

impl Output {
    /// Asserts exit code 0.
    ///
    /// # Panics
    /// With everything that was written.
    pub fn succeeded(&self) -> &Self {
        self.exits(0)
    }

    /// Asserts an exit code.
    ///
    /// # Panics
    /// With everything that was written.
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    /// The value of the line `name VALUE`.
    ///
    /// # Panics
    /// If there is not exactly one such line.
    #[must_use]
    pub fn value(&self, name: &str) -> String {
        let lines = self
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let found: Vec<&str> = lines.collect();
        assert_eq!(found.len(), 1, "one line `{name} VALUE` in: {}", self.stdout);
        found[0].trim().to_owned()
    }
}

/// Takes settings of the surrounding shell away, so that a test sees only its own.
pub fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TORANA_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1");
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn run(mut command: Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The binary without any installation.
#[must_use]
pub fn bare(arguments: &[&str]) -> Output {
    let mut command = Command::new(crate::process::binary());
    clean_environment(&mut command);
    command.args(arguments);
    run(command)
}
