//! The parameters of libpq that this program has no use for: some may say what is true anyway, the rest
//! is refused by name, with the way out. Not here: parameters that mean something (`url`).

use crate::source::OpenError;
use crate::source::sql::server::address::Address;

/// What is understood, for hints.
const KNOWN: [&str; 20] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "fallback_application_name",
    "connect_timeout",
    "options",
    "search_path",
    "currentSchema",
    "target_session_attrs",
    "client_encoding",
    "channel_binding",
    "ssl",
];

/// What libpq and other drivers know and this program cannot do, with the way out.
const NOT_HERE: [(&str, &str); 22] = [
    ("keepalives_idle", LIMITED),
    ("keepalives_interval", LIMITED),
    ("keepalives_count", LIMITED),
    ("tcp_user_timeout", LIMITED),
    ("passfile", "write `password: ${file:PATH}` as a key of the source"),
    ("service", "write host, database and user into the url"),
    ("servicefile", "write host, database and user into the url"),
    ("require_auth", "delete it: the server decides how a login is proved"),
    ("sslpassword", "use a key without a password, readable by this program alone"),
    ("sslcrl", "delete it: revoked certificates are not looked up"),
    ("sslcrldir", "delete it: revoked certificates are not looked up"),
    ("sslcertmode", "delete it: a certificate is sent when `sslcert` is given"),
    ("ssl_max_protocol_version", "delete it: the newest version that both sides know is used"),
    ("krbsrvname", "Kerberos is not available: use a user with a password or a certificate"),
    ("gsslib", "Kerberos is not available: use a user with a password or a certificate"),
    ("gssdelegation", "Kerberos is not available: use a user with a password or a certificate"),
    ("requirepeer", "delete it, or use TLS with sslmode=verify-full"),
    ("replication", "delete it: sources are only asked with SELECT"),
    ("schema", "write `search_path=…`"),
    ("pgbouncer", "delete it: poolers need no setting here"),
    ("statement_timeout", "write `timeout` as a key of the source"),
    ("pool_timeout", "write `timeout` as a key of the source"),
];

const LIMITED: &str = "delete it: the `timeout` of the source limits every fetch, and idle \
                       connections are tried before they are used";

pub(super) const FULL: &str = "write sslmode=verify-full, which tells the server from all others";

/// Refuses what nobody has taken out of the URL.
pub(super) fn refuse_the_rest(address: &mut Address) -> Result<(), OpenError> {
    address.finish(&KNOWN, &NOT_HERE)
}

/// Parameters that may say what is true anyway, and nothing else.
pub(super) fn harmless(address: &mut Address) -> Result<(), OpenError> {
    let kerberos = "Kerberos is not available: use a user with a password or a certificate";
    let newer = "TLS 1.2 is the oldest version that is used; the server can insist on a newer one";
    let order = "servers are tried in the order in which they stand";
    for (name, values, hint) in [
        ("channel_binding", &["disable", "prefer"][..], FULL),
        ("client_encoding", &["utf8", "UTF8", "utf-8", "UTF-8", "auto"], "texts are read as UTF-8"),
        ("gssencmode", &["disable", "prefer"], kerberos),
        ("keepalives", &["0"], LIMITED),
        ("load_balance_hosts", &["disable"], order),
        ("sslcompression", &["0"], "delete it: TLS does not compress any more"),
        ("sslsni", &["1"], "delete it: the name of the server is always sent"),
        (
            "sslnegotiation",
            &["postgres"],
            "delete it: the server is asked first whether it has TLS",
        ),
        ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"], newer),
    ] {
        if let Some(parameter) = address.take(&[name])? {
            parameter.only(values, hint)?;
        }
    }
    Ok(())
}
