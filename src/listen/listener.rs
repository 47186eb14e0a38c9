//! Sockets that listen: bound here, or handed over by a service manager as in `sd_listen_fds(3)`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use listenfd::ListenFd;
use rustix::net::sockopt::{set_ipv6_v6only, socket_acceptconn};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream, lookup_host};

use super::ListenAddress;

/// Connections that wait to be accepted, as far as the system allows.
const BACKLOG: u32 = 1024;

/// More sockets than a service manager has for one program.
const MOST_SOCKETS: usize = 64;

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// On a port.
    Tcp(TcpListener),
    /// In the file system, or abstract.
    Unix(UnixListener),
}

/// Somebody who connected.
#[derive(Debug)]
pub enum Stream {
    /// From an address.
    Tcp(TcpStream, IpAddr),
    /// From this machine.
    Unix(UnixStream),
}

/// Where a listener can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// On a port.
    Tcp(SocketAddr),
    /// At a path, or nowhere that has a name.
    Unix(Option<PathBuf>),
}

impl Where {
    /// For people: an address that begins with the scheme.
    pub fn shown(&self, scheme: &str) -> String {
        match self {
            Self::Tcp(address) => format!("{scheme}://{address}/"),
            Self::Unix(Some(path)) => format!("{scheme} on unix:{}", path.display()),
            Self::Unix(None) => format!("{scheme} on a socket without a path"),
        }
    }
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn place(&self) -> io::Result<Where> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().map(Where::Tcp),
            Self::Unix(unix) => {
                let path = unix.local_addr()?.as_pathname().map(Path::to_owned);
                Ok(Where::Unix(path))
            }
        }
    }

    /// Has the runtime that this is called in wake whoever accepts.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn into_this_runtime(self) -> io::Result<Self> {
        match self {
            Self::Tcp(tcp) => TcpListener::from_std(tcp.into_std()?).map(Self::Tcp),
            Self::Unix(unix) => UnixListener::from_std(unix.into_std()?).map(Self::Unix),
        }
    }

    /// Accepts one connection.
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self {
            Self::Tcp(tcp) => {
                tcp.poll_accept(context).map_ok(|(stream, peer)| Stream::Tcp(stream, peer.ip()))
            }
            Self::Unix(unix) => {
                unix.poll_accept(context).map_ok(|(stream, _)| Stream::Unix(stream))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self::Tcp(tcp)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(tcp) => tcp.as_fd(),
            Self::Unix(unix) => unix.as_fd(),
        }
    }
}

/// Listens on an address.
///
/// # Errors
/// When it is taken, not this machine's, or a name that nobody knows.
pub async fn bind(address: &ListenAddress) -> io::Result<Listener> {
    match address {
        ListenAddress::Unix(path) => bind_unix(path).map(Listener::Unix),
        ListenAddress::Tcp { host: None, port } => bind_all(*port).map(Listener::Tcp),
        ListenAddress::Tcp { host: Some(host), port } => {
            bind_named(host, *port).await.map(Listener::Tcp)
        }
    }
}

