//! Renders every sample of every page and checks what all pages must have.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test ends by panicking"
)]

use std::collections::BTreeSet;

use torana_ui::messages::Messages;
use torana_ui::pages::{Authorise, AuthoriseHow};
use torana_ui::{Body, Page, Renderer};

/// The tags of a document: name and everything up to the closing bracket. Enough for our own templates,
/// which escape every `>` of a value.
fn tags(html: &str) -> Vec<(&str, &str)> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag.split_once(|c: char| c.is_whitespace()).unwrap_or((tag, "")))
        .collect()
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let padded_start = attributes.find(&format!("{name}=\"")).filter(|at| {
        *at == 0
            || attributes
                .as_bytes()
                .get(at - 1)
                .is_some_and(u8::is_ascii_whitespace)
    })?;
    attributes[padded_start + name.len() + 2..].split('"').next()
}

fn each_sample(check: impl Fn(&str, &Page, &str)) {
    let renderer = Renderer::new().unwrap();
    for (name, page) in Page::samples() {
        let html = renderer
            .render(&page)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        check(name, &page, &html);
    }
}

#[test]
fn every_page_is_one_document_with_language_title_and_one_heading() {
    each_sample(|name, page, html| {
        assert!(
            html.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{name}: {}",
            &html[..60]
        );
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        let title = html
            .split_once("<title>")
            .unwrap()
            .1
            .split_once("</title>")
            .unwrap()
            .0;
        assert!(title.len() > 8 && !title.starts_with(" ·"), "{name}: {title:?}");
        assert!(
            html.contains(&format!("data-step=\"{}\"", page.body.step())),
            "{name}"
        );
    });
}

#[test]
fn nothing_needs_inline_style_or_code_or_another_origin() {
    each_sample(|name, page, html| {
        for (tag, attributes) in tags(html) {
            assert_ne!(tag, "style", "{name}");
            assert_ne!(tag, "iframe", "{name}");
            for word in attributes.split_whitespace() {
                let is_handler = word.starts_with("on") && word.contains('=');
                assert!(!word.starts_with("style="), "{name}: <{tag} {attributes}>");
                assert!(!is_handler, "{name}: <{tag} {attributes}>");
            }
            if tag == "script" || attributes.contains("rel=\"stylesheet\"") {
                assert_eq!(
                    attribute(attributes, "nonce"),
                    Some(page.frame.csp_nonce.as_str()),
                    "{name}"
                );
            }
            for key in ["src", "action", "href"] {
                let Some(value) = attribute(attributes, key) else {
                    continue;
                };
                let value = value.replace("&#x2f;", "/").replace("&amp;", "&");
                let tag_out = if matches!(page.body, Body::SendOrders(_)) {
                    "form"
                } else {
                    "a"
                };
                let leads_out = tag == tag_out && way_out(page) == Some(value.as_str());
                let is_ours = value.starts_with('/') || value == "#main";
                assert!(is_ours || leads_out, "{name}: {key}={value}");
            }
        }
        assert!(
            !html.contains("<script>") && html.matches("<script").count() == 1,
            "{name}"
        );
    });
}

/// The one address of somebody else that a page may lead to.
fn way_out(page: &Page) -> Option<&str> {
    match &page.body {
        Body::Done(done) => done.return_url.as_deref(),
        Body::Error(error) => error.return_url.as_deref(),
        Body::Leave(leave) => Some(&leave.url),
        Body::SendOrders(send) => Some(&send.url),
        Body::Authorise(Authorise {
            how: AuthoriseHow::Page { url },
            ..
        }) => Some(url),
        _ => None,
    }
}

