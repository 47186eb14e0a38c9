//! YAML text to a tree of nodes with places: anchors, aliases, merge keys, duplicate keys. Not here:
//! what keys mean, nor `${...}` (`interpolate`).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, Tag};

use super::diagnostic::Problems;
use super::files::{FileId, Files, TextSpan};
use super::node::{Key, Node, NodeKind, Scalar};
use super::secrets::{is_reference, is_secret_key};

/// Maps and lists nest at most this deep.
const MAX_DEPTH: usize = 64;
/// Values that aliases may add in all, so that a few lines do not fill the memory.
const MAX_ALIASED: usize = 100_000;

/// The only document of a file. Mistakes go to `problems`; after one of syntax there is no tree.
pub(crate) fn parse(files: &mut Files, file: FileId, problems: &mut Problems) -> Option<Node> {
    let text = files.get(file).text.clone();
    let mut builder = Builder {
        file,
        text: &text,
        offsets: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
        stack: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        aliased: 0,
        secrets: Vec::new(),
        duplicates: Vec::new(),
    };
    let result = builder.run();
    let (root, secrets, duplicates) = (builder.root, builder.secrets, builder.duplicates);
    if result.is_ok() {
        files.set_secrets(file, secrets);
    }
    for (key, first) in duplicates {
        report_duplicate(files, problems, &key, first);
    }
    match (result, root) {
        (Ok(()), Some(root)) => Some(root),
        (Ok(()), None) => {
            let name = files.get(file).name.clone();
            problems.whole(&name, "the file holds no configuration").hint(starter_hint());
            None
        }
        (Err(Mistake { span, message, hint }), _) => {
            problems.at(span, message).hint(hint);
            None
        }
    }
}

/// A key that is given twice, with both places.
pub(crate) fn report_duplicate(files: &Files, problems: &mut Problems, key: &Key, first: TextSpan) {
    let message = format!("`{}` is given twice, first at {}", key.name, files.place(first));
    problems.at(key.span, message).hint("keep one of the two".to_owned());
}

fn starter_hint() -> String {
    "a configuration starts with `version: 1`".to_owned()
}

/// Why there is no tree.
struct Mistake {
    span: TextSpan,
    message: String,
    hint: Option<String>,
}

struct Builder<'t> {
    file: FileId,
    text: &'t str,
    /// Byte offset of each character.
    offsets: Vec<usize>,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    secrets: Vec<Range<usize>>,
    duplicates: Vec<(Key, TextSpan)>,
}

/// A list or map that is not complete yet.
struct Frame {
    start: TextSpan,
    anchor: usize,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, seen: HashMap<String, TextSpan>, key: Option<Key> },
}

