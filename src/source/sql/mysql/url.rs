//! What the URL of a MySQL or MariaDB server says: one set of options for each server that may be
//! tried. What cannot be had is refused by name. Not here: taking the URL apart (`address`) and
//! connecting (`mysql`).

use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::source::OpenError;
use crate::source::sql::SqlConfig;
use crate::source::sql::server::address::{Address, Host, Parameter, connect_timeout};

/// How a server is reached.
pub(super) struct Servers {
    /// In the order in which they are tried.
    pub(super) options: Vec<MySqlConnectOptions>,
    /// Of each.
    pub(super) connect_timeout: Option<Duration>,
}

/// Prepared statements that a connection keeps; the server takes 16,382 in all.
const STATEMENTS: usize = 100;

/// Those of MySQL, and those by which PostgreSQL calls them.
const SSL_MODES: [(&str, MySqlSslMode); 10] = [
    ("disabled", MySqlSslMode::Disabled),
    ("preferred", MySqlSslMode::Preferred),
    ("required", MySqlSslMode::Required),
    ("verify_ca", MySqlSslMode::VerifyCa),
    ("verify_identity", MySqlSslMode::VerifyIdentity),
    ("disable", MySqlSslMode::Disabled),
    ("prefer", MySqlSslMode::Preferred),
    ("require", MySqlSslMode::Required),
    ("verify-ca", MySqlSslMode::VerifyCa),
    ("verify-full", MySqlSslMode::VerifyIdentity),
];

const KNOWN: [&str; 8] = [
    "ssl-mode",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "socket",
    "connect_timeout",
    "charset",
    "collation",
];

/// What other drivers know and this program cannot do, with the way out.
const NOT_HERE: [(&str, &str); 18] = [
    ("timezone", ZONE),
    ("time-zone", ZONE),
    ("time_zone", ZONE),
    ("serverTimezone", ZONE),
    ("loc", ZONE),
    ("user", "write the user before the `@`, or as a key of the source"),
    ("password", "write `password` as a key of the source"),
    ("tls", "write `ssl-mode=…`"),
    ("useSSL", "write `ssl-mode=…`"),
    ("requireSSL", "write `ssl-mode=required`"),
    ("verifyServerCertificate", "write `ssl-mode=verify_ca`"),
    ("parseTime", "delete it: times are always read as times"),
    ("allowPublicKeyRetrieval", "delete it: TLS protects the password"),
    ("compress", "delete it: the protocol is not compressed"),
    ("readTimeout", "write `timeout` as a key of the source"),
    ("read_timeout", "write `timeout` as a key of the source"),
    ("socketTimeout", "write `timeout` as a key of the source"),
    ("statement-cache-capacity", "delete it: statements are not kept"),
];

const ZONE: &str = "delete it: sessions run in the zone of the calendar";

impl Servers {
    pub(super) fn read(config: &SqlConfig) -> Result<Self, OpenError> {
        let mut address = Address::parse(config.url.expose_secret())?;
        let base = tls(&mut address, MySqlConnectOptions::new())?;
        let base = text(&mut address, base)?;
        let socket = address.take(&["socket", "unix_socket"])?;
        let connect_timeout =
            connect_timeout(&mut address, &["connect_timeout", "connect-timeout"])?;
        address.finish(&KNOWN, &NOT_HERE)?;
        let base = login(base, &address, config);
        let mut hosts = address.hosts;
        match &socket {
            Some(socket) if hosts.len() > 1 => {
                return Err(socket
                    .refused("is one place for several hosts")
                    .with_hint("name the hosts or the socket"));
            }
            Some(socket) => hosts = vec![Host { name: socket.value.clone(), port: None }],
            None => {}
        }
        if hosts.is_empty() {
            hosts.push(Host { name: "localhost".to_owned(), port: None });
        }
        if let Some(socket) = socket.filter(|socket| !socket.value.starts_with('/')) {
            return Err(socket
                .refused("is no path")
                .with_hint("write the whole path of the socket"));
        }
        // The driver would change the meaning of `||` and set the zone to UTC.
        let options = hosts.iter().map(|host| {
            server(base.clone(), host)
                .pipes_as_concat(false)
                .no_engine_substitution(false)
                .timezone(None)
                .statement_cache_capacity(STATEMENTS)
                .disable_statement_logging()
        });
        Ok(Self { options: options.collect(), connect_timeout })
    }
}

fn server(options: MySqlConnectOptions, host: &Host) -> MySqlConnectOptions {
    if host.name.starts_with('/') {
        return options.socket(&host.name);
    }
    let name = if host.name.is_empty() { "localhost" } else { &host.name };
    let options = options.host(name);
    match host.port {
        Some(port) => options.port(port),
        None => options,
    }
}

