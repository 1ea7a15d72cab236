//! `GET /docs/errors`: what every error means, the page behind `documentationUrl`.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use torana_contract::errors::{ERRORS, ErrorSpec};

/// Nothing but the page's own style may load.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d5d9e0;--soft:#5b6472;--mark:#fff3c4}\
@media(prefers-color-scheme:dark){:root{--line:#343b46;--soft:#9aa4b2;--mark:#4a3d10}}\
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:2rem 1rem 6rem}\
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.05rem;margin:0;overflow-wrap:anywhere}\
section{border-top:1px solid var(--line);padding:1rem .5rem;scroll-margin-top:1rem}\
section:target{background:var(--mark)}p{margin:.35rem 0 0}.meta{color:var(--soft);font-size:.9rem}\
code{font-family:ui-monospace,monospace}a{color:inherit}";

static PAGE: LazyLock<String> = LazyLock::new(render);

/// Read what the errors mean.
///
/// One section per slug; `documentationUrl` of every failure points at one of them.
#[utoipa::path(
    get,
    path = "/docs/errors",
    operation_id = "get_error_page",
    tag = "Documentation",
    responses((status = 200, description = "The page.", content_type = "text/html", body = String)),
)]
pub async fn get_error_page() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, PAGE.as_str()).into_response()
}

fn render() -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Errors · Torana</title><style>{STYLE}</style></head><body><main><h1>Errors</h1>\
         <p>Every answer that is not a success carries the slug in <code>errors[0]</code>, <code>message</code> and \
         <code>errorCode</code>. Later entries of <code>errors</code> say which field is meant and what is allowed \
         there. Name the <code>requestId</code> when you ask the operator for help.</p>"
    );
    for spec in ERRORS {
        write_section(&mut page, spec);
    }
    page.push_str("</main></body></html>");
    page
}

fn write_section(page: &mut String, spec: &ErrorSpec) {
    let ErrorSpec {
        slug,
        status,
        class,
        explanation,
    } = spec;
    let class = class.as_str();
    let text = with_code(explanation);
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<section id=\"{slug}\"><h2><a href=\"#{slug}\"><code>{slug}</code></a></h2>\
         <p class=\"meta\">HTTP {status} · {class}</p><p>{text}</p></section>"
    );
}

/// Escapes a text and turns what stands between backticks into code.
fn with_code(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    escaped
        .split('`')
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 1 {
                format!("<code>{part}</code>")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slug_has_its_anchor() {
        for spec in ERRORS {
            assert_eq!(
                PAGE.matches(&format!("<section id=\"{}\">", spec.slug)).count(),
                1,
                "{}",
                spec.slug
            );
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(with_code("a < b & `c`."), "a &lt; b &amp; <code>c</code>.");
    }
}
