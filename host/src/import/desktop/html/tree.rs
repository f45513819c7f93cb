//! As much of HTML as exports are made of: elements, attributes, text, references.

/// Deeper than any export; a bound for what others write.
const DEEPEST: usize = 200;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) reason: &'static str,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        self.classes().any(|it| it == class)
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        self.attribute("class").unwrap_or_default().split_ascii_whitespace()
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first one below, in the order of the page.
    pub(super) fn find(&self, is_it: &dyn Fn(&Self) -> bool) -> Option<&Self> {
        self.elements().find_map(|child| if is_it(child) { Some(child) } else { child.find(is_it) })
    }

    pub(super) fn find_class(&self, class: &str) -> Option<&Self> {
        self.find(&|it| it.has_class(class))
    }

    pub(super) fn child_of_class(&self, class: &str) -> Option<&Self> {
        self.elements().find(|it| it.has_class(class))
    }

    /// All text below in one line.
    pub(super) fn words(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of this element alone, without that of elements inside.
    pub(super) fn own_words(&self) -> String {
        let texts = self.children.iter().filter_map(|child| match child {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn gather(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(more) => text.push_str(more),
                Node::Element(element) => {
                    text.push(' ');
                    element.gather(text);
                    text.push(' ');
                }
            }
        }
    }
}

/// Forgives what browsers forgive: elements that nobody closes, ends that nothing began.
pub(super) fn parse(html: &str) -> Result<Element, Broken> {
    let mut parser = Parser { html, at: 0, open: vec![Element::default()] };
    while parser.at < html.len() {
        parser.step()?;
    }
    while parser.open.len() > 1 {
        parser.close();
    }
    Ok(parser.open.swap_remove(0))
}

struct Parser<'a> {
    html: &'a str,
    at: usize,
    open: Vec<Element>,
}

impl Parser<'_> {
    fn step(&mut self) -> Result<(), Broken> {
        let rest = &self.html[self.at..];
        if !rest.starts_with('<') {
            let end = rest.find('<').unwrap_or(rest.len());
            self.text(&rest[..end]);
            self.at += end;
        } else if rest.starts_with("<!--") {
            self.at += rest.find("-->").map_or(rest.len(), |end| end + 3);
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            self.at += rest.find('>').map_or(rest.len(), |end| end + 1);
        } else if let Some(name) = rest.strip_prefix("</") {
            let end = name.find('>').unwrap_or(name.len());
            self.end(name[..end].trim().to_ascii_lowercase().as_str());
            self.at += (end + 3).min(rest.len());
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.begin()?;
        } else {
            self.text("<");
            self.at += 1;
        }
        Ok(())
    }

    fn text(&mut self, raw: &str) {
        let text = unescape(raw);
        let Some(top) = self.open.last_mut() else { return };
        match top.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(&text),
            _ => top.children.push(Node::Text(text)),
        }
    }

    fn begin(&mut self) -> Result<(), Broken> {
        let start = self.at;
        let (element, is_empty, end) =
            tag(&self.html[start..]).ok_or_else(|| self.broken(start, "a tag has no end"))?;
        self.at += end;
        if matches!(element.name.as_str(), "script" | "style") {
            let close = format!("</{}", element.name);
            let rest = &self.html[self.at..];
            self.at += find_ignoring_case(rest, &close).unwrap_or(rest.len());
            return Ok(());
        }
        if is_empty
            || matches!(element.name.as_str(), "br" | "img" | "meta" | "link" | "hr" | "input" | "source")
        {
            if let Some(top) = self.open.last_mut() {
                top.children.push(Node::Element(element));
            }
        } else if self.open.len() >= DEEPEST {
            return Err(self.broken(start, "elements are nested too deep"));
        } else {
            self.open.push(element);
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        if !self.open.iter().skip(1).any(|it| it.name == name) {
            return;
        }
        while self.open.len() > 1 {
            let is_it = self.open.last().is_some_and(|it| it.name == name);
            self.close();
            if is_it {
                return;
            }
        }
    }

    fn close(&mut self) {
        if let Some(element) = self.open.pop()
            && let Some(top) = self.open.last_mut()
        {
            top.children.push(Node::Element(element));
        }
    }

    fn broken(&self, at: usize, reason: &'static str) -> Broken {
        Broken { line: self.html[..at].matches('\n').count() + 1, reason }
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The element, whether it is closed at once, and where its tag ends.
fn tag(text: &str) -> Option<(Element, bool, usize)> {
    let bytes = text.as_bytes();
    let is_end_of_name = |c: u8| c.is_ascii_whitespace() || matches!(c, b'>' | b'/' | b'=');
    let name_end = (1..bytes.len()).find(|at| is_end_of_name(bytes[*at]))?;
    let mut element = Element { name: text[1..name_end].to_ascii_lowercase(), ..Element::default() };
    let mut at = name_end;
    loop {
        while bytes.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        match bytes[at] {
            b'>' => return Some((element, false, at + 1)),
            b'/' if bytes.get(at + 1) == Some(&b'>') => return Some((element, true, at + 2)),
            b'/' | b'=' => at += 1,
            _ => {
                let start = at;
                at = (at..bytes.len()).find(|at| is_end_of_name(bytes[*at]))?;
                let key = text[start..at].to_ascii_lowercase();
                let (value, next) = attribute_value(text, at)?;
                element.attributes.push((key, value));
                at = next;
            }
        }
    }
}

fn attribute_value(text: &str, mut at: usize) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'=') {
        return Some((String::new(), at));
    }
    at += 1;
    match bytes.get(at)? {
        quote @ (b'"' | b'\'') => {
            let length = text[at + 1..].find(char::from(*quote))?;
            Some((unescape(&text[at + 1..at + 1 + length]), at + length + 2))
        }
        _ => {
            let end = (at..bytes.len()).find(|at| bytes[*at].is_ascii_whitespace() || bytes[*at] == b'>')?;
            Some((unescape(&text[at..end]), end))
        }
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(end, _)| &rest[1..end]);
        match reference.and_then(|name| Some((name, character(name)?))) {
            Some((name, character)) => {
                text.push(character);
                rest = &rest[name.len() + 2..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "laquo" => '«',
        "raquo" => '»',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_nest_and_carry_attributes() {
        let page = parse(
            "<!DOCTYPE html><div class=\"a b\" id='m1'>x &amp; <b>y&#x1F3B5;</b><br/>z<img src=q></div>",
        )
        .unwrap();
        let div = page.find_class("b").unwrap();
        assert_eq!((div.attribute("id"), div.words().as_str()), (Some("m1"), "x & y🎵 z"));
        assert_eq!(div.find(&|it| it.name == "img").unwrap().attribute("src"), Some("q"));
    }

    #[test]
    fn what_browsers_forgive_is_forgiven() {
        let page = parse("a</p><div>b<span>c</div>d < e <script>if (a<b) {}</script>&nothing; &").unwrap();
        assert_eq!(page.words(), "a b c d < e &nothing; &");
    }

    #[test]
    fn bottomless_pages_are_refused() {
        let page = format!("\n{}", "<div>".repeat(100_000));
        assert_eq!(parse(&page), Err(Broken { line: 2, reason: "elements are nested too deep" }));
        assert_eq!(parse("<div class=\"never").unwrap_err().reason, "a tag has no end");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall(html in "[<>/&;=\"'!a-d#x0-9 \n-]{0,200}") {
            drop(parse(&html));
        }
    }
}
