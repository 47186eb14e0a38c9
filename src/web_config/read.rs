//! From the text of a web configuration file to a [`WebConfig`], or to all that is wrong with it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::WebConfig;
use super::client_certificates::ClientAuth;
use super::forms::Flag;
use super::logins::{Logins, is_hash};
use super::rate::RateLimit;
use super::raw::{HttpRaw, RateRaw, TlsRaw, UsersRaw};
use super::tls::{TlsSettings, Version};
use crate::limits::read_capped;
use crate::reader::diagnostic::{Diagnostics, Problems};
use crate::reader::entry;
use crate::reader::files::{Files, TextSpan};
use crate::reader::forms::Named;
use crate::reader::node::{Key, Node, NodeKind};
use crate::reader::spanned::Text;
use crate::reader::suggest::{did_you_mean, listed};
use crate::reader::yaml;

/// A web configuration file, or a file that it names, has at most this many bytes.
const MAX_BYTES: u64 = 1 << 20;

const SECTIONS: [&str; 4] =
    ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"];

/// The headers that may be set, and what they may say where that is a closed list.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// Reads a file that is small by nature.
pub(super) fn small_file(path: &Path) -> io::Result<Vec<u8>> {
    read_capped(path, MAX_BYTES)
}

/// Loads a file. Blocks for as long as small files take.
///
/// # Errors
/// All mistakes at once.
pub fn load(path: &Path) -> Result<WebConfig, Diagnostics> {
    let mut reading = Reading {
        files: Files::default(),
        problems: Problems::default(),
        read: Vec::new(),
        dir: path.parent().unwrap_or(Path::new("")).to_owned(),
    };
    let config = reading.whole(path);
    match config {
        Some(config) if reading.problems.is_empty() => Ok(config),
        _ => {
            if reading.problems.is_empty() {
                reading.problems.whole(&path.display().to_string(), "cannot be used");
            }
            Err(reading.problems.into_diagnostics(&reading.files))
        }
    }
}

struct Reading {
    files: Files,
    problems: Problems,
    /// Every file that was read.
    read: Vec<(PathBuf, Vec<u8>)>,
    /// What names of files are relative to.
    dir: PathBuf,
}

