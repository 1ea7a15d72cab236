//! `torana openapi`.

use crate::cli::args::OpenapiArgs;
use crate::commands::print_lines;
use crate::exit::Failure;

/// Prints the document, or writes it to `--out`.
///
/// # Errors
/// Exit code 1 when it cannot be written.
pub fn run(args: &OpenapiArgs) -> Result<(), Failure> {
    let text = torana_api::openapi();
    let Some(path) = &args.out else {
        return print_lines([text.trim_end()]);
    };
    std::fs::write(path, &text)
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))
}