impl Builder<'_> {
    fn run(&mut self) -> Result<(), Mistake> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let span = self.span(span);
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: TextSpan) -> Result<(), Mistake> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                return Err(mistake(
                    span,
                    "a second document starts here",
                    "put it into a file of its own: `--config` takes a folder",
                ));
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_text_tag(tag.as_deref());
                Self::check_tag(tag.as_deref(), span)?;
                let scalar = Scalar { text: text.into_owned(), plain, written: None, file: None };
                // The parser counts the space after a closing quote in.
                let length = self.text[span.start..span.end].trim_end().len();
                let span = TextSpan { end: span.start + length, ..span };
                self.add(Node { span, kind: NodeKind::Scalar(scalar) }, anchor)?;
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::SequenceStart(anchor, tag) => {
                Self::check_tag(tag.as_deref(), span)?;
                self.open(span, anchor, Content::Seq(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                Self::check_tag(tag.as_deref(), span)?;
                self.open(
                    span,
                    anchor,
                    Content::Map { entries: Vec::new(), seen: HashMap::new(), key: None },
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, start: TextSpan, anchor: usize, content: Content) -> Result<(), Mistake> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(mistake(
                start,
                "lists and maps nest too deeply here",
                "64 levels are allowed",
            ));
        }
        self.stack.push(Frame { start, anchor, content });
        Ok(())
    }

    fn close(&mut self, end: TextSpan) -> Result<(), Mistake> {
        let Some(Frame { start, anchor, content }) = self.stack.pop() else { return Ok(()) };
        let span = TextSpan { end: end.end.max(start.end), ..start };
        let kind = match content {
            Content::Seq(items) => NodeKind::Seq(items),
            Content::Map { entries, .. } => NodeKind::Map(Self::merge(entries)?),
        };
        self.add(Node { span, kind }, anchor)
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Mistake> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.content {
            Content::Seq(items) => items.push(node),
            Content::Map { key, .. } => match key.take() {
                Some(name) => self.add_entry(name, node),
                None => match node.kind {
                    NodeKind::Scalar(scalar) => {
                        *key = Some(Key { name: scalar.text, span: node.span });
                    }
                    _ => {
                        return Err(mistake(
                            node.span,
                            "a key has to be a text",
                            "quote the key if it starts with `[` or `{`",
                        ));
                    }
                },
            },
        }
        Ok(())
    }

    fn add_entry(&mut self, key: Key, mut node: Node) {
        let Some(Frame { content: Content::Map { entries, seen, .. }, .. }) = self.stack.last_mut()
        else {
            return;
        };
        if node.is_null() && node.span.start == node.span.end {
            node.span = key.span;
        }
        let holds = match &node.kind {
            NodeKind::Scalar(scalar) => !is_reference(&scalar.text),
            NodeKind::Seq(_) => true,
            // The keys below decide: `password_resets` may be a KPI.
            NodeKind::Map(_) | NodeKind::Reported => false,
        };
        if holds && is_secret_key(&key.name) && node.span != key.span {
            self.secrets.push(node.span.start..node.span.end);
        }
        if let Some(first) = seen.get(&key.name) {
            self.duplicates.push((key, *first));
        } else {
            seen.insert(key.name.clone(), key.span);
            entries.push((key, node));
        }
    }

    fn alias(&mut self, anchor: usize, span: TextSpan) -> Result<(), Mistake> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(mistake(span, "this alias refers to a value that it is part of", None));
        };
        self.aliased += size(node);
        if self.aliased > MAX_ALIASED {
            return Err(mistake(
                span,
                "aliases make the configuration too large",
                "they may add 100000 values in all",
            ));
        }
        let node = node.clone();
        self.add(node, 0)
    }

    /// Resolves merge keys (`<<`): a map, or a list of maps of which the first wins; a key given
    /// beside them wins over all.
    fn merge(entries: Vec<(Key, Node)>) -> Result<Vec<(Key, Node)>, Mistake> {
        let (sources, mut merged): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(key, _)| key.name == "<<");
        if sources.is_empty() {
            return Ok(merged);
        }
        let mut seen: HashSet<String> = merged.iter().map(|(key, _)| key.name.clone()).collect();
        for (_, node) in sources {
            let span = node.span;
            let maps = match node.kind {
                NodeKind::Seq(items) => items,
                _ => vec![node],
            };
            for map in maps {
                let NodeKind::Map(more) = map.kind else {
                    return Err(mistake(
                        span,
                        "`<<` merges maps, and this is none",
                        "write `<<: *name`, where `&name` marks a map",
                    ));
                };
                for (key, value) in more {
                    if seen.insert(key.name.clone()) {
                        merged.push((key, value));
                    }
                }
            }
        }
        Ok(merged)
    }

    fn check_tag(tag: Option<&Tag>, span: TextSpan) -> Result<(), Mistake> {
        match tag {
            Some(tag) if !tag.is_yaml_core_schema() => {
                Err(mistake(span, format!("the tag `{tag}` has no meaning here"), "remove it"))
            }
            _ => Ok(()),
        }
    }

    /// Characters to bytes.
    fn span(&self, span: YamlSpan) -> TextSpan {
        let byte = |index: usize| self.offsets.get(index).copied().unwrap_or(self.text.len());
        TextSpan { file: self.file, start: byte(span.start.index()), end: byte(span.end.index()) }
    }

    /// What the YAML parser says, at the end of what it could read, with advice.
    fn syntax(&self, error: &ScanError) -> Mistake {
        let mut start = self.span(YamlSpan::empty(*error.marker())).start;
        if self.text[start..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
            || start == self.text.len()
        {
            start = self.text[..start].trim_end().len().saturating_sub(1);
            start = (0..=start).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        }
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        let span = TextSpan { file: self.file, start, end: start + length };
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[line_start..].lines().next().unwrap_or("");
        let hint = syntax_hint(error.info(), line);
        mistake(span, format!("not valid YAML: {}", error.info()), hint)
    }
}

fn mistake<'h>(
    span: TextSpan,
    message: impl Into<String>,
    hint: impl Into<Option<&'h str>>,
) -> Mistake {
    Mistake { span, message: message.into(), hint: hint.into().map(str::to_owned) }
}

/// Advice for what people most often get wrong.
fn syntax_hint(info: &str, line: &str) -> Option<&'static str> {
    Some(match info {
        _ if line.contains('\t') => "indent with spaces, not with tabs",
        _ if line.contains("${") => "quote values that contain `${...}`",
        _ if info.contains("mapping values are not allowed") => {
            "quote the value if it contains a colon; else check the indentation"
        }
        _ if info.contains("unexpected character") => "quote the value",
        _ if info.contains("unknown anchor") => "mark the value it stands for with `&name` first",
        _ if info.contains("did not find expected key") => {
            "check the indentation of this line against the lines above it"
        }
        _ if info.contains("expect ':'") => "a key is followed by a colon and a space",
        _ if info.contains("flow") || info.contains("node content") || info.contains("','") => {
            "check the brackets and commas"
        }
        _ if info.contains("quoted") => "check the closing quote",
        _ => return None,
    })
}

fn is_text_tag(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

/// How many values a node holds, itself included.
fn size(node: &Node) -> usize {
    1 + match &node.kind {
        NodeKind::Seq(items) => items.iter().map(size).sum(),
        NodeKind::Map(entries) => entries.iter().map(|(_, value)| size(value)).sum(),
        NodeKind::Scalar(_) | NodeKind::Reported => 0,
    }
}
