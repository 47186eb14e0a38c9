//! A small strict reader of both text formats, for tests of the encoders only.

use std::collections::BTreeMap;

/// One heading.
#[derive(Debug)]
pub(in crate::exposition) struct Heading {
    pub(in crate::exposition) name: String,
    pub(in crate::exposition) help: String,
    pub(in crate::exposition) kind: String,
}

/// One line with a number.
#[derive(Debug)]
pub(in crate::exposition) struct Sample {
    pub(in crate::exposition) name: String,
    pub(in crate::exposition) labels: BTreeMap<String, String>,
    pub(in crate::exposition) value: f64,
}

/// Reads a body and panics on anything that is not well-formed.
pub(in crate::exposition) fn read(body: &str) -> (Vec<Heading>, Vec<Sample>) {
    let (mut headings, mut samples) = (Vec::new(), Vec::new());
    let mut lines = body.split_terminator('\n').peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            assert!(lines.peek().is_none(), "nothing may follow the end mark");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("name and help");
            let next = lines.next().and_then(|line| line.strip_prefix("# TYPE ")).expect("a type");
            let (again, kind) = next.split_once(' ').expect("name and type");
            assert_eq!(again, name);
            headings.push(Heading { name: name.into(), help: unescape(help), kind: kind.into() });
        } else {
            samples.push(sample(line));
        }
    }
    (headings, samples)
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a name");
    let (name, mut rest) = line.split_at(end);
    assert_legal_name(name);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label");
            assert_legal_name(label);
            let close = closing_quote(after);
            let clash = labels.insert(label.to_owned(), unescape(&after[..close]));
            assert!(clash.is_none(), "label {label} twice");
            rest = &after[close + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').expect("a closing brace");
    }
    let value = rest.strip_prefix(' ').expect("a space").parse().expect("a number, no timestamp");
    Sample { name: name.into(), labels, value }
}

fn assert_legal_name(name: &str) {
    let legal = |(i, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (i > 0 && c.is_ascii_digit())
    };
    assert!(!name.is_empty() && name.chars().enumerate().all(legal), "illegal name {name:?}");
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    panic!("label value without end");
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                other => panic!("unknown escape {other:?}"),
            },
            c => c,
        });
    }
    out
}