impl Reading {
    fn whole(&mut self, path: &Path) -> Option<WebConfig> {
        let name = path.display().to_string();
        let bytes = match small_file(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let hint = "name a file with `--web.config.file` or `server.web_config_file`";
                self.problems
                    .whole(&name, format!("cannot be read: {error}"))
                    .hint(hint.to_owned());
                return None;
            }
        };
        self.read.push((path.to_owned(), bytes.clone()));
        let Ok(text) = String::from_utf8(bytes) else {
            self.problems.whole(&name, "is not UTF-8 text").hint("save it as UTF-8".to_owned());
            return None;
        };
        let mut sections = self.sections(&name, &text)?;
        let http: HttpRaw = self.section(&mut sections, "http_server_config");
        let tls: TlsRaw = self.section(&mut sections, "tls_server_config");
        let rate: RateRaw = self.section(&mut sections, "rate_limit");
        let users: Option<UsersRaw> = self.optional(&mut sections, "basic_auth_users");
        for (key, _) in sections {
            let hint = did_you_mean(&key.name, "the keys at this level are", &SECTIONS);
            self.problems.at(key.span, format!("unknown key `{}`", key.name)).hint(hint);
        }
        let http2 = http.http2.is_none_or(|Flag(flag)| flag);
        let headers = self.headers(http);
        let users = self.users(users);
        let tls = self.tls(tls, http2);
        if !self.problems.is_empty() {
            return None;
        }
        let interval = rate.interval.map(|interval| interval.0).unwrap_or_default();
        let burst = u32::try_from(rate.burst.unwrap_or_default()).unwrap_or_default();
        Some(WebConfig {
            tls,
            headers,
            logins: Logins::new(users),
            rate: (!interval.is_zero()).then(|| RateLimit::new(interval, burst)),
            files: std::mem::take(&mut self.read),
        })
    }

    /// The sections that say something. An empty file is one without any.
    fn sections(&mut self, name: &str, text: &str) -> Option<Vec<(Key, Node)>> {
        let says_nothing = |line: &str| {
            let line = line.trim();
            line.is_empty() || line.starts_with('#') || line == "---"
        };
        if text.lines().all(says_nothing) {
            return Some(Vec::new());
        }
        let dir = self.dir.clone();
        let file = self.files.add(name, text, &dir);
        let mut root = yaml::parse(&mut self.files, file, &mut self.problems)?;
        self.hide_hashes(&root);
        without_nothing(&mut root);
        let (span, what) = (root.span, root.describe());
        let NodeKind::Map(sections) = root.kind else {
            let message = format!("expected a map of keys, found {what}");
            let hint = format!("the keys are {}", listed(&SECTIONS, "and"));
            self.problems.at(span, message).hint(hint);
            return None;
        };
        Some(sections)
    }

    /// Hashes of passwords are not shown where a line is.
    fn hide_hashes(&mut self, root: &Node) {
        let NodeKind::Map(sections) = &root.kind else { return };
        let users = sections.iter().find(|(key, _)| key.name == "basic_auth_users");
        let Some((_, Node { kind: NodeKind::Map(users), .. })) = users else { return };
        let file = self.files.get(root.span.file);
        let mut secrets = file.secrets.clone().unwrap_or_default();
        secrets.extend(users.iter().map(|(_, hash)| hash.span.start..hash.span.end));
        secrets.sort_by_key(|range| range.start);
        self.files.set_secrets(root.span.file, secrets);
    }

    fn optional<T: DeserializeOwned>(
        &mut self,
        sections: &mut Vec<(Key, Node)>,
        name: &str,
    ) -> Option<T> {
        let at = sections.iter().position(|(key, _)| key.name == name)?;
        let (key, node) = sections.remove(at);
        entry::read(name.to_owned(), &key, node, &mut self.problems).map(|entry| entry.value)
    }

    fn section<T: DeserializeOwned + Default>(
        &mut self,
        sections: &mut Vec<(Key, Node)>,
        name: &str,
    ) -> T {
        self.optional(sections, name).unwrap_or_default()
    }

    fn headers(&mut self, http: HttpRaw) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        for (name, value) in http.headers.map(|pairs| pairs.0).unwrap_or_default() {
            let Some((_, allowed)) = HEADERS.iter().find(|(known, _)| *known == name.value) else {
                let known = HEADERS.map(|(known, _)| known);
                let message = format!("the header `{}` cannot be set", name.value);
                let hint = did_you_mean(&name.value, "those that can are", &known);
                self.problems.at(name.span, message).hint(hint);
                continue;
            };
            let (name, given) = (name.value.as_str(), value.value.as_str());
            if !allowed.is_empty() && !allowed.contains(&given) {
                let message = format!("`{name}`: expected {}", listed(allowed, "or"));
                self.problems.at(value.span, message);
                continue;
            }
            if let (Ok(name), Ok(given)) =
                (HeaderName::try_from(name), HeaderValue::try_from(given))
            {
                headers.push((name, given));
            } else {
                let message = format!("`{name}`: a header holds one line of printable text");
                self.problems.at(value.span, message);
            }
        }
        headers
    }

    fn users(&mut self, users: Option<UsersRaw>) -> BTreeMap<String, SecretString> {
        let mut checked = BTreeMap::new();
        for (user, hash) in users.map(|pairs| pairs.0).unwrap_or_default() {
            if !is_hash(hash.value.0.expose_secret()) {
                let message = format!("`basic_auth_users.{}`: expected a bcrypt hash", user.value);
                let hint = "write the output of `htpasswd -nBC 10 \"\" | tr -d ':\\n'`";
                self.problems.at(hash.span, message).hint(hint.to_owned());
            }
            checked.insert(user.value, hash.value.0);
        }
        checked
    }

    /// `None` where the file asks for no TLS, or after a mistake.
    fn tls(&mut self, raw: TlsRaw, http2: bool) -> Option<Arc<rustls::ServerConfig>> {
        let TlsRaw { cert, key, client_ca, cert_file, key_file, client_ca_file, .. } = &raw;
        let given = |text: &Option<Text>| text.clone().filter(|text| !text.value.is_empty());
        let (cert, cert_file) = (given(cert), given(cert_file));
        let (client_ca, client_ca_file) = (given(client_ca), given(client_ca_file));
        let key = key.as_ref().map(|key| key.with(key.value.0.expose_secret().to_owned()));
        let (key, key_file) = (given(&key), given(key_file));
        let auth_type = given(&raw.client_auth_type);
        let texts = [&cert, &cert_file, &key, &key_file, &client_ca, &client_ca_file, &auth_type];
        let first = texts.into_iter().flatten().next()?.span;

        let certificate = self.content(cert.as_ref(), cert_file.as_ref(), "cert_file");
        let private_key = self.content(key.as_ref(), key_file.as_ref(), "key_file");
        let authorities =
            self.content(client_ca.as_ref(), client_ca_file.as_ref(), "client_ca_file");
        for (what, missing) in [
            ("cert", cert.is_none() && cert_file.is_none()),
            ("key", key.is_none() && key_file.is_none()),
        ] {
            if missing {
                let message = format!("`tls_server_config` has neither `{what}` nor `{what}_file`");
                let hint = format!("name a file in PEM as `{what}_file`");
                self.problems.at(first, message).hint(hint);
            }
        }
        let client_auth = self.choice(auth_type.as_ref(), "client_auth_type");
        let client_auth = client_auth.unwrap_or(ClientAuth::None);
        let ca = client_ca_file.as_ref().or(client_ca.as_ref()).map(|text| text.span);
        if let Some(ca) = ca.filter(|_| client_auth == ClientAuth::None) {
            let message = "authorities of clients are named, and no certificate is asked for";
            let hint = "write `client_auth_type: RequireAndVerifyClientCert`";
            self.problems.at(ca, message).hint(hint.to_owned());
        }
        if let Some(names) =
            raw.client_allowed_sans.as_ref().filter(|_| !client_auth.is_mandatory())
        {
            let message = "`client_allowed_sans` needs a certificate of every client";
            let hint = "write `client_auth_type: RequireAndVerifyClientCert`";
            self.problems.at(names.span, message).hint(hint.to_owned());
        }
        let min_version = self.choice(raw.min_version.as_ref(), "min_version");
        let max_version = self.choice(raw.max_version.as_ref(), "max_version");
        let suites = self.choices(raw.cipher_suites.as_deref(), "cipher_suites");
        let curves = self.choices(raw.curve_preferences.as_deref(), "curve_preferences");
        if !self.problems.is_empty() {
            return None;
        }
        let settings = TlsSettings {
            certificate: certificate?,
            key: private_key?,
            client_ca: authorities,
            client_auth,
            allowed_names: raw.client_allowed_sans.map(|names| names.value),
            min_version: min_version.unwrap_or(Version::Tls12),
            max_version: max_version.unwrap_or(Version::Tls13),
            suites,
            curves,
            own_order: raw.prefer_server_cipher_suites.is_none_or(|Flag(flag)| flag),
            http2,
        };
        match settings.build() {
            Ok(config) => Some(Arc::new(config)),
            Err(mistake) => {
                let at = match mistake.key {
                    "cert" => cert_file.or(cert).map(|text| text.span),
                    "key" => key_file.or(key).map(|text| text.span),
                    "client_ca" => ca,
                    "max_version" => raw.max_version.map(|text| text.span),
                    "cipher_suites" => first_of(raw.cipher_suites.as_deref()),
                    _ => first_of(raw.curve_preferences.as_deref()),
                };
                let message = format!("`tls_server_config.{}`: {}", mistake.key, mistake.message);
                self.problems
                    .at(at.unwrap_or(first), message)
                    .hint(mistake.hint.map(str::to_owned));
                None
            }
        }
    }

    /// What stands in the file itself, or in one that it names; the latter where there are both.
    fn content(
        &mut self,
        inline: Option<&Text>,
        file: Option<&Text>,
        key: &str,
    ) -> Option<Vec<u8>> {
        let Some(file) = file else { return inline.map(|text| text.value.clone().into_bytes()) };
        let path = self.dir.join(&file.value);
        match small_file(&path) {
            Ok(bytes) => {
                self.read.push((path, bytes.clone()));
                Some(bytes)
            }
            Err(error) => {
                let path = path.display();
                let message = format!("`tls_server_config.{key}`: cannot read {path}: {error}");
                self.problems.at(file.span, message);
                None
            }
        }
    }

    fn choice<T: Named>(&mut self, text: Option<&Text>, key: &str) -> Option<T> {
        let text = text?;
        let found = T::of(&text.value);
        if found.is_none() {
            let message = format!("`tls_server_config.{key}`: `{}` is unknown", text.value);
            let hint = did_you_mean(&text.value, "known are", T::NAMES);
            self.problems.at(text.span, message).hint(hint);
        }
        found
    }

    fn choices<T: Named>(&mut self, texts: Option<&[Text]>, key: &str) -> Vec<T> {
        let texts = texts.unwrap_or_default();
        texts.iter().filter_map(|text| self.choice(Some(text), key)).collect()
    }
}

fn first_of(texts: Option<&[Text]>) -> Option<TextSpan> {
    texts.and_then(<[Text]>::first).map(|text| text.span)
}

/// A key without a value says nothing.
fn without_nothing(node: &mut Node) {
    if let NodeKind::Map(entries) = &mut node.kind {
        entries.retain(|(_, node)| !node.is_null());
        for (_, node) in entries {
            without_nothing(node);
        }
    }
}
