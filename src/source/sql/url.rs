//! What can be wrong with a database URL, told without repeating the URL: it may hold a password.

use secrecy::ExposeSecret;

use crate::source::sql::SqlConfig;
use crate::source::statement::Dialect;

const SEPARATE_KEYS: &str = "a user or password with special characters is best given in the \
                             separate keys `user` and `password`";

/// Checks what the drivers would take silently, and tells the dialect.
pub(super) fn dialect(config: &SqlConfig) -> Result<Dialect, String> {
    let url = config.url.expose_secret();
    let dialect = Dialect::of_url(url).ok_or(
        "the url begins with no known database: expected postgres://, mysql://, mariadb:// or \
         sqlite://",
    )?;
    if dialect != Dialect::Sqlite {
        let rest = url.split_once("://").ok_or("expected `://` after the database in the url")?.1;
        let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // Else part of a password would be taken for a host and turn up in messages.
        if rest[authority..].contains('@') {
            return Err(format!(
                "the url has an `@` after `/`, `?` or `#`, as if one of these were in its \
                 password: {SEPARATE_KEYS}"
            ));
        }
    }
    let known: &[&str] = match dialect {
        Dialect::Postgres => &[
            "sslmode",
            "ssl-mode",
            "sslrootcert",
            "ssl-root-cert",
            "ssl-ca",
            "sslcert",
            "ssl-cert",
            "sslkey",
            "ssl-key",
            "host",
            "hostaddr",
            "port",
            "dbname",
            "user",
            "password",
            "application_name",
            "options",
        ],
        Dialect::MySql => &[
            "sslmode",
            "ssl-mode",
            "sslca",
            "ssl-ca",
            "charset",
            "collation",
            "sslcert",
            "ssl-cert",
            "sslkey",
            "ssl-key",
            "socket",
        ],
        Dialect::Sqlite => &["mode", "cache", "immutable", "vfs"],
        Dialect::ClickHouse | Dialect::Trino => &[],
    };
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = pair.split('=').next().unwrap_or_default();
        if !known.contains(&key) {
            return Err(format!(
                "the url has a parameter that is not known; the known ones are {}",
                known.join(", ")
            ));
        }
    }
    Ok(dialect)
}

/// The message for a URL that the driver cannot read. Its error may repeat parts of the URL.
pub(super) fn unreadable<E>(_: E) -> String {
    format!("the url is not valid: expected KIND://HOST:PORT/DATABASE; {SEPARATE_KEYS}")
}