/// All addresses of IPv6 and IPv4; of IPv4 where the machine has no other.
fn bind_all(port: u16) -> io::Result<TcpListener> {
    match bind_tcp((Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(problem) if problem.kind() != io::ErrorKind::AddrInUse => {
            bind_tcp((Ipv4Addr::UNSPECIFIED, port).into())
        }
        bound => bound,
    }
}

/// The first address of a name that can be had, those of IPv4 first.
async fn bind_named(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let mut bound = Err(io::Error::new(io::ErrorKind::NotFound, "this name has no address"));
    for address in addresses {
        bound = bind_tcp(address);
        if bound.is_ok() {
            break;
        }
    }
    bound
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() {
        let socket = TcpSocket::new_v6()?;
        set_ipv6_v6only(&socket, false)?;
        socket
    } else {
        TcpSocket::new_v4()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A socket that a program left behind, to which nobody answers, makes room.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(problem) if problem.kind() == io::ErrorKind::AddrInUse && is_left_behind(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

fn is_left_behind(path: &Path) -> bool {
    let is_socket = path.symlink_metadata().is_ok_and(|found| found.file_type().is_socket());
    let nobody = |problem: io::Error| problem.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && std::os::unix::net::UnixStream::connect(path).is_err_and(nobody)
}

/// The sockets that the service manager hands over (`LISTEN_FDS`), when they are meant for this
/// process (`LISTEN_PID`). To be called once, inside the runtime.
///
/// # Errors
/// A socket that does not listen for connections of TCP or in the file system.
pub fn handed_over(pid: Option<&str>, count: Option<&str>) -> Result<Vec<Listener>, NotUsable> {
    let is_meant = pid.is_some_and(|pid| pid.parse() == Ok(std::process::id()));
    let Some(text) = count.filter(|_| is_meant) else { return Ok(Vec::new()) };
    let count: usize = text
        .parse()
        .ok()
        .filter(|count| *count <= MOST_SOCKETS)
        .ok_or_else(|| NotUsable(format!("expected a number up to {MOST_SOCKETS}")))?;
    let mut sockets = ListenFd::from_env();
    (0..count).map(|at| take(&mut sockets, at)).collect()
}

/// Sockets of the service manager that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("LISTEN_FDS: {0}")]
pub struct NotUsable(String);

fn take(sockets: &mut ListenFd, at: usize) -> Result<Listener, NotUsable> {
    let wrong = |problem: &dyn fmt::Display| {
        NotUsable(format!(
            "socket {} of the service manager: {problem} (hint: `ListenStream=` of a socket unit gives \
             one that can be served)",
            at + 1
        ))
    };
    let listener = match sockets.take_unix_listener(at) {
        Ok(Some(unix)) => unix
            .set_nonblocking(true)
            .and_then(|()| UnixListener::from_std(unix))
            .map(Listener::Unix),
        Ok(None) => return Err(wrong(&"it is not there")),
        Err(_) => match sockets.take_tcp_listener(at) {
            Ok(Some(tcp)) => tcp
                .set_nonblocking(true)
                .and_then(|()| TcpListener::from_std(tcp))
                .map(Listener::Tcp),
            Ok(None) => return Err(wrong(&"it is not there")),
            Err(problem) => return Err(wrong(&problem)),
        },
    };
    let listener = listener.map_err(|problem| wrong(&problem))?;
    match socket_acceptconn(&listener) {
        Ok(true) => Ok(listener),
        Ok(false) => Err(wrong(&"it does not listen")),
        Err(problem) => Err(wrong(&problem)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ListenAddress {
        text.parse().unwrap()
    }

    async fn reached(listener: &Listener, at: SocketAddr) -> IpAddr {
        let connecting = TcpStream::connect(at);
        let accepting = std::future::poll_fn(|context| listener.poll_accept(context));
        let (connected, accepted) = tokio::join!(connecting, accepting);
        connected.unwrap();
        match accepted.unwrap() {
            Stream::Tcp(_, peer) => peer.to_canonical(),
            Stream::Unix(_) => panic!("a port was asked for"),
        }
    }

    #[tokio::test]
    async fn without_a_host_all_addresses_are_listened_on() {
        let listener = bind(&address(":0")).await.unwrap();
        let Where::Tcp(at) = listener.place().unwrap() else { panic!("{listener:?}") };
        assert!(at.ip().is_unspecified());
        let local: SocketAddr = (Ipv4Addr::LOCALHOST, at.port()).into();
        assert_eq!(reached(&listener, local).await, IpAddr::from(Ipv4Addr::LOCALHOST));
        let taken = bind(&address(&format!(":{}", at.port()))).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_name_is_looked_up_and_its_address_of_ipv4_comes_first() {
        let listener = bind(&address("localhost:0")).await.unwrap();
        let Where::Tcp(at) = listener.place().unwrap() else { panic!("{listener:?}") };
        assert_eq!(at.ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
        assert!(bind(&address("no-such-host.invalid:0")).await.is_err());
    }

    #[tokio::test]
    async fn a_socket_without_its_program_makes_room_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kpi.sock");
        let at = address(&format!("unix:{}", path.display()));
        let first = bind(&at).await.unwrap();
        assert_eq!(first.place().unwrap(), Where::Unix(Some(path.clone())));
        let taken = bind(&at).await.unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse, "somebody answers");
        drop(first);
        bind(&at).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert!(bind(&at).await.is_err());
        assert_eq!(crate::limits::read_capped(&path, 99).unwrap(), b"precious");
    }

    #[tokio::test]
    async fn sockets_for_somebody_else_are_left_alone() {
        let own = std::process::id().to_string();
        for (pid, count) in
            [(None, None), (None, Some("1")), (Some("1"), Some("1")), (Some(&*own), None)]
        {
            assert_eq!(handed_over(pid, count).unwrap().len(), 0, "{pid:?} {count:?}");
        }
        assert_eq!(handed_over(Some(&own), Some("0")).unwrap().len(), 0);
        for count in ["", "-1", "one", "65", "99999999999999999999"] {
            let problem = handed_over(Some(&own), Some(count)).unwrap_err().to_string();
            assert!(problem.starts_with("LISTEN_FDS: expected a number"), "{problem}");
        }
    }
}
