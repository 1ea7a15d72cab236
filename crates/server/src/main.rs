//! The binary `torana`.

fn main() -> std::process::ExitCode {
    torana_server::run()
}
