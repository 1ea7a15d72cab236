//! As much HTML as the hosted pages use: tags, forms, links, and what they say.

/// A control of a form that is sent with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Value as a browser would send it; radios and boxes that are not checked are left out.
    pub value: String,
}

/// A button that sends its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Name, empty where it has none.
    pub name: String,
    /// Value.
    pub value: String,
    /// What stands on it.
    pub text: String,
}

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Lower case.
    pub method: String,
    /// Successful controls.
    pub fields: Vec<Field>,
    /// Names and values of all radios, checked or not.
    pub choices: Vec<Field>,
    /// Buttons.
    pub buttons: Vec<Button>,
}

/// One tag.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Lower-case name; with a leading `/` for an end tag.
    pub name: String,
    /// Attributes in order, decoded.
    pub attributes: Vec<(String, String)>,
    /// Text from this tag to the next one, decoded.
    pub text: String,
}

impl Tag {
    /// An attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// An attribute as owned text, empty where it is missing.
    #[must_use]
    pub fn text_of(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// Splits a document into tags with the text behind each. Content of scripts and styles is no text.
#[must_use]
pub fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = end_of_tag(rest);
        let (inside, after) = rest.split_at(end);
        rest = after.strip_prefix('>').unwrap_or(after);
        let mut tag = parse_tag(inside);
        if tag.name == "script" || tag.name == "style" {
            let close = format!("</{}", tag.name);
            rest = rest.find(&close).map_or("", |at| &rest[at..]);
        } else {
            tag.text = decode(&rest[..rest.find('<').unwrap_or(rest.len())]);
        }
        found.push(tag);
    }
    found
}

/// Position of the `>` that ends a tag; one inside quotes does not.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn parse_tag(inside: &str) -> Tag {
    let name_end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
    let (name, mut rest) = inside.split_at(name_end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(value) = after.strip_prefix('=') else {
            attributes.push((key.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        attributes.push((key.to_ascii_lowercase(), decode(value)));
        rest = after;
    }
    let name = name.trim_end_matches('/').to_ascii_lowercase();
    Tag {
        name,
        attributes,
        text: String::new(),
    }
}

/// Resolves character references.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find(';').filter(|end| *end <= 10) else {
            out.push('&');
            rest = &rest[1..];
            continue;
        };
        match character(&rest[1..end]) {
            Some(found) => out.push(found),
            None => out.push_str(&rest[..=end]),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// All forms of a document.
#[must_use]
pub fn forms(tags: &[Tag]) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    let mut select: Option<(String, Option<String>, bool)> = None;
    for (index, tag) in tags.iter().enumerate() {
        match tag.name.as_str() {
            "form" => {
                inside = true;
                let method = tag.get("method").unwrap_or("get").to_ascii_lowercase();
                forms.push(Form {
                    action: tag.text_of("action"),
                    method,
                    ..Form::default()
                });
            }
            "/form" => inside = false,
            _ => {}
        }
        let Some(form) = forms.last_mut().filter(|_| inside) else {
            continue;
        };
        match tag.name.as_str() {
            "input" => add_input(form, tag),
            "button" => form.buttons.push(Button {
                name: tag.text_of("name"),
                value: tag.text_of("value"),
                text: text_until(&tags[index..], "/button"),
            }),
            "select" => select = Some((tag.text_of("name"), None, false)),
            "option" => {
                if let Some((_, value, chosen)) = &mut select {
                    let is_selected = tag.get("selected").is_some();
                    if is_selected || (value.is_none() && !*chosen) {
                        *value = Some(tag.text_of("value"));
                        *chosen = is_selected;
                    }
                }
            }
            "/select" => {
                if let Some((name, Some(value), _)) = select.take() {
                    form.fields.push(Field { name, value });
                }
            }
            _ => {}
        }
    }
    forms
}

fn add_input(form: &mut Form, tag: &Tag) {
    let (name, value) = (tag.text_of("name"), tag.text_of("value"));
    let kind = tag.get("type").unwrap_or("text");
    if name.is_empty() || kind == "submit" || tag.get("disabled").is_some() {
        return;
    }
    let field = Field { name, value };
    if kind == "radio" || kind == "checkbox" {
        if tag.get("checked").is_some() {
            form.fields.push(field.clone());
        }
        form.choices.push(field);
    } else {
        form.fields.push(field);
    }
}

/// Text up to an end tag, with spaces put together.
#[must_use]
pub fn text_until(tags: &[Tag], end: &str) -> String {
    let parts = tags
        .iter()
        .take_while(|tag| tag.name != end)
        .map(|tag| tag.text.as_str());
    parts
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{decode, forms, tags};

    #[test]
    fn a_form_sends_what_a_browser_would_send() {
        let html = r#"<form method="post" action="/a?b=1&amp;c=2"><input type="hidden" name="csrf" value="x&#x27;y">
            <input type=radio name=side value=BUY><input type="radio" name="side" value="SELL" checked>
            <select name="o"><option value="M">Market</option><option value="L" selected>Limit</option></select>
            <input name="q" value="a>b"><button name="action" value="go"><b>Go</b> on</button></form><input name="out">"#;
        let found = forms(&tags(html));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].action.as_str(), found[0].method.as_str()),
            ("/a?b=1&c=2", "post")
        );
        let sent: Vec<(&str, &str)> = found[0]
            .fields
            .iter()
            .map(|field| (field.name.as_str(), field.value.as_str()))
            .collect();
        assert_eq!(
            sent,
            [("csrf", "x'y"), ("side", "SELL"), ("o", "L"), ("q", "a>b")]
        );
        assert_eq!(found[0].choices.len(), 2);
        assert_eq!(found[0].buttons[0].text, "Go on");
    }

    #[test]
    fn references_are_resolved_and_other_ampersands_stay() {
        assert_eq!(
            decode("a &amp;&lt;&#39;&#x2f; & b &unknown; c"),
            "a &<'/ & b &unknown; c"
        );
    }
}
