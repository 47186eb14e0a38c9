//! The URL of a database taken apart: who, where, which database, parameters. Every part is decoded
//! and keeps its place, and nothing is passed over. Messages never repeat the URL: it may hold a
//! password. Not here: what parameters mean (the `url` of each database).

use std::net::Ipv6Addr;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::reader::suggest::{closest, listed};
use crate::source::OpenError;

const SEPARATE_KEYS: &str = "a user or password with special characters is best given in the \
                             separate keys `user` and `password`";

/// A database URL in parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::source::sql) struct Address {
    pub(in crate::source::sql) user: Option<String>,
    pub(in crate::source::sql) password: Option<String>,
    /// In the order in which they are tried; none when the URL names none.
    pub(in crate::source::sql) hosts: Vec<Host>,
    pub(in crate::source::sql) database: Option<String>,
    parameters: Vec<Parameter>,
}

/// Where one server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::sql) struct Host {
    /// A name, an address without brackets, or a folder or file of a socket, which begins with `/`.
    pub(in crate::source::sql) name: String,
    pub(in crate::source::sql) port: Option<u16>,
}

/// A parameter of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::sql) struct Parameter {
    pub(in crate::source::sql) name: String,
    pub(in crate::source::sql) value: String,
    /// Where its name stands in the URL.
    pub(in crate::source::sql) part: Range<usize>,
}

/// A part of the URL that has not been decoded yet, and where it begins.
#[derive(Clone, Copy)]
struct Part<'u> {
    text: &'u str,
    start: usize,
}

impl<'u> Part<'u> {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The text before a place and that from it on.
    fn split(self, at: usize) -> (Self, Self) {
        let (before, after) = self.text.split_at(at);
        (Self { text: before, start: self.start }, Self { text: after, start: self.start + at })
    }

    /// Without its first bytes.
    fn after(self, bytes: usize) -> Self {
        self.split(bytes).1
    }

    /// Pieces between separators.
    fn pieces(self, separator: char) -> impl Iterator<Item = Part<'u>> {
        let mut start = self.start;
        self.text.split(separator).map(move |text| {
            let piece = Part { text, start };
            start += text.len() + separator.len_utf8();
            piece
        })
    }

    fn error(self, message: impl Into<String>) -> OpenError {
        OpenError::at(self.range(), message)
    }

    /// Without percent-encoding, which has to be right: a `%` that begins nothing would be taken for
    /// another password.
    fn decoded(self, what: &str) -> Result<String, OpenError> {
        let bytes = self.text.as_bytes();
        let is_encoded = |at: usize| {
            bytes.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
        };
        if let Some((at, _)) = self.text.match_indices('%').find(|(at, _)| !is_encoded(*at)) {
            let place = self.start + at..self.start + at + 1;
            let message = format!("the {what} in the url has a `%` that encodes nothing");
            return Err(OpenError::at(place, message)
                .with_hint(format!("write `%25` for it; {SEPARATE_KEYS}")));
        }
        let decoded = percent_decode_str(self.text).decode_utf8();
        match decoded {
            Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
            _ => Err(self
                .error(format!("the {what} in the url is not text once it is decoded"))
                .with_hint("percent-encode its characters as UTF-8")),
        }
    }
}

