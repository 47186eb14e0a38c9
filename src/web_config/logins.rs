//! Who may read: names and passwords against their bcrypt hashes. A hash takes tens of milliseconds by
//! design, so what was right once is remembered, as a MAC under a key of this process: neither the
//! password nor anything that could be tried offline is kept. Only right logins are remembered: guesses
//! push nobody out, and nothing that a guesser sends can stand for somebody else's login.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

/// Right logins that are remembered for each user: passwords do not have many forms.
const REMEMBERED: usize = 4;

/// Logins that may wait for their hash; more are refused at once.
const WAITING: usize = 32;

/// Names, hashes, and which logins are known to be right.
pub struct Logins {
    users: BTreeMap<String, SecretString>,
    key: hmac::Key,
    known: Mutex<BTreeMap<String, Vec<hmac::Tag>>>,
    /// One hash at a time: they cost processor time, which scrapes and polls need.
    hashing: Semaphore,
    waiting: Semaphore,
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

/// A name and a password as a client gave them.
pub struct Login {
    /// Name of the user.
    pub user: String,
    /// What is to be checked.
    pub password: SecretString,
}

impl Login {
    /// Reads the `Authorization` header of basic authentication.
    pub fn from_header(value: &[u8]) -> Option<Self> {
        use base64::Engine as _;
        let (scheme, rest) = value.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim_ascii()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Self { user: user.to_owned(), password: password.into() })
    }
}

impl Logins {
    /// Users with hashes that have been checked by [`is_hash`]; `None` when there are none, or when the
    /// system has no randomness.
    pub(super) fn new(users: BTreeMap<String, SecretString>) -> Option<Self> {
        if users.is_empty() {
            return None;
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        let (known, hashing) = (Mutex::default(), Semaphore::new(1));
        Some(Self { users, key, known, hashing, waiting: Semaphore::new(WAITING) })
    }

    /// Whether a login is right. A name that nobody has takes as long as one with a wrong password.
    pub async fn admit(&self, login: Login) -> bool {
        let Login { user, password } = login;
        let known = self.users.get(&user);
        let Some(hash) = known.or_else(|| self.users.values().next()).cloned() else {
            return false;
        };
        let tag = self.tag(&user, hash.expose_secret(), password.expose_secret());
        if known.is_some() && self.remembers(&user, &tag) {
            return true;
        }
        let Ok(_waits) = self.waiting.try_acquire() else { return false };
        // Never closed.
        let Ok(_alone) = self.hashing.acquire().await else { return false };
        let is_known = known.is_some();
        let check = move || bcrypt::verify(password.expose_secret(), hash.expose_secret());
        let is_right = matches!(tokio::task::spawn_blocking(check).await, Ok(Ok(true)));
        let admitted = is_right && is_known;
        if admitted {
            self.remember(user, tag);
        }
        admitted
    }

    /// Each part with its length, so that no two logins have the same text.
    fn tag(&self, user: &str, hash: &str, password: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user, hash, password] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign()
    }

    fn remembers(&self, user: &str, tag: &hmac::Tag) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |have: &hmac::Tag| bool::from(have.as_ref().ct_eq(tag.as_ref()));
        known.get(user).is_some_and(|tags| tags.iter().any(is_same))
    }

    fn remember(&self, user: String, tag: hmac::Tag) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let tags = known.entry(user).or_default();
        tags.truncate(REMEMBERED - 1);
        tags.insert(0, tag);
    }
}

/// Whether a text is a bcrypt hash.
pub(super) fn is_hash(text: &str) -> bool {
    text.parse::<bcrypt::HashParts>().is_ok_and(|parts| (4..=31).contains(&parts.get_cost()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(users: &[(&str, &str)]) -> Logins {
        let hash = |password: &str| SecretString::from(bcrypt::hash(password, 4).unwrap());
        Logins::new(
            users.iter().map(|(user, password)| ((*user).to_owned(), hash(password))).collect(),
        )
        .unwrap()
    }

    async fn admits(logins: &Logins, user: &str, password: &str) -> bool {
        logins.admit(Login { user: user.to_owned(), password: password.into() }).await
    }

    #[tokio::test]
    async fn the_right_password_is_admitted_again_and_again_and_no_other() {
        let logins = logins(&[("alice", "secret"), ("bob", "other")]);
        for _ in 0..3 {
            assert!(admits(&logins, "alice", "secret").await);
            assert!(admits(&logins, "bob", "other").await);
            for (user, password) in [
                ("alice", "other"),
                ("bob", "secret"),
                ("alice", ""),
                ("", ""),
                ("carol", "secret"),
            ] {
                assert!(!admits(&logins, user, password).await, "{user}:{password}");
            }
        }
    }

    /// CVE-2022-46146: parts that run into each other made the memory of a failed login stand for
    /// another one.
    #[tokio::test]
    async fn no_login_stands_for_another() {
        let logins = logins(&[("alice", "secret")]);
        let hash = logins.users["alice"].expose_secret().to_owned();
        assert!(!admits(&logins, &format!("alice{hash}"), "secret").await);
        assert!(!admits(&logins, "alice", &format!("{hash}secret")).await);
        assert!(admits(&logins, "alice", "secret").await);
        assert!(!admits(&logins, &format!("alice{hash}secret"), "").await);
        assert_ne!(logins.tag("ab", "c", "d").as_ref(), logins.tag("a", "bc", "d").as_ref());
        assert_ne!(logins.tag("a", "b", "cd").as_ref(), logins.tag("a", "bc", "d").as_ref());
    }

    #[tokio::test]
    async fn guesses_push_no_right_login_out() {
        let logins = logins(&[("alice", "secret")]);
        assert!(admits(&logins, "alice", "secret").await);
        for guess in 0..20 {
            assert!(!admits(&logins, "alice", &guess.to_string()).await);
        }
        // All who hash are busy: what is remembered needs none.
        let _busy = logins.waiting.acquire_many(u32::try_from(WAITING).unwrap()).await.unwrap();
        assert!(admits(&logins, "alice", "secret").await);
        assert!(!admits(&logins, "alice", "guess").await);
    }

    #[test]
    fn headers_are_read_as_the_standard_has_them() {
        let read = |text: &str| Login::from_header(text.as_bytes()).map(|login| login.user);
        assert_eq!(read("Basic YWxpY2U6c2VjcmV0"), Some("alice".to_owned()));
        assert_eq!(read("bAsIc  YWxpY2U6"), Some("alice".to_owned()));
        for text in ["", "Basic", "Basic ", "Bearer YWxpY2U6c2VjcmV0", "Basic YWxpY2U", "Basic *"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn hashes_are_told_from_passwords() {
        assert!(is_hash("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"));
        for text in [
            "",
            "secret",
            "$2y$10$short",
            "$1$abc$def",
            "$2y$99$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG",
        ] {
            assert!(!is_hash(text), "{text}");
        }
    }
}
