//! Free space.

use std::path::Path;

/// Free bytes of the file system that holds `directory`.
///
/// # Errors
/// The system's reason.
pub fn free_bytes(directory: &Path) -> Result<u64, String> {
    let stat = rustix::fs::statvfs(directory).map_err(|error| error.to_string())?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