impl Address {
    /// Takes a URL apart. Its scheme is known already.
    pub(in crate::source::sql) fn parse(url: &str) -> Result<Self, OpenError> {
        let whole = Part { text: url, start: 0 };
        let Some(scheme) = url.find("://") else {
            return Err(whole.error("expected `://` after the database in the url"));
        };
        let rest = whole.after(scheme + 3);
        let (authority, rest) =
            rest.split(rest.text.find(['/', '?', '#']).unwrap_or(rest.text.len()));
        // Else part of a password would be taken for a host and turn up in messages.
        if rest.text.contains('@') {
            let message = "the url has an `@` after `/`, `?` or `#`, as if one of these were in its \
                           password";
            return Err(OpenError::from(message).with_hint(SEPARATE_KEYS));
        }
        if let Some(at) = rest.text.find('#') {
            return Err(rest
                .after(at)
                .error("the url has a fragment, which means nothing here")
                .with_hint("write `%23` for a `#`"));
        }
        let (path, query) = rest.split(rest.text.find('?').unwrap_or(rest.text.len()));
        let mut address = Self::default();
        let hosts = match authority.text.rfind('@') {
            Some(at) => {
                let (login, hosts) = authority.split(at);
                address.login(login)?;
                hosts.after(1)
            }
            None => authority,
        };
        if !hosts.text.is_empty() {
            address.hosts = hosts.pieces(',').map(host).collect::<Result<_, _>>()?;
        }
        if path.text.len() > 1 {
            address.database = Some(path.after(1).decoded("name of the database")?);
        }
        if query.text.len() > 1 {
            for pair in query.after(1).pieces('&').filter(|pair| !pair.text.is_empty()) {
                address.add(pair)?;
            }
        }
        Ok(address)
    }

    fn login(&mut self, login: Part<'_>) -> Result<(), OpenError> {
        let (user, password) = login.split(login.text.find(':').unwrap_or(login.text.len()));
        if !user.text.is_empty() {
            self.user = Some(user.decoded("user").map_err(hidden)?);
        }
        if password.text.len() > 1 {
            self.password = Some(password.after(1).decoded("password").map_err(hidden)?);
        }
        Ok(())
    }

    fn add(&mut self, pair: Part<'_>) -> Result<(), OpenError> {
        let (name, value) = pair.split(pair.text.find('=').unwrap_or(pair.text.len()));
        let named = name.decoded("name of a parameter")?;
        if value.text.is_empty() {
            return Err(name
                .error(format!("the parameter {} of the url has no value", shown(&named)))
                .with_hint("write NAME=VALUE"));
        }
        if self.parameters.iter().any(|known| known.name == named) {
            return Err(name
                .error(format!("the url has the parameter {} twice", shown(&named)))
                .with_hint("keep one of the two"));
        }
        let value = value.after(1).decoded(&format!("parameter {}", shown(&named)))?;
        self.parameters.push(Parameter { name: named, value, part: name.range() });
        Ok(())
    }

    /// Takes out a parameter that goes by any of these names.
    pub(in crate::source::sql) fn take(
        &mut self,
        names: &[&str],
    ) -> Result<Option<Parameter>, OpenError> {
        let mut found = None;
        for name in names {
            let Some(at) = self.parameters.iter().position(|known| known.name == *name) else {
                continue;
            };
            let parameter = self.parameters.remove(at);
            if let Some(first) = found.replace(parameter.clone()) {
                let Parameter { name: first, .. } = first;
                return Err(parameter
                    .refused(format!("says the same as `{first}`"))
                    .with_hint("keep one of the two"));
            }
        }
        Ok(found)
    }

    /// Refuses what has not been taken: by name, with the reason if it is one that is known but
    /// cannot be had here, else with what was probably meant.
    pub(in crate::source::sql) fn finish(
        &mut self,
        known: &[&str],
        not_here: &[(&str, &str)],
    ) -> Result<(), OpenError> {
        let Some(parameter) = self.parameters.first() else { return Ok(()) };
        if let Some((_, hint)) = not_here.iter().find(|(name, _)| *name == parameter.name) {
            return Err(parameter.refused("cannot be had with this program").with_hint(*hint));
        }
        let hint = match closest(&parameter.name, known.iter().copied()) {
            Some(one) => format!("did you mean `{one}`?"),
            None => format!("the known ones are {}", listed(known, "and")),
        };
        Err(parameter.refused("is not known").with_hint(hint))
    }
}

impl Parameter {
    /// A mistake in it.
    pub(in crate::source::sql) fn refused(&self, why: impl AsRef<str>) -> OpenError {
        let message = format!("the parameter {} of the url {}", shown(&self.name), why.as_ref());
        OpenError::at(self.part.clone(), message)
    }

