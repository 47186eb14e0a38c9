//! `healthy`, as a container's health check calls it.

use std::fs;
use std::path::Path;
use std::process::Output;

use tokio::time::Instant;

use crate::exporter::{Exporter, command, run};
use crate::web_config::{House, KPIS, TLS, login};

fn asked(listen: &str) -> Output {
    // A machine under load is no less healthy.
    run(&["healthy", "--timeout", "20s", "--web.listen-address", listen])
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

#[test]
fn a_daemon_that_answers_is_healthy_and_one_that_hangs_or_is_gone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stock.csv"), "n\n5\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, KPIS).unwrap();
    let mut daemon = Exporter::run(&config);
    let listen = daemon.address.to_string();
    let well = asked(&listen);
    assert_eq!((well.status.code(), said(&well).as_str()), (Some(0), "healthy\n"));
    daemon.until("evaluated", |metrics| metrics.contains("kpi_value{"));
    let ready = run(&["healthy", "--ready", "--timeout", "20s", "--web.listen-address", &listen]);
    assert_eq!((ready.status.code(), said(&ready).as_str()), (Some(0), "ready\n"));
    daemon.signal("STOP");
    let began = Instant::now();
    let hung = run(&["healthy", "--timeout", "1s", "--web.listen-address", &listen]);
    assert_eq!(hung.status.code(), Some(1));
    assert_eq!(said(&hung), "not healthy: no answer within 1s\n");
    assert!(began.elapsed().as_secs() < 20);
    daemon.signal("CONT");
    assert_eq!(asked(&listen).status.code(), Some(0));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(0));
    let gone = asked(&listen);
    assert_eq!(gone.status.code(), Some(1));
    assert!(said(&gone).contains("refused") && said(&gone).contains("--web.listen-address"));
}

#[test]
fn where_it_listens_is_known_from_environment_and_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stock.csv"), "n\n5\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, KPIS).unwrap();
    let daemon = Exporter::run(&config);
    let port = daemon.address.port();
    let ask = |path: &Path, variable: Option<String>| {
        let mut command = command();
        command.arg("healthy").args(["--timeout", "20s"]).env("KPI_EXPORTER_CONFIG", path);
        if let Some(listen) = variable {
            command.env("KPI_EXPORTER_SERVER__LISTEN", listen);
        }
        let output = command.output().unwrap();
        (output.status.code(), said(&output))
    };
    let all = format!("0.0.0.0:{port}");
    assert_eq!(ask(&config, Some(all.clone())).0, Some(0));
    assert_eq!(ask(Path::new("/nowhere"), Some(all.clone())).0, Some(0), "the demo has no file");
    let named = folder.path().join("named.yaml");
    fs::write(&named, format!("{KPIS}server: {{ listen: \":{port}\" }}\n")).unwrap();
    assert_eq!(ask(&named, None).0, Some(0));
    // Somebody breaks the configuration: the daemon lives on, and so does its container.
    fs::write(&config, "version: 1\nkpis: { broken: }\n").unwrap();
    assert_eq!(ask(&config, Some(all)).0, Some(0));
    for listen in ["127.0.0.1:0", ":0", "nonsense"] {
        let (code, text) = ask(&config, Some(listen.to_owned()));
        assert_eq!(code, Some(2), "{listen}: {text}");
    }
    assert_eq!(run(&["healthy", "--timeout", "0s"]).status.code(), Some(2));
    assert_eq!(run(&["healthy", "--web.listen-address", "x"]).status.code(), Some(2));
}

#[test]
fn tls_and_logins_are_no_obstacle() {
    let house = House::new();
    let web = format!("{TLS}basic_auth_users: {{ {} }}\n", login("a", "b").trim());
    let exporter = house.start(&web);
    let locked = asked(&exporter.address.to_string());
    assert_eq!(
        (locked.status.code(), said(&locked).as_str()),
        (Some(0), "healthy (it wants a login)\n")
    );
    // The old TLS, and certificates of clients.
    for (more, expected) in [
        ("  max_version: TLS12\n", "healthy\n"),
        (
            "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n",
            "it is there (it wants a certificate, so no more is known)\n",
        ),
        (
            "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n  max_version: TLS12\n",
            "it is there (it wants a certificate, so no more is known)\n",
        ),
    ] {
        let exporter = house.start(&format!(
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n{more}"
        ));
        let output = asked(&exporter.address.to_string());
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), expected), "{more}");
    }
}

#[test]
fn a_socket_in_the_file_system_is_asked_and_strangers_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stock.csv"), "n\n5\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, KPIS).unwrap();
    let socket = format!("unix:{}", folder.path().join("kpi.sock").display());
    let daemon = Exporter::start(&[
        "run",
        "--config",
        config.to_str().unwrap(),
        "--web.listen-address",
        &socket,
    ]);
    assert_eq!(asked(&socket).status.code(), Some(0), "{}", daemon.log());
    assert_eq!(asked("unix:/nowhere.sock").status.code(), Some(1));
    // A server of something else.
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for mut stream in stranger.incoming().take(2).flatten() {
            let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n");
        }
    });
    let other = asked(&address.to_string());
    assert_eq!(other.status.code(), Some(1));
    assert!(
        said(&other).starts_with("not healthy: ") && said(&other).contains("neither HTTP"),
        "{}",
        said(&other)
    );
}
