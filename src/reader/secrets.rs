//! What must not be shown: values under keys that hold secrets, and user information in URLs. Used
//! only for showing lines of a configuration; secrets in memory are `secrecy`'s.

use std::ops::Range;

use super::suggest::closest;

/// Words that make a key's value a secret.
const SECRET_WORDS: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "token",
    "secret",
    "bearer",
    "api_key",
    "private_key",
    "authorization",
    "cookie",
    "signature",
];

/// Keys whose value is a secret, but for keys that only contain them.
const SECRET_KEYS: [&str; 3] = ["auth", "basic", "key"];

/// Keys of addresses that let anybody post who knows them. Words near them are none.
const POSTS: [&str; 3] = ["slack", "teams", "webhook"];

/// Whether the value of a key of this name is a secret. Misspelt names count: their lines are the
/// ones that get shown.
pub(crate) fn is_secret_key(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    if name == "token_url" {
        return false;
    }
    if POSTS.contains(&name.as_str()) {
        return true;
    }
    // A slip hardly ever changes the first letter: `reader` is not a `bearer`.
    let known = SECRET_WORDS.into_iter().chain(SECRET_KEYS);
    let similar = || closest(&name, known.filter(|word| name.starts_with(&word[..1])));
    SECRET_KEYS.contains(&name.as_str())
        || name.ends_with("_key")
        || SECRET_WORDS.iter().any(|word| name.contains(word))
        || similar().is_some()
}

/// The text with user information and secret parameters of URLs replaced by `***`.
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
    regions.extend(hashes(line));
    regions
}

/// Hashes of passwords as bcrypt writes them, whatever their key: up to the end of the line.
fn hashes(line: &str) -> Option<Range<usize>> {
    let is_hash = |(at, _): &(usize, &str)| {
        matches!(line.as_bytes().get(at + 2..at + 4), Some([b'a' | b'b' | b'x' | b'y', b'$']))
    };
    line.match_indices("$2").find(is_hash).map(|(at, _)| at..line.len())
}

/// A `${...}` reference names a secret but does not hold one.
pub(crate) fn is_reference(value: &str) -> bool {
    value.trim_start_matches(['"', '\'']).starts_with("${")
}

/// User information of every `scheme://user:password@host` (the scheme may be missing) and the
/// values of parameters like `?api_key=…`, in the order of the text and apart from one another. A
/// password may hold any character, so it ends at the last `@` of its word.
pub(crate) fn secrets_of_urls(text: &str) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    let mut start = 0;
    for word in text.split_inclusive([' ', '"', '\'', ',', '\t', '\n']) {
        let address = word.find("://").map_or(0, |at| at + 3);
        let host = word.rfind('@').filter(|at| {
            let login = word.get(address..*at);
            login.is_some_and(|login| {
                let references = is_reference(login) && login.ends_with('}');
                (address > 0 || login.contains(':')) && !references
            })
        });
        if let Some(host) = host {
            regions.push(start + address..start + host);
        }
        let rest = host.unwrap_or(0);
        for value in secret_parameters(&word[rest..]) {
            regions.push(start + rest + value.start..start + rest + value.end);
        }
        start += word.len();
    }
    regions
}

/// Values of the parameters of a URL, or of a part of one, whose names are those of secrets.
fn secret_parameters(word: &str) -> Vec<Range<usize>> {
    let mut regions = Vec::new();
    for (mark, _) in word.match_indices(['?', '&']) {
        let pair = &word[mark + 1..];
        let end = pair.find(['&', '#', '}', ' ', '"', '\'', ',', '\t', '\n']).unwrap_or(pair.len());
        let Some((name, value)) = pair[..end].split_once('=') else { continue };
        if is_secret_key(name) && !value.is_empty() && !is_reference(value) {
            let at = mark + 1 + name.len() + 1;
            regions.push(at..at + value.len());
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
        for (text, masked) in [
            ("http://db/x", "http://db/x"),
            ("proxy: me:s3cr3t@proxy:3128", "proxy: ***@proxy:3128"),
            ("owner: growth@example.com", "owner: growth@example.com"),
            ("x://a:b@c, y://d:e@f", "x://***@c, y://***@f"),
            ("https://h/p?a=b&api_key=abc&c=d", "https://h/p?a=b&api_key=***&c=d"),
            ("path: /v1?key=abc", "path: /v1?key=***"),
            ("https://u:p@h?token=${env:T}", "https://***@h?token=${env:T}"),
            ("postgres://${env:U}:${env:P}@db", "postgres://${env:U}:${env:P}@db"),
            ("postgres://${env:U}:x@db", "postgres://***@db"),
        ] {
            assert_eq!(mask_urls(text), masked, "{text}");
        }
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

    #[test]
    fn keys_of_logins_are_secret_and_their_neighbours_are_not() {
        for name in
            ["key", "client_secret", "refresh_token", "bearer", "Authorization", "X-Key", "slack"]
        {
            assert!(is_secret_key(name), "{name}");
        }
        for name in
            ["key_file", "header", "client_id", "token_url", "credentials_in", "keep_raw", "team"]
        {
            assert!(!is_secret_key(name), "{name}");
        }
    }
}
