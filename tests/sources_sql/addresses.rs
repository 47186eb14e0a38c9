//! Addresses and parameters of URLs against real servers that listen on `127.0.0.1`, `::1` and a socket.

use std::net::TcpListener;

use kpi_exporter::metric::Cell;
use kpi_exporter::source::sql::SqlSource;

use super::{login, mariadb, open, postgres, row, text};
use crate::ask::table;
use crate::servers;

/// The only value of an answer.
async fn value(url: &str, sql: &str) -> Cell {
    let answer = table(&open(&login(url)), sql).await;
    row(answer.unwrap_or_else(|error| panic!("{url}: {error}"))).remove(0).1
}

async fn refusal(url: &str) -> String {
    table(&open(&login(url)), "SELECT 1").await.unwrap_err().to_string()
}

#[tokio::test]
async fn postgres_is_reached_and_set_as_libpq_would() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    postgres::execute(
        &mut admin,
        "CREATE SCHEMA shop; CREATE TABLE shop.t AS SELECT 7 AS a; CREATE TABLE t AS SELECT 1 AS a",
    )
    .await;
    // One that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let (port, folder) = (server.port, server.socket());
    let folder = folder.parent().unwrap().display().to_string();
    let encoded = folder.replace('/', "%2F");
    let family = "SELECT coalesce(family(inet_server_addr())::text, 'socket')";
    for (url, expected) in [
        (format!("postgres://[::1]:{port}/postgres"), "6"),
        (format!("postgres://127.0.0.1:{port}/postgres"), "4"),
        (format!("postgres://127.0.0.1:1,[::1]:{port}/postgres"), "6"),
        (format!("postgres://[::1]:1,127.0.0.1:{port}/postgres"), "4"),
        (format!("postgres:///postgres?host=127.0.0.1,::1&port=1,{port}"), "6"),
        (format!("postgres:///postgres?host=::1&port={port}"), "6"),
        (format!("postgres:///postgres?hostaddr=::1&port={port}"), "6"),
        (format!("postgres:///postgres?host={folder}&port={port}"), "socket"),
        (format!("postgres://{encoded}:{port}/postgres"), "socket"),
        (
            format!("postgres://127.0.0.1:{silent_port},[::1]:{port}/postgres?connect_timeout=2"),
            "6",
        ),
    ] {
        assert_eq!(value(&url, family).await, text(expected), "{url}");
    }
    let url = |query: &str| format!("postgres://[::1]:{port}/postgres?{query}");
    for (query, sql, expected) in [
        ("search_path=shop", "SELECT a::text FROM t", "7"),
        ("currentSchema=shop,public", "SELECT a::text FROM t", "7"),
        ("search_path=Shop", "SELECT current_setting('search_path')", "shop"),
        (
            "options=-c%20geqo%3Doff%20-c%20work_mem%3D5MB",
            "SELECT current_setting('work_mem')",
            "5MB",
        ),
        ("application_name=my%20KPIs", "SELECT current_setting('application_name')", "my KPIs"),
        ("", "SELECT current_setting('application_name')", "kpi-exporter"),
        ("target_session_attrs=primary", "SELECT 'yes'", "yes"),
        ("target_session_attrs=read-write", "SELECT 'yes'", "yes"),
        ("target_session_attrs=any", "SELECT 'yes'", "yes"),
        ("target_session_attrs=prefer-standby", "SELECT 'yes'", "yes"),
        ("channel_binding=prefer&sslmode=prefer&gssencmode=disable", "SELECT 'yes'", "yes"),
    ] {
        assert_eq!(value(&url(query), sql).await, text(expected), "{query}");
    }
    for role in ["standby", "read-only"] {
        let said = refusal(&url(&format!("target_session_attrs={role}"))).await;
        let expected = format!("none of postgres at [::1]:{port}/postgres is what");
        assert!(said.starts_with(&expected), "{said}");
    }
    let said = refusal(&url("sslmode=require")).await;
    assert!(said.contains("server does not support TLS"), "{said}");
    let error = SqlSource::new(&login(&url("channel_binding=require"))).unwrap_err();
    assert!(error.message.contains("channel_binding"), "{error}");
    let said = refusal("postgres://127.0.0.1:1,[::1]:1/postgres").await;
    assert!(said.contains("Connection refused"), "{said}");
}

#[tokio::test]
async fn mariadb_is_reached_by_every_address() {
    let server = servers::mariadb().await;
    drop(mariadb::admin(&server).await);
    let (port, socket) = (server.port, server.socket().display().to_string());
    for url in [
        format!("mysql://[::1]:{port}/shop"),
        format!("mariadb://127.0.0.1:{port}/shop"),
        format!("mysql://127.0.0.1:1,[::1]:{port}/shop"),
        format!("mysql://[::1]:1,127.0.0.1:{port}/shop"),
        format!("mysql:///shop?socket={socket}"),
    ] {
        assert_eq!(value(&url, "SELECT DATABASE()").await, text("shop"), "{url}");
    }
}
