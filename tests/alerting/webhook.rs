//! Stands in for the chat, pager or mail at the end: takes what Alertmanager sends and keeps it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One alert as it was delivered.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Path of the receiver.
    pub(crate) path: String,
    /// `firing` or `resolved`.
    pub(crate) status: String,
    /// Labels and annotations.
    pub(crate) alert: Value,
}

impl Message {
    pub(crate) fn label(&self, name: &str) -> &str {
        self.alert["labels"][name].as_str().unwrap_or_default()
    }

    pub(crate) fn is(&self, status: &str, alert: &str, kpi: &str) -> bool {
        self.status == status && self.label("alertname") == alert && self.label("kpi") == kpi
    }
}

/// The receiver; it listens until the process ends.
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    messages: Arc<Mutex<Vec<Message>>>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Webhook {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let messages = Arc::new(Mutex::new(Vec::new()));
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (sink, whole) = (Arc::clone(&messages), Arc::clone(&bodies));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (body, received) = receive(stream);
                whole.lock().unwrap().push(body);
                sink.lock().unwrap().extend(received);
            }
        });
        Self { address, messages, bodies }
    }

    /// What was posted so far, as it came.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }

    /// Every alert so far.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }
}

fn receive(mut stream: TcpStream) -> (Value, Vec<Message>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        } else if let Some(request) = line.strip_prefix("post ") {
            request.split(' ').next().unwrap().clone_into(&mut path);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let alerts = body["alerts"].as_array().cloned().unwrap_or_default();
    let message = |alert: Value| Message {
        path: path.clone(),
        status: alert["status"].as_str().unwrap().to_owned(),
        alert,
    };
    let messages = alerts.into_iter().map(message).collect();
    (body, messages)
}
