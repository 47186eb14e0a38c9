//! What must not be shown: values under keys that hold secrets, and user information in URLs. Used
//! only for showing lines of a configuration; secrets in memory are `secrecy`'s.

use std::ops::Range;

use super::suggest::closest;

/// Words that make a key's value a secret.
const SECRET_WORDS: [&str; 8] =
    ["password", "passwd", "pwd", "token", "secret", "bearer", "api_key", "private_key"];

/// Whether the value of a key of this name is a secret. Misspelt names count: their lines are the
/// ones that get shown.
pub(crate) fn is_secret_key(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    // A slip hardly ever changes the first letter: `reader` is not a `bearer`.
    let similar = closest(&name, SECRET_WORDS).filter(|word| name.starts_with(&word[..1]));
    SECRET_WORDS.iter().any(|word| name.contains(word)) || similar.is_some()
}

/// The text with user information in URLs replaced by `***`.
pub(crate) fn mask_urls(text: &str) -> String {
    let mut masked = text.to_owned();
    for region in secrets_of_urls(text).into_iter().rev() {
        masked.replace_range(region, "***");
    }
    masked
}

/// Values of one line under keys that hold secrets, judged by the line alone: for texts that are not
/// valid YAML and so have no tree to ask. Rather too much than too little.
pub(crate) fn likely_secrets(line: &str) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    for (colon, _) in line.match_indices(':') {
        let key_end = line[..colon].trim_end_matches(['"', '\'', ' ']);
        let is_key_end = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
        let key = key_end.rsplit(is_key_end).next().unwrap_or("");
        let value = line[colon + 1..].trim_start();
        if is_secret_key(key) && !value.is_empty() && !is_reference(value) {
            regions.push(line.len() - value.len()..line.len());
        }
    }
    regions
}

/// A `${...}` reference names a secret but does not hold one.
pub(crate) fn is_reference(value: &str) -> bool {
    value.trim_start_matches(['"', '\'']).starts_with("${")
}

/// User information of every `scheme://user:password@host` in a text. A password may hold any
/// character, so it ends at the last `@` of its word.
pub(crate) fn secrets_of_urls(text: &str) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let word = text[start..].find([' ', '"', '\'', ',', '\t', '\n']);
        let end = word.map_or(text.len(), |length| start + length);
        if let Some(length) = text[start..end].rfind('@')
            && !is_reference(&text[start..])
            && regions.last().is_none_or(|last| last.end <= start)
        {
            regions.push(start..start + length);
        }
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_with_any_character_are_masked_in_urls() {
        let url = "at postgres://reader:p@ss:w/rd@db:5432/shop now";
        assert_eq!(mask_urls(url), "at postgres://***@db:5432/shop now");
        assert_eq!(mask_urls("http://db/x"), "http://db/x");
    }

    #[test]
    fn values_of_secret_keys_are_found_without_a_tree() {
        let line = "  crm: { user: reader, api-token: abc";
        assert_eq!(likely_secrets(line).len(), 1);
        assert_eq!(&line[likely_secrets(line)[0].clone()], "abc");
        assert!(likely_secrets("  password: \"${env:PW}\"").is_empty());
        assert!(likely_secrets("  timeout: 30s").is_empty());
        assert_eq!(likely_secrets("  pasword: abc").len(), 1);
        assert!(likely_secrets("  reader: abc").is_empty());
    }
}