    /// One of some words.
    pub(in crate::source::sql) fn one_of<T: Copy>(
        &self,
        words: &[(&str, T)],
    ) -> Result<T, OpenError> {
        let found = words.iter().find(|(word, _)| *word == self.value);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let mut names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            names.dedup();
            self.refused("has a value that is not known")
                .with_hint(format!("write {}", listed(&names, "or")))
        })
    }

    /// Refuses every value but those that change nothing; `hint` says why.
    pub(in crate::source::sql) fn only(
        &self,
        harmless: &[&str],
        hint: &str,
    ) -> Result<(), OpenError> {
        if harmless.contains(&self.value.as_str()) {
            return Ok(());
        }
        let words: Vec<String> = harmless.iter().map(|word| format!("`{word}`")).collect();
        let why = format!("cannot be anything but {} with this program", words.join(" or "));
        Err(self.refused(why).with_hint(hint))
    }
}

/// Places in a login are not shown.
fn hidden(error: OpenError) -> OpenError {
    OpenError { part: None, ..error }
}

/// A name from a URL that went wrong may be part of a password.
fn shown(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    if name.len() <= 40 && name.chars().all(plain) { format!("`{name}`") } else { String::new() }
}

/// `name`, `name:port`, `[address]:port`, or a percent-encoded folder.
fn host(part: Part<'_>) -> Result<Host, OpenError> {
    if let Some(inner) = part.text.strip_prefix('[') {
        let Some(end) = inner.find(']') else {
            return Err(part
                .error("an address in the url has a `[` that is never closed")
                .with_hint("write an IPv6 address like [::1]:5432"));
        };
        let address = Part { text: &inner[..end], start: part.start + 1 };
        let name = address.decoded("address")?;
        let bare = name.split_once('%').map_or(name.as_str(), |(bare, _zone)| bare);
        if bare.parse::<Ipv6Addr>().is_err() {
            return Err(address
                .error("what stands in brackets in the url is no IPv6 address")
                .with_hint("write one like [::1], and names without brackets"));
        }
        return Ok(Host { name, port: port_of(part.after(end + 2))? });
    }
    if part.text.matches(':').count() > 1 {
        return Err(part
            .error("a host of the url has more than one `:`")
            .with_hint("write an IPv6 address in brackets, like [::1]:5432"));
    }
    let (name, after) = part.split(part.text.find(':').unwrap_or(part.text.len()));
    Ok(Host { name: name.decoded("host")?, port: port_of(after)? })
}

/// The number after a `:`, if there is one.
fn port_of(part: Part<'_>) -> Result<Option<u16>, OpenError> {
    let Some(digits) = part.text.strip_prefix(':') else {
        return match part.text {
            "" => Ok(None),
            _ => Err(part
                .error("expected `:` and a port after an address in brackets")
                .with_hint("write it like [::1]:5432")),
        };
    };
    if digits.is_empty() {
        return Ok(None);
    }
    port_number(digits).map(Some).ok_or_else(|| {
        part.after(1)
            .error("a port of the url is no port")
            .with_hint(format!("ports are 1 to 65535; {SEPARATE_KEYS}"))
    })
}

/// A port that is one.
pub(in crate::source::sql) fn port_number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|port| *port > 0)
}

/// `connect_timeout`, in seconds; none or less means that the time of the fetch is the only limit.
pub(in crate::source::sql) fn connect_timeout(
    address: &mut Address,
    names: &[&str],
) -> Result<Option<std::time::Duration>, OpenError> {
    let Some(parameter) = address.take(names)? else { return Ok(None) };
    let seconds: i32 = parameter.value.parse().map_err(|_| {
        parameter.refused("is no whole number of seconds").with_hint("write it like 10")
    })?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    Ok(seconds.map(|seconds| std::time::Duration::from_secs(seconds.max(2))))
}

#[cfg(test)]
mod tests;