#[test]
fn every_form_posts_with_the_csrf_value_to_its_own_flow() {
    each_sample(|name, page, html| {
        for form in html.split("<form").skip(1) {
            let form = form.split_once("</form>").unwrap().0;
            assert!(form.contains("method=\"post\""), "{name}");
            assert!(
                form.contains("type=\"submit\""),
                "{name}: a form must be sent without a script"
            );
            let action = form
                .split_once("action=\"")
                .unwrap()
                .1
                .split('"')
                .next()
                .unwrap()
                .replace("&#x2f;", "/");
            // The Kite interface has no flow: what its browsers say about the sender stands for the token.
            if let Body::KiteForm(kite) = &page.body {
                assert_eq!(action, kite.post_to, "{name}");
                continue;
            }
            let flow = page.frame.flow.as_ref().unwrap();
            // This one goes to somebody else, who must not learn the token.
            if let Body::SendOrders(send) = &page.body {
                assert_eq!(action.replace("&amp;", "&"), send.url, "{name}");
                assert!(!form.contains(&flow.csrf), "{name}");
                continue;
            }
            assert_eq!(action, flow.path(page.body.step()), "{name}");
            let hidden = format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", flow.csrf);
            assert_eq!(form.matches(&hidden).count(), 1, "{name}");
        }
        let in_address = tags(html)
            .iter()
            .any(|(_, attributes)| attribute(attributes, "href").is_some_and(|href| href.contains("csrf")));
        assert!(!in_address, "{name}");
    });
}

#[test]
fn every_input_has_a_label_and_every_reference_a_target() {
    each_sample(|name, _, html| {
        let ids: Vec<&str> = tags(html)
            .iter()
            .filter_map(|(_, attributes)| attribute(attributes, "id"))
            .collect();
        assert_eq!(
            ids.len(),
            ids.iter().collect::<BTreeSet<_>>().len(),
            "{name}: ids repeat: {ids:?}"
        );
        let labelled: BTreeSet<&str> = tags(html)
            .iter()
            .filter(|(tag, _)| *tag == "label")
            .filter_map(|(_, a)| attribute(a, "for"))
            .collect();
        for (tag, attributes) in tags(html) {
            for key in ["aria-describedby", "aria-labelledby", "for"] {
                if let Some(target) = attribute(attributes, key) {
                    assert!(ids.contains(&target), "{name}: {key}={target}");
                }
            }
            let kind = attribute(attributes, "type").unwrap_or("");
            let needs_label = (tag == "input" && !["hidden", "radio"].contains(&kind)) || tag == "select";
            if needs_label {
                let id =
                    attribute(attributes, "id").unwrap_or_else(|| panic!("{name}: <{tag} {attributes}>"));
                assert!(labelled.contains(id), "{name}: #{id} has no label");
            }
            if tag == "img" {
                assert!(attribute(attributes, "alt").is_some(), "{name}");
            }
        }
        let loose_radios = html.match_indices("type=\"radio\"").filter(|(at, _)| {
            let before = &html[..*at];
            before.rfind("<label") < before.rfind("</label>")
                || before.rfind("<fieldset") < before.rfind("</fieldset>")
        });
        assert_eq!(
            loose_radios.count(),
            0,
            "{name}: a radio stands outside of a label or fieldset"
        );
        for (open, close) in [
            ("<label", "</label>"),
            ("<fieldset", "</fieldset>"),
            ("<fieldset", "</legend>"),
        ] {
            let opened = html.matches(open).count();
            assert!(
                html.matches(close).count() >= opened || close == "</legend>",
                "{name}: {open}"
            );
        }
        assert_eq!(
            html.matches("<fieldset").count(),
            html.matches("<legend").count(),
            "{name}"
        );
    });
}

