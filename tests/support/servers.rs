//! Real database servers for one test: started on a free loopback port in a directory of their own,
//! stopped by process id when dropped.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What a person would choose to annoy URL parsers.
pub(crate) const PASSWORD: &str = "p@ss:/w%rd ü";

/// How long a server may take to answer on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    pub(crate) port: u16,
    directory: TempDir,
    command: Box<dyn Fn(u16) -> Command + Send>,
    child: Option<Child>,
    stop_signal: &'static str,
}

/// Logs in as soon as the server takes logins: it listens a little earlier.
pub(crate) async fn login<O: ConnectOptions>(options: &O) -> O::Connection
where
    O::Connection: Sized,
{
    let started = Instant::now();
    loop {
        match options.connect().await {
            Ok(connection) => return connection,
            Err(error) => assert!(started.elapsed() < PATIENCE, "no login: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// PostgreSQL with the superuser `kpi`, who logs in with [`PASSWORD`].
pub(crate) async fn postgres() -> Server {
    let bin = postgres_bin();
    let directory = tempfile::tempdir().unwrap();
    let owner = Owner::of(&directory, "postgres");
    let path = directory.path().to_owned();
    let password = path.join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    owner.give(&password);
    let mut initdb = owner.command(&bin.join("initdb"));
    initdb.arg("-D").arg(path.join("data")).arg("--pwfile").arg(&password);
    run(initdb.args(["-U", "kpi", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "-N"]));
    let command = move |port: u16| {
        let mut command = owner.command(&bin.join("postgres"));
        command.arg("-D").arg(path.join("data")).arg("-k").arg(&path);
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1,::1"]);
        command.args(["-c", "fsync=off", "-c", "timezone=UTC"]);
        command
    };
    Server::start(directory, Box::new(command), "QUIT").await
}

/// MariaDB with the superuser `root`, who logs in on the socket without password, and no zones.
pub(crate) async fn mariadb() -> Server {
    let directory = tempfile::tempdir().unwrap();
    let owner = Owner::of(&directory, "mysql");
    let path = directory.path().to_owned();
    let mut install = owner.command(&find(&["/usr/bin", "/usr/local/bin"], "mariadb-install-db"));
    // Each deletes what another has in a common folder for temporary files.
    let temporary = format!("--tmpdir={}", path.display());
    install.arg("--no-defaults").arg(format!("--datadir={}/data", path.display())).arg(&temporary);
    run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
    let server = find(&["/usr/sbin", "/usr/local/sbin", "/usr/bin"], "mariadbd");
    let command = move |port: u16| {
        let mut command = owner.command(&server);
        command.arg("--no-defaults").arg(format!("--datadir={}/data", path.display()));
        command.arg(&temporary);
        command.arg(format!("--socket={}/socket", path.display()));
        command.arg(format!("--pid-file={}/pid", path.display()));
        command.args([format!("--port={port}"), "--bind-address=127.0.0.1,::1".into()]);
        command.args(["--skip-log-bin", "--innodb-buffer-pool-size=16M", "--skip-name-resolve"]);
        command
    };
    Server::start(directory, Box::new(command), "TERM").await
}

impl Server {
    async fn start(
        directory: TempDir,
        command: Box<dyn Fn(u16) -> Command + Send>,
        stop_signal: &'static str,
    ) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut server = Self { port, directory, command, child: None, stop_signal };
        server.run().await;
        server
    }

    /// Starts the server again on the same port and waits until it listens.
    pub(crate) async fn run(&mut self) {
        let log = self.directory.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = (self.command)(self.port);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = self.child.insert(command.spawn().unwrap());
        let listening = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                assert!(child.try_wait().unwrap().is_none(), "the server gave up at once");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listening).await.expect("the server does not listen");
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(self.stop_signal, child.id());
            child.wait().unwrap();
        }
    }

    /// A connection of PostgreSQL's superuser to a database.
    pub(crate) async fn superuser(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port);
        login(&options.username("kpi").password(PASSWORD).database(database)).await
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to one process.
pub(crate) fn signal(name: &str, pid: u32) {
    run(Command::new("kill").args([format!("-{name}"), pid.to_string()]));
}

/// Servers refuse to run as root: then they run as the user that their package made.
#[derive(Clone, Copy)]
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn of(directory: &TempDir, user: &str) -> Self {
        let me = directory.path().metadata().unwrap().uid();
        let owner = Self((me == 0).then(|| (id("-u", user), id("-g", user))));
        owner.give(directory.path());
        owner
    }

    fn give(self, path: &Path) {
        if let Self(Some((user, group))) = self {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command
    }
}

fn id(option: &str, user: &str) -> u32 {
    let output = Command::new("id").args([option, user]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().expect("the package makes this user")
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

/// The newest version; distributions keep it out of the search path.
fn postgres_bin() -> PathBuf {
    let versions = glob::glob("/usr/lib/postgresql/*/bin").unwrap().filter_map(Result::ok);
    let others = ["/usr/bin", "/usr/local/bin", "/usr/pgsql/bin"].map(PathBuf::from);
    let mut places = others.into_iter().chain(versions).collect::<Vec<_>>();
    places.reverse();
    let complete =
        |place: &&PathBuf| place.join("initdb").exists() && place.join("postgres").exists();
    places.iter().find(complete).expect("this test needs PostgreSQL installed").clone()
}

fn find(places: &[&str], program: &str) -> PathBuf {
    let mut paths = places.iter().map(|place| Path::new(place).join(program));
    paths.find(|path| path.exists()).expect("this test needs MariaDB installed")
}
