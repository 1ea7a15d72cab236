//! Static files under `/assets/`, named by their content so that browsers may keep them for ever.

/// `cache-control` of every file that [`lookup`] finds.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One static file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    stem: &'static str,
    extension: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    hash: u64,
}

/// Script of the hosted pages, as built and checked in.
pub const SCRIPT: Asset = asset(
    "flow",
    "js",
    "text/javascript; charset=utf-8",
    include_bytes!("../../../web/hosted/dist/flow.js"),
);
/// Stylesheet of the hosted pages.
pub const STYLE: Asset = asset(
    "flow",
    "css",
    "text/css; charset=utf-8",
    include_bytes!("../assets/flow.css"),
);
/// Icon of the browser tab.
pub const ICON: Asset = asset(
    "icon",
    "svg",
    "image/svg+xml",
    include_bytes!("../assets/icon.svg"),
);

const ALL: [Asset; 3] = [SCRIPT, STYLE, ICON];

const fn asset(
    stem: &'static str,
    extension: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
) -> Asset {
    Asset {
        stem,
        extension,
        content_type,
        bytes,
        hash: fnv1a(bytes),
    }
}

/// FNV-1a, 64 bits: tells versions of our own files apart; it guards nothing.
#[expect(
    clippy::indexing_slicing,
    reason = "constant evaluation over the file's own length; an iterator is not const"
)]
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

impl Asset {
    /// Absolute path, `/assets/flow.0123456789abcdef.js`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/assets/{}.{:016x}.{}", self.stem, self.hash, self.extension)
    }
}

/// The file at this absolute path: its bytes and content type. Only the present version of a file is known.
#[must_use]
pub fn lookup(path: &str) -> Option<(&'static [u8], &'static str)> {
    ALL.iter()
        .find(|asset| asset.path() == path)
        .map(|asset| (asset.bytes, asset.content_type))
}

/// Every file with its path, for tools that write them out.
pub fn all() -> impl Iterator<Item = (String, &'static [u8])> {
    ALL.iter().map(|asset| (asset.path(), asset.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_present_name_only() {
        let (bytes, content_type) = lookup(&STYLE.path()).unwrap();
        assert!(!bytes.is_empty());
        assert_eq!(content_type, "text/css; charset=utf-8");
        assert!(lookup("/assets/flow.css").is_none());
        assert!(lookup("/assets/flow.0000000000000000.css").is_none());
    }

    #[test]
    fn stylesheet_and_script_stay_small_and_refer_to_no_other_origin() {
        for (path, bytes) in all() {
            let text = std::str::from_utf8(bytes)
                .unwrap()
                .replace("http://www.w3.org/2000/svg", "");
            assert!(bytes.len() < 40_000, "{path} has {} bytes", bytes.len());
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("@import"),
                "{path}"
            );
        }
    }
}
