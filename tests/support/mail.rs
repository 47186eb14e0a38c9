//! A real mail server for one test (`aiosmtpd`, from the index of Python packages), ended on drop. Not for other protocols: each test
//! has its own catcher of posts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

pub(crate) struct MailServer {
    pub(crate) port: u16,
    child: Child,
    letters: Receiver<Value>,
}

impl MailServer {
    /// `options` are those of the script.
    pub(crate) fn start(options: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // The program stands in the folder of its profile, that one in the target folder.
        let program = Path::new(env!("CARGO_BIN_EXE_kpi-exporter"));
        let target = program.ancestors().nth(2).unwrap();
        let mut child = Command::new(target.join("smtp/bin/python"))
            .arg(root.join("tests/support/mail_server.py"))
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/run.sh installs aiosmtpd");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        let (sender, letters) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { port, child, letters }
    }

    /// The next letter.
    pub(crate) fn letter(&self) -> Value {
        self.letters.recv_timeout(Duration::from_mins(1)).expect("a letter within a minute")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
