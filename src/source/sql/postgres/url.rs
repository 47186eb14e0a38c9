//! What the URL of a PostgreSQL server says, as libpq reads it: one set of options for each server
//! that may be tried, and what the session has to be. What cannot be had is refused by name. Not here:
//! taking the URL apart (`address`) and connecting (`postgres`).

use std::time::Duration;

use form_urlencoded::Serializer;
use secrecy::ExposeSecret;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::parameters::{FULL, harmless, refuse_the_rest};
use crate::source::OpenError;
use crate::source::sql::SqlConfig;
use crate::source::sql::server::address::{Address, Host, Parameter, connect_timeout, port_number};

/// Parameters as the driver calls them.
type Pairs = Vec<(&'static str, String)>;

/// How a server is reached, and which one will do.
pub(super) struct Servers {
    /// In the order in which they are tried.
    pub(super) options: Vec<PgConnectOptions>,
    /// Of each.
    pub(super) connect_timeout: Option<Duration>,
    /// Which of them will do.
    pub(super) role: Role,
    /// Quoted names of the schemas that unqualified names are looked for in.
    pub(super) search_path: Option<String>,
}

/// Which servers will do: `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

const ROLES: [(&str, Role); 6] = [
    ("any", Role::Any),
    ("read-write", Role::ReadWrite),
    ("read-only", Role::ReadOnly),
    ("primary", Role::Primary),
    ("standby", Role::Standby),
    ("prefer-standby", Role::PreferStandby),
];

/// Those of libpq, and those by which other databases call them.
const SSL_MODES: [(&str, PgSslMode); 11] = [
    ("disable", PgSslMode::Disable),
    ("allow", PgSslMode::Allow),
    ("prefer", PgSslMode::Prefer),
    ("require", PgSslMode::Require),
    ("verify-ca", PgSslMode::VerifyCa),
    ("verify-full", PgSslMode::VerifyFull),
    ("disabled", PgSslMode::Disable),
    ("preferred", PgSslMode::Prefer),
    ("required", PgSslMode::Require),
    ("verify_ca", PgSslMode::VerifyCa),
    ("verify_identity", PgSslMode::VerifyFull),
];

impl Servers {
    pub(super) fn read(config: &SqlConfig) -> Result<Self, OpenError> {
        let mut address = Address::parse(config.url.expose_secret())?;
        harmless(&mut address)?;
        let (modes, tls) = tls(&mut address)?;
        let hosts = hosts(&mut address)?;
        let role = match address.take(&["target_session_attrs"])? {
            Some(parameter) => parameter.one_of(&ROLES)?,
            None => Role::Any,
        };
        let connect_timeout = connect_timeout(&mut address, &["connect_timeout"])?;
        let search_path = search_path(&mut address)?;
        let login = login(&mut address, config)?;
        refuse_the_rest(&mut address)?;
        let mut options = Vec::new();
        for host in hosts {
            for mode in &modes {
                options.push(server(&host, *mode, login.iter().chain(&tls))?);
            }
        }
        Ok(Self { options, connect_timeout, role, search_path })
    }
}

/// The driver's own options, made by its own reader of URLs so that it finds the password file of
/// the right server.
fn server<'p>(
    host: &Host,
    mode: PgSslMode,
    pairs: impl Iterator<Item = &'p (&'static str, String)>,
) -> Result<PgConnectOptions, OpenError> {
    let mut query = Serializer::new(String::new());
    if !host.name.is_empty() {
        query.append_pair("host", &host.name);
    }
    if let Some(port) = host.port {
        query.append_pair("port", &port.to_string());
    }
    for (name, value) in pairs {
        query.append_pair(name, value);
    }
    let url = format!("postgres:///?{}", query.finish());
    let options: PgConnectOptions =
        url.parse().map_err(|_| "the driver cannot use what the url says")?;
    // No named statements and no start-up options: both get lost in poolers.
    Ok(options
        .ssl_mode(mode)
        .statement_cache_capacity(0)
        .extra_float_digits(None)
        .disable_statement_logging())
}

