//! The binary `torana`.

/// Requests are made of many small pieces of memory; this allocator hands them out in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    torana_server::run()
}