/// Keys of the source win over the URL.
fn login(
    mut options: MySqlConnectOptions,
    address: &Address,
    config: &SqlConfig,
) -> MySqlConnectOptions {
    if let Some(user) = config.user.as_ref().or(address.user.as_ref()) {
        options = options.username(user);
    }
    let own = config.password.as_ref().map(ExposeSecret::expose_secret);
    if let Some(password) = own.or(address.password.as_deref()) {
        options = options.password(password);
    }
    match &address.database {
        Some(database) => options.database(database),
        None => options,
    }
}

fn tls(
    address: &mut Address,
    mut options: MySqlConnectOptions,
) -> Result<MySqlConnectOptions, OpenError> {
    if let Some(mode) = address.take(&["ssl-mode", "sslmode", "sslMode", "ssl_mode"])? {
        let folded = Parameter { value: mode.value.to_lowercase(), ..mode };
        options = options.ssl_mode(folded.one_of(&SSL_MODES)?);
    }
    if let Some(authority) = address.take(&["ssl-ca", "sslca", "ssl_ca"])? {
        options = options.ssl_ca(authority.value);
    }
    let certificate = address.take(&["ssl-cert", "sslcert", "ssl_cert"])?;
    let key = address.take(&["ssl-key", "sslkey", "ssl_key"])?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            options = options.ssl_client_cert(certificate.value).ssl_client_key(key.value);
        }
        (Some(lonely), None) | (None, Some(lonely)) => {
            return Err(lonely
                .refused("is only one half of a login by certificate")
                .with_hint("give both `ssl-cert` and `ssl-key`"));
        }
        (None, None) => {}
    }
    Ok(options)
}

/// Texts are read as UTF-8, whatever tables are written in.
fn text(
    address: &mut Address,
    mut options: MySqlConnectOptions,
) -> Result<MySqlConnectOptions, OpenError> {
    if let Some(charset) = address.take(&["charset"])? {
        charset.only(&["utf8mb4", "utf8mb3", "utf8"], "the server converts what tables hold")?;
        options = options.charset(&charset.value);
    }
    if let Some(collation) = address.take(&["collation"])? {
        let word = collation.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !word || !collation.value.starts_with("utf8") {
            return Err(collation
                .refused("is no collation of UTF-8")
                .with_hint("write one like utf8mb4_general_ci"));
        }
        options = options.collation(&collation.value);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Servers, OpenError> {
        Servers::read(&SqlConfig::new(url))
    }

    #[test]
    fn servers_are_hosts_addresses_and_sockets() {
        for (url, expected) in [
            ("mysql://[::1]:53306/shop", vec!["::1:53306"]),
            ("mariadb://a,b:6/shop", vec!["a:3306", "b:6"]),
            ("mysql:///shop?socket=/run/my.sock", vec!["/run/my.sock"]),
            ("mysql://%2Frun%2Fmy.sock/shop", vec!["/run/my.sock"]),
            ("mysql://user@/shop", vec!["localhost:3306"]),
        ] {
            let servers = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            let place = |options: &MySqlConnectOptions| match options.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            };
            assert_eq!(servers.options.iter().map(place).collect::<Vec<_>>(), expected, "{url}");
        }
    }

    #[test]
    fn ssl_modes_of_both_worlds_are_known() {
        for (mode, expected) in [
            ("REQUIRED", "Required"),
            ("disable", "Disabled"),
            ("prefer", "Preferred"),
            ("verify-full", "VerifyIdentity"),
            ("VERIFY_CA", "VerifyCa"),
        ] {
            let servers = read(&format!("mysql://h/x?ssl-mode={mode}")).unwrap();
            let found = format!("{:?}", servers.options[0].get_ssl_mode());
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused_by_name() {
        for (query, name) in [
            ("sslmode=allow", "sslmode"),
            ("ssl-mode=required&sslmode=required", "sslmode"),
            ("timezone=UTC", "timezone"),
            ("charset=latin1", "charset"),
            ("collation=latin1_bin", "collation"),
            ("connect_timeout=1s", "connect_timeout"),
            ("socket=my.sock", "socket"),
            ("ssl-cert=/c.pem", "ssl-cert"),
            ("tls=true", "tls"),
            ("user=me", "user"),
            ("unknown=1", "unknown"),
        ] {
            let url = format!("mysql://h/x?{query}");
            let error = read(&url).err().unwrap_or_else(|| panic!("{query} is taken"));
            assert!(
                error.message.contains(&format!("the parameter `{name}` of the url")),
                "{error}"
            );
            assert_eq!(error.part.map(|part| url[part].to_owned()).as_deref(), Some(name));
        }
    }
}