#[test]
fn values_of_users_and_brokers_are_escaped() {
    let hostile = "\"><script>alert(1)</script>";
    let mut seen = 0;
    for (name, mut page) in Page::samples() {
        if let Some(partner) = &mut page.frame.partner {
            partner.name = hostile.to_owned();
        }
        match &mut page.body {
            Body::Review(review) => {
                review.order_name = Some(hostile.to_owned());
                for line in &mut review.lines {
                    line.quantity = hostile.to_owned();
                    line.price = hostile.to_owned();
                    line.name = hostile.to_owned();
                    seen += 1;
                }
            }
            Body::Login(login) => {
                for field in &mut login.fields {
                    field.value = hostile.to_owned();
                    seen += 1;
                }
            }
            Body::SendOrders(send) => {
                for input in &mut send.fields {
                    input.name = hostile.to_owned();
                    input.value = hostile.to_owned();
                    seen += 1;
                }
            }
            Body::Status(status) => {
                for line in &mut status.lines {
                    line.status_message = Some(hostile.to_owned());
                    seen += 1;
                }
            }
            _ => {}
        }
        let html = Renderer::new().unwrap().render(&page).unwrap();
        assert!(!html.contains("<script>alert"), "{name}");
        assert_eq!(html.matches("<script").count(), 1, "{name}");
    }
    assert!(seen > 10);
}

#[test]
fn secrets_that_were_typed_are_never_written_back() {
    for (name, mut page) in Page::samples() {
        let Body::Login(login) = &mut page.body else {
            continue;
        };
        for field in &mut login.fields {
            if field.is_secret {
                field.value = "typed-secret".to_owned();
            }
        }
        let html = Renderer::new().unwrap().render(&page).unwrap();
        assert!(!html.contains("typed-secret"), "{name}");
    }
}

#[test]
fn pages_before_the_hand_over_can_be_cancelled_and_later_ones_cannot() {
    each_sample(|name, page, html| {
        let may_cancel =
            page.frame.flow.as_ref().is_some_and(|flow| flow.may_cancel) && page.body.step() != "cancel";
        let link = html.contains("class=\"cancel\"");
        assert_eq!(link, may_cancel, "{name}");
    });
}

#[test]
fn every_template_has_a_sample_and_every_text_a_reader() {
    let samples = Page::samples();
    let templates: BTreeSet<&str> = samples.iter().map(|(_, page)| page.body.template()).collect();
    let names: BTreeSet<&str> = samples.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), samples.len(), "sample names repeat");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut sources = String::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        sources.push_str(&std::fs::read_to_string(&path).unwrap());
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_part = ["layout.html", "parts.html", "review_parts.html"].contains(&file.as_str());
        assert!(
            is_part || templates.contains(file.as_str()),
            "{file} has no sample"
        );
    }
    for file in ["src/frame.rs", "src/pages/broker.rs", "src/render.rs"] {
        sources.push_str(&std::fs::read_to_string(folder.parent().unwrap().join(file)).unwrap());
    }
    let messages = Messages::english().unwrap();
    for id in messages.ids() {
        let stem = id.trim_end_matches(".one").trim_end_matches(".other");
        let is_named = sources.contains(&format!("\"{id}\"")) || sources.contains(&format!("\"{stem}\""));
        // Ids that a template composes: `"prefix." ~ value`, with or without an ending.
        let is_composed = stem
            .match_indices('.')
            .any(|(at, _)| sources.contains(&format!("\"{}\" ~", &stem[..=at])));
        assert!(is_named || is_composed, "nobody uses the text {id:?}");
    }
}

#[test]
fn pictures_stand_where_the_initials_would() {
    each_sample(|name, page, html| {
        let images: Vec<&str> = tags(html)
            .into_iter()
            .filter(|(tag, _)| *tag == "img")
            .map(|(_, attributes)| attributes)
            .collect();
        if name != "review-logos" {
            assert!(images.is_empty(), "{name}: {images:?}");
            return;
        }
        let [partner, order] = images.as_slice() else {
            panic!("{name}: {images:?}");
        };
        let known = page.frame.partner.as_ref().unwrap();
        assert!(partner.contains("partner.png"), "{partner}");
        assert_eq!(attribute(partner, "alt"), Some(known.name.as_str()));
        assert!(order.contains("order.png"), "{order}");
        assert!(!html.contains("class=\"mark"), "{name}");
    });
}
