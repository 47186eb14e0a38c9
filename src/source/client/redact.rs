//! Takes secrets out of texts that people get to see. Not here: which texts those are.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use reqwest::Url;

/// What is shown instead.
pub(super) const HIDDEN: &str = "***";
/// Shorter ones would blot out half of every text, and are no secret.
const SHORTEST: usize = 4;
/// What stands where a text was cut.
const CUTS: [&str; 2] = ["...", "\u{2026}"];
/// The oldest are forgotten: those in use are learned anew with every request.
const MOST: usize = 1024;

/// Knows secrets by heart. Never shown itself.
#[derive(Default)]
pub(super) struct Redactor {
    words: Mutex<VecDeque<String>>,
}

impl Redactor {
    /// Hides a text from now on, however a URL, a form or a JSON document writes it.
    pub(super) fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        // The plain form comes first and goes last: when it is known so are the others.
        if words.iter().any(|known| known == secret) {
            return;
        }
        for form in forms_of(secret) {
            if !words.contains(&form) {
                words.push_back(form);
            }
        }
        while words.len() > MOST {
            words.pop_front();
        }
    }

    /// Hides what looks like a key in a text, such as the token after `Bearer`: what is long, or has
    /// both letters and digits. Ordinary words do not, and would be missing from every message.
    pub(super) fn learn_keys(&self, text: &str) {
        let breaks = |c: char| !c.is_alphanumeric() && !"-_.~+".contains(c);
        let like_a_key = |part: &&str| {
            let digits = part.chars().any(|c| c.is_ascii_digit());
            let letters = part.chars().any(char::is_alphabetic);
            part.len() >= 20 || (part.len() >= 8 && digits && letters)
        };
        text.split(breaks).filter(like_a_key).for_each(|part| self.learn(part));
    }

    /// The text with `***` for every secret in it, and for the beginning of one where the text was
    /// cut.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = self.redact_whole(text);
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        CUTS.into_iter().fold(text, |text, cut| without_beginnings(&text, cut, &words))
    }

    /// The same for a text that was not cut.
    fn redact_whole(&self, text: &str) -> String {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<&String> = words.iter().filter(|word| text.contains(*word)).collect();
        // One secret may begin like another: the longest first leaves no rest of it.
        found.sort_by_key(|word| std::cmp::Reverse(word.len()));
        found.into_iter().fold(text.to_owned(), |text, word| text.replace(word, HIDDEN))
    }

    /// The same for a body.
    pub(super) fn redact_bytes(&self, bytes: &Bytes) -> Bytes {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.redact_whole(text).into(),
            Err(_) => match self.redact_whole(&String::from_utf8_lossy(bytes)) {
                text if text.contains(HIDDEN) => text.into(),
                _ => bytes.clone(),
            },
        }
    }
}

/// Hides what stands before a cut and may be the beginning of a secret.
fn without_beginnings(text: &str, cut: &str, words: &VecDeque<String>) -> String {
    let mut parts: Vec<String> = text.split(cut).map(str::to_owned).collect();
    let cuts = parts.len() - 1;
    for part in &mut parts[..cuts] {
        let beginning = |word: &String| {
            let ends = word.char_indices().map(|(end, _)| end).filter(|end| *end >= SHORTEST);
            ends.rev().find(|end| part.ends_with(&word[..*end]))
        };
        if let Some(length) = words.iter().filter_map(beginning).max() {
            part.replace_range(part.len() - length.., HIDDEN);
        }
    }
    parts.join(cut)
}

/// A secret as it is, in a form, in a URL's path and in JSON.
fn forms_of(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let mut forms = vec![
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        json[1..json.len() - 1].to_owned(),
        secret.to_owned(),
    ];
    if let Ok(mut url) = Url::parse("http://host") {
        url.set_path(secret);
        forms.insert(0, url.path()[1..].to_owned());
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secrets: &[&str], text: &str) -> String {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(secret);
        }
        redactor.redact(text)
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
        let secret = "p@ss \"w/rd";
        for text in [
            "it is p@ss \"w/rd!",
            "it is p%40ss+%22w%2Frd!",
            "it is p@ss%20%22w/rd!",
            r#"it is p@ss \"w/rd!"#,
        ] {
            assert_eq!(redacted(&[secret], text), "it is ***!", "{text}");
        }
    }

    #[test]
    fn of_two_secrets_that_begin_alike_nothing_is_left() {
        assert_eq!(redacted(&["token", "token-of-two"], "token-of-two token"), "*** ***");
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_stays() {
        assert_eq!(redacted(&["en", ""], "when"), "when");
    }

    #[test]
    fn the_beginning_of_a_secret_before_a_cut_is_hidden() {
        for (text, expected) in [
            ("it begins with top-sec\u{2026}`", "it begins with ***\u{2026}`"),
            ("it begins with top-sec...", "it begins with ***..."),
            ("it begins with to...", "it begins with to..."),
            ("top-se is none", "top-se is none"),
        ] {
            assert_eq!(redacted(&["top-secret"], text), expected);
        }
    }

    #[test]
    fn a_key_in_a_text_is_hidden_and_its_words_are_not() {
        let redactor = Redactor::default();
        redactor.learn_keys("/prometheus/Bearer t0ken-123/v1?key=abcdefghijklmnopqrstuvwxyz");
        let text = redactor.redact("prometheus v1 t0ken-123 key abcdefghijklmnopqrstuvwxyz");
        assert_eq!(text, "prometheus v1 *** key ***");
    }

    #[test]
    fn bytes_that_are_no_text_are_left_alone_unless_they_hold_a_secret() {
        let redactor = Redactor::default();
        redactor.learn("secret");
        let bytes = Bytes::from_static(b"\xff\xfe harmless");
        assert_eq!(redactor.redact_bytes(&bytes), bytes);
        let bytes = Bytes::from_static(b"\xff secret");
        assert!(!redactor.redact_bytes(&bytes).windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn the_newest_secrets_are_known() {
        let redactor = Redactor::default();
        (0..5_000).for_each(|number| redactor.learn(&format!("secret-{number}-")));
        assert_eq!(redactor.redact("secret-4999-"), HIDDEN);
        assert!(redactor.words.lock().unwrap().len() <= MOST);
    }
}
