//! Which page sent a form, as far as its browser tells.

/// Whether a page of another origin than `own` sent a form, by the headers `Origin` and `Sec-Fetch-Site` of the
/// request. A browser that tells nothing, or says `null`, is not taken for foreign.
#[must_use]
pub fn is_foreign_sender(origin: Option<&[u8]>, fetch_site: Option<&[u8]>, own: &str) -> bool {
    let is_elsewhere = origin.is_some_and(|origin| origin != b"null" && origin != own.as_bytes());
    // `none` is the user's own doing: a reload, or an address typed in.
    let is_cross_site = fetch_site.is_some_and(|site| site != b"same-origin" && site != b"none");
    is_elsewhere || is_cross_site
}