/// Who asks for what, as pairs of the driver. Keys of the source win over the URL.
fn login(address: &mut Address, config: &SqlConfig) -> Result<Pairs, OpenError> {
    let value = |found: Option<Parameter>| found.map(|parameter| parameter.value);
    let user = value(address.take(&["user"])?).or(address.user.take());
    let password = value(address.take(&["password"])?).or(address.password.take());
    let database = value(address.take(&["dbname"])?).or(address.database.take());
    let name = value(address.take(&["application_name"])?);
    let fallback = value(address.take(&["fallback_application_name"])?);
    let name = name.or(fallback).unwrap_or_else(|| "kpi-exporter".to_owned());
    let options = value(address.take(&["options"])?);
    let password = config.password.as_ref().map(|own| own.expose_secret().to_owned()).or(password);
    let pairs = [
        ("user", config.user.clone().or(user)),
        ("password", password),
        ("dbname", database),
        ("application_name", Some(name)),
        ("options", options),
    ];
    Ok(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// Where the servers are: those of the URL, or of `host`, `hostaddr` and `port`, which win over it.
fn hosts(address: &mut Address) -> Result<Vec<Host>, OpenError> {
    let names = address.take(&["host"])?;
    let addresses = address.take(&["hostaddr"])?;
    let ports = address.take(&["port"])?;
    let list = |parameter: &Parameter| -> Vec<String> {
        parameter.value.split(',').map(str::to_owned).collect()
    };
    let mut hosts = std::mem::take(&mut address.hosts);
    if let Some(parameter) = &addresses {
        let is_address = |text: &String| text.parse::<std::net::IpAddr>().is_ok();
        if !list(parameter).iter().all(is_address) {
            return Err(parameter
                .refused("is no IP address")
                .with_hint("write `host` for a name, and addresses without brackets"));
        }
        if names.is_some() {
            return Err(parameter.refused("cannot be had together with `host`").with_hint(
                "keep `host`: its name is also looked for in the server's certificate",
            ));
        }
    }
    if let Some(parameter) = names.as_ref().or(addresses.as_ref()) {
        let port = |at: usize| hosts.get(at).or(hosts.first()).and_then(|host| host.port);
        let given = list(parameter).into_iter().enumerate();
        hosts = given.map(|(at, name)| Host { port: port(at), name }).collect();
    }
    if hosts.is_empty() {
        // The driver knows where the socket usually is.
        hosts.push(Host { name: String::new(), port: None });
    }
    if let Some(host) = hosts.iter().find(|host| host.name.starts_with('@')) {
        let why = format!("abstract sockets like `{}` cannot be had with this program", host.name);
        return Err(OpenError::from(why).with_hint("name the folder of the socket"));
    }
    if let Some(parameter) = ports {
        let given = list(&parameter);
        if given.len() != 1 && given.len() != hosts.len() {
            let why = format!("has {} ports for {} hosts", given.len(), hosts.len());
            return Err(parameter.refused(why).with_hint("give one port, or one for each host"));
        }
        for (at, host) in hosts.iter_mut().enumerate() {
            host.port =
                port(&parameter, given.get(at).or(given.first()).map_or("", String::as_str))?;
        }
    }
    Ok(hosts)
}

fn port(parameter: &Parameter, text: &str) -> Result<Option<u16>, OpenError> {
    match text {
        "" => Ok(None),
        _ => port_number(text)
            .map(Some)
            .ok_or_else(|| parameter.refused("is no port").with_hint("ports are 1 to 65535")),
    }
}

/// The ways to encrypt that are tried one after the other, and what belongs to them.
fn tls(address: &mut Address) -> Result<(Vec<PgSslMode>, Pairs), OpenError> {
    let given = address.take(&["sslmode", "ssl-mode"])?;
    let old = address.take(&["ssl"])?;
    let mode = match (&given, &old) {
        (Some(parameter), _) => parameter.one_of(&SSL_MODES)?,
        (None, Some(parameter)) => {
            parameter.one_of(&[("true", PgSslMode::Require), ("false", PgSslMode::Disable)])?
        }
        (None, None) => PgSslMode::Prefer,
    };
    if let (Some(_), Some(old)) = (&given, &old) {
        return Err(old.refused("says the same as `sslmode`").with_hint("keep `sslmode`"));
    }
    let mut pairs = Vec::new();
    let root = address.take(&["sslrootcert", "ssl-root-cert", "ssl-ca"])?;
    let mode = match &root {
        // As libpq does, to the letter of its manual.
        Some(root) if root.value == "system" => match mode {
            PgSslMode::VerifyFull => mode,
            _ if given.is_none() && old.is_none() => PgSslMode::VerifyFull,
            _ => return Err(root.refused("`system` needs sslmode=verify-full").with_hint(FULL)),
        },
        Some(root) => {
            pairs.push(("sslrootcert", root.value.clone()));
            match mode {
                PgSslMode::Require => PgSslMode::VerifyCa,
                mode => mode,
            }
        }
        None => mode,
    };
    let certificate = address.take(&["sslcert", "ssl-cert"])?;
    let key = address.take(&["sslkey", "ssl-key"])?;
    if let (Some(lonely), None) | (None, Some(lonely)) = (&certificate, &key) {
        return Err(lonely
            .refused("is only one half of a login by certificate")
            .with_hint("give both `sslcert` and `sslkey`"));
    }
    pairs.extend(certificate.map(|parameter| ("sslcert", parameter.value)));
    pairs.extend(key.map(|parameter| ("sslkey", parameter.value)));
    let modes = match mode {
        // The driver would stop after the first.
        PgSslMode::Allow => vec![PgSslMode::Disable, PgSslMode::Require],
        mode => vec![mode],
    };
    Ok((modes, pairs))
}

/// Schemas, which are set in each transaction: poolers lose start-up options.
fn search_path(address: &mut Address) -> Result<Option<String>, OpenError> {
    let Some(parameter) = address.take(&["search_path", "currentSchema"])? else { return Ok(None) };
    let mut schemas = Vec::new();
    for schema in parameter.value.split(',').map(str::trim) {
        let inner = schema.strip_prefix('"').and_then(|schema| schema.strip_suffix('"'));
        let name = match inner {
            Some(inner) => inner.replace("\"\"", "\""),
            // Without quotes PostgreSQL folds case.
            None => schema.to_lowercase(),
        };
        if name.is_empty() {
            return Err(parameter
                .refused("names an empty schema")
                .with_hint("write it like search_path=shop,public"));
        }
        schemas.push(format!("\"{}\"", name.replace('"', "\"\"")));
    }
    Ok(Some(schemas.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Servers, OpenError> {
        Servers::read(&SqlConfig::new(url))
    }

    fn places(url: &str) -> Vec<String> {
        let servers = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let place = |options: &PgConnectOptions| match options.get_socket() {
            Some(socket) => format!("{}:{}", socket.display(), options.get_port()),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        servers.options.iter().map(place).collect()
    }

    #[test]
    fn servers_are_found_as_libpq_finds_them() {
        for (url, expected) in [
            ("postgres://[::1]:55432/shop", vec!["::1:55432"]),
            ("postgres://a,b:6/shop", vec!["a:5432", "b:6"]),
            ("postgres:///shop?host=a,b&port=1,2", vec!["a:1", "b:2"]),
            ("postgres://x:7/shop?host=a", vec!["a:7"]),
            ("postgres://a,b/shop?port=9", vec!["a:9", "b:9"]),
            ("postgres:///shop?hostaddr=::1&port=8", vec!["::1:8"]),
            ("postgres:///shop?host=/run/pg&port=8", vec!["/run/pg:8"]),
            ("postgres://%2Frun%2Fpg:8/shop", vec!["/run/pg:8"]),
        ] {
            assert_eq!(places(url), expected, "{url}");
        }
    }

    #[test]
    fn logins_and_options_are_decoded_and_reach_the_driver() {
        let servers = read(
            "postgresql://r%40x:p%2B+q@h/my%20shop?application_name=a%26b&options=-c%20geqo%3Doff",
        )
        .unwrap();
        let [options] = &servers.options[..] else { panic!("one server") };
        assert_eq!(options.get_username(), "r@x");
        assert_eq!(options.get_database(), Some("my shop"));
        assert_eq!(options.get_application_name(), Some("a&b"));
        assert_eq!(options.get_options(), Some("-c geqo=off"));
        // A `+` is a plus in all parts of such a URL.
        assert!(options.to_url_lossy().as_str().contains(":p%2B%2Bq@"));
    }

    #[test]
    fn sslmode_means_what_libpq_means() {
        let modes = |url: &str| -> Vec<String> {
            let servers = read(url).unwrap();
            servers.options.iter().map(|options| format!("{:?}", options.get_ssl_mode())).collect()
        };
        for (query, expected) in [
            ("", vec!["Prefer"]),
            ("?sslmode=disable", vec!["Disable"]),
            ("?sslmode=allow", vec!["Disable", "Require"]),
            ("?sslmode=require", vec!["Require"]),
            ("?sslmode=require&sslrootcert=/ca.pem", vec!["VerifyCa"]),
            ("?sslmode=verify_identity", vec!["VerifyFull"]),
            ("?sslrootcert=system", vec!["VerifyFull"]),
            ("?ssl=true", vec!["Require"]),
        ] {
            assert_eq!(modes(&format!("postgres://h/x{query}")), expected, "{query}");
        }
    }

    #[test]
    fn schemas_are_quoted_and_folded_as_the_server_does() {
        let path = |value: &str| {
            read(&format!("postgres://h/x?search_path={value}")).unwrap().search_path.unwrap()
        };
        assert_eq!(path("Shop,public"), r#""shop", "public""#);
        assert_eq!(path("%22My%22%22Shop%22,%20$user"), r#""My""Shop", "$user""#);
    }

    #[test]
    fn what_cannot_be_had_is_refused_by_name() {
        for (query, name) in [
            ("channel_binding=require", "channel_binding"),
            ("keepalives=1", "keepalives"),
            ("keepalives_idle=30", "keepalives_idle"),
            ("sslmode=requre", "sslmode"),
            ("sslrootcert=system&sslmode=require", "sslrootcert"),
            ("sslcert=/c.pem", "sslcert"),
            ("connect_timeout=soon", "connect_timeout"),
            ("target_session_attrs=write", "target_session_attrs"),
            ("client_encoding=latin1", "client_encoding"),
            ("schema=shop", "schema"),
            ("search_path=a,,b", "search_path"),
            ("port=1,2", "port"),
            ("port=0", "port"),
            ("hostaddr=name", "hostaddr"),
            ("host=a&hostaddr=127.0.0.1", "hostaddr"),
            ("service=shop", "service"),
            ("sslmode=require&ssl=true", "ssl"),
            ("conect_timeout=5", "conect_timeout"),
            ("Geheim=5", "Geheim"),
        ] {
            let url = format!("postgres://h/x?{query}");
            let error = read(&url).err().unwrap_or_else(|| panic!("{query} is taken"));
            assert!(
                error.message.contains(&format!("the parameter `{name}` of the url")),
                "{error}"
            );
            assert!(error.hint.is_some(), "{error}");
            assert_eq!(error.part.map(|part| url[part].to_owned()).as_deref(), Some(name));
        }
    }
}
