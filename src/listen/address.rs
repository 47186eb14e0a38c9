//! An address to listen on, as a flag or the configuration has it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::reader::forms::FromText;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// A port of one host, or of all addresses that the machine has.
    Tcp {
        /// Name or address; none for all.
        host: Option<String>,
        /// 0: whichever is free.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Where somebody on the same machine connects to what listens on it. `None` where the port is not
    /// known before.
    pub fn to_connect(&self) -> Option<Self> {
        let Self::Tcp { host, port } = self else { return Some(self.clone()) };
        let host = match host.as_deref().map(|host| (host, host.parse())) {
            None => Ipv4Addr::LOCALHOST.to_string(),
            Some((_, Ok(IpAddr::V4(all)))) if all.is_unspecified() => {
                Ipv4Addr::LOCALHOST.to_string()
            }
            Some((_, Ok(IpAddr::V6(all)))) if all.is_unspecified() => {
                Ipv6Addr::LOCALHOST.to_string()
            }
            Some((host, _)) => host.to_owned(),
        };
        (*port != 0).then_some(Self::Tcp { host: Some(host), port: *port })
    }
}

impl FromText for ListenAddress {
    const EXPECTED: &'static str = "an address and port like 127.0.0.1:9877, :9877 for all addresses, or unix:/path/of/a.socket";

    fn from_text(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return (!path.is_empty()).then(|| Self::Unix(path.into()));
        }
        let (host, port) = text.rsplit_once(':')?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => Some(rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.to_string()),
            None if host.is_empty() => None,
            None if is_name(host) => Some(host.to_owned()),
            None => return None,
        };
        Some(Self::Tcp { host, port })
    }
}

/// What a name of a host, or an address of IPv4, consists of.
fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.len() <= 253 && text.bytes().all(known)
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_text(text).ok_or_else(|| format!("expected {}", Self::EXPECTED))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host: None, port } => write!(f, ":{port}"),
            Self::Tcp { host: Some(host), port } if host.contains(':') => {
                write!(f, "[{host}]:{port}")
            }
            Self::Tcp { host: Some(host), port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_shown_again() {
        for (text, connect) in [
            ("127.0.0.1:9877", Some("127.0.0.1:9877")),
            ("0.0.0.0:9877", Some("127.0.0.1:9877")),
            (":9877", Some("127.0.0.1:9877")),
            ("[::]:9877", Some("[::1]:9877")),
            ("[2001:db8::7]:80", Some("[2001:db8::7]:80")),
            ("localhost:65535", Some("localhost:65535")),
            ("kpis_1.example-a.com:1", Some("kpis_1.example-a.com:1")),
            ("unix:/run/kpi.sock", Some("unix:/run/kpi.sock")),
            ("127.0.0.1:0", None),
            (":0", None),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(address.to_connect().map(|at| at.to_string()).as_deref(), connect, "{text}");
        }
        let slashes: ListenAddress = "unix:///run/kpi.sock".parse().unwrap();
        assert_eq!(slashes.to_string(), "unix:/run/kpi.sock");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":",
            "9877",
            "localhost",
            "localhost:",
            "localhost:http",
            "localhost:65536",
            "localhost:+80",
            "localhost:-1",
            "::1:9877",
            "[::1]",
            "[::1:9877",
            "[]:9877",
            "[localhost]:9877",
            "http://localhost:9877",
            "local host:9877",
            "unix:",
            "unix://",
            "a/b:9877",
            "user@host:9877",
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
