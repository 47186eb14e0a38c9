//! What people read: an alert as Alertmanager's webhook has it, as Slack gets it and as mail shows it, by the
//! receivers that `deploy/alertmanager/alertmanager.yml` has prepared. Compared with files in `texts/`.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::bench::Bench;
use crate::mail::MailServer;
use crate::story::Business;
use crate::tls::Authority;
use crate::webhook::Webhook;

const PASSWORD: &str = "s3cr3t";

#[test]
fn webhook_slack_and_mail_say_what_is_wrong_in_words_and_with_links() {
    let business = Business::new();
    business.trials(1000);
    // The receivers of its own team have no channels prepared.
    business.change("team: growth", "team: sales");
    let exporter = business.exporter();
    let secrets = Secrets::new();
    let server = secrets.mail_server();
    let slack = Webhook::start();
    let prepared = |config: &str| secrets.prepared(config, slack.address, server.port);
    let bench = Bench::start_with(&prepared);
    bench.scrape(&[&exporter]);

    let alert = bench.message("the alert", |m| {
        m.is("firing", "KPILeadingOffTrack", "conversion") && m.path == "/kpi"
    });
    same("webhook.json", &format!("{:#}\n", told(&alert.alert)), &bench);
    let posted = bench.first("what Slack gets", || {
        slack.bodies().into_iter().find(|body| body.to_string().contains("conversion is off track"))
    });
    same("slack.json", &format!("{posted:#}\n"), &bench);
    let letter = std::iter::repeat_with(|| server.letter()).find(|letter| {
        letter["text"].as_str().is_some_and(|text| text.contains("conversion is off track"))
    });
    let letter = letter.unwrap();
    assert_eq!((&letter["tls"], &letter["user"]), (&true.into(), &"alertmanager".into()));
    same("mail.txt", &read(letter["text"].as_str().unwrap()), &bench);
}

/// Labels and annotations; instants and fingerprints are of the moment.
fn told(alert: &Value) -> Value {
    serde_json::json!({ "labels": alert["labels"], "annotations": alert["annotations"] })
}

/// What the prepared receivers want in files.
struct Secrets {
    folder: TempDir,
}

impl Secrets {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let identity = authority.issue("localhost");
        for (name, text) in [
            ("authority.pem", authority.pem()),
            ("cert.pem", identity.cert),
            ("key.pem", identity.key),
            ("smtp-password", PASSWORD.to_owned()),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn mail_server(&self) -> MailServer {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        MailServer::start(&[
            "--certificate",
            &cert,
            "--key",
            &key,
            "--user",
            "alertmanager",
            "--password",
            PASSWORD,
        ])
    }

    /// The committed configuration with the receivers that it has as comments, on loopback.
    fn prepared(&self, config: &str, slack: SocketAddr, mail: u16) -> String {
        fs::write(self.path("slack-url"), format!("http://{slack}/slack")).unwrap();
        let mut own = false;
        let mut text = String::new();
        for line in config.lines() {
            own = (own || line.trim() == "# slack_configs:") && line.trim().starts_with('#');
            text.push_str(&if own { line.replacen("# ", "", 1) } else { line.to_owned() });
            text.push('\n');
        }
        assert!(
            text.contains("\n    slack_configs:") && text.contains("\n    email_configs:"),
            "{text}"
        );
        let trust =
            format!("        tls_config: {{ ca_file: '{}' }}\n", self.path("authority.pem"));
        let smarthost = "        smarthost: smtp.example.com:587\n";
        assert!(text.contains(smarthost), "{text}");
        text.replace(smarthost, &format!("        smarthost: localhost:{mail}\n{trust}"))
            .replace("/etc/alertmanager", self.folder.path().to_str().unwrap())
    }
}

/// A letter as a person reads it: its subject and the text of each part, without markup.
fn read(letter: &str) -> String {
    let (head, body) = letter.split_once("\r\n\r\n").unwrap();
    let subject = head.lines().find(|line| line.starts_with("Subject: ")).unwrap();
    let mut text = format!("{subject}\n\n");
    let (mut in_tag, mut in_head) = (false, false);
    for line in plain(body).lines() {
        if line.starts_with("--") {
            // Between two parts, by a mark of the moment.
            text.push_str("--\n");
            continue;
        }
        in_head = (in_head || line.contains("<head")) && !line.contains("</head>");
        if in_head || line.contains("</head>") {
            continue;
        }
        let mut said = String::new();
        let mut tag = String::new();
        for letter in line.chars() {
            match letter {
                '<' => in_tag = true,
                '>' if in_tag => {
                    in_tag = false;
                    if let Some((_, link)) = tag.split_once("href=\"") {
                        write!(said, "[{}] ", link.split('"').next().unwrap()).unwrap();
                    }
                    tag.clear();
                }
                letter if in_tag => tag.push(letter),
                letter => said.push(letter),
            }
        }
        let said = said.trim();
        if !said.is_empty() {
            text = format!("{text}{said}\n");
        }
    }
    text
}

/// Quoted-printable undone.
fn plain(body: &str) -> String {
    let joined = body.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'=');
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).unwrap()
}

/// The same as the file of that name, but for what differs from run to run.
fn same(name: &str, said: &str, bench: &Bench) {
    let said = timeless(said, bench);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alerting/texts").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &said).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(said, expected, "{name}: run with UPDATE_EXPECT=1 to write it anew");
}

/// Dates and addresses of servers have a name instead.
fn timeless(text: &str, bench: &Bench) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (alertmanager, prometheus) = bench.addresses();
    let mut text = text
        .replace(&alertmanager.to_string(), "ALERTMANAGER")
        .replace(&prometheus.to_string(), "PROMETHEUS");
    for month in MONTHS {
        let mut rest = std::mem::take(&mut text);
        while let Some(at) = rest.find(month) {
            let (before, after) = (rest[..at].to_owned(), &rest[at + month.len()..]);
            let is_date = after.len() > 5 && after[1..5].bytes().all(|b| b.is_ascii_digit());
            let day = before.trim_end().trim_end_matches(|c: char| c.is_ascii_digit());
            if is_date {
                text.push_str(day);
                text.push_str("DATE");
                rest = after[5..].to_owned();
            } else {
                text.push_str(&before);
                text.push_str(month);
                rest = after.to_owned();
            }
        }
        text.push_str(&rest);
    }
    text
}
