use super::*;

fn hosts(url: &str) -> Vec<(String, Option<u16>)> {
    let address = Address::parse(url).unwrap();
    address.hosts.into_iter().map(|host| (host.name, host.port)).collect()
}

fn host(name: &str, port: Option<u16>) -> (String, Option<u16>) {
    (name.to_owned(), port)
}

#[test]
fn hosts_are_names_addresses_and_folders_with_ports_or_none() {
    for (url, expected) in [
        ("postgres://db", vec![host("db", None)]),
        ("postgres://db:/x", vec![host("db", None)]),
        ("postgres://u:p@[::1]:5433/x", vec![host("::1", Some(5433))]),
        ("postgres://[fe80::1%25eth0]", vec![host("fe80::1%eth0", None)]),
        (
            "postgres://a:1,[2001:db8::2]:2,c/x",
            vec![host("a", Some(1)), host("2001:db8::2", Some(2)), host("c", None)],
        ),
        ("postgres://%2Fvar%2Frun:5433/x", vec![host("/var/run", Some(5433))]),
        ("postgres:///x?a=b", vec![]),
        ("postgres://user@/x", vec![]),
    ] {
        assert_eq!(hosts(url), expected, "{url}");
    }
}

#[test]
fn users_passwords_and_databases_are_decoded() {
    let address = Address::parse("mysql://r%40x:p%3A%25%2Fw@h/my%20shop").unwrap();
    assert_eq!(address.user.as_deref(), Some("r@x"));
    assert_eq!(address.password.as_deref(), Some("p:%/w"));
    assert_eq!(address.database.as_deref(), Some("my shop"));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_without_the_url() {
    for (url, part, message) in [
        ("postgres://h:0/x", "0", "no port"),
        ("postgres://h:70000", "70000", "no port"),
        ("postgres://h:+5", "+5", "no port"),
        ("postgres://::1/x", "::1", "more than one `:`"),
        ("postgres://[::g]/x", "::g", "no IPv6 address"),
        ("postgres://[::1/x", "[::1", "never closed"),
        ("postgres://[::1]5432/x", "5432", "expected `:`"),
        ("postgres://u:50%@h/x", "", "encodes nothing"),
        ("postgres://u:%ff@h/x", "", "not text"),
        ("postgres://u:%00@h/x", "", "not text"),
        ("postgres://h/x#y", "#y", "fragment"),
        ("postgres://h/x?sslmode", "sslmode", "`sslmode` of the url has no value"),
        ("postgres://h/x?a=1&b=2&a=3", "a", "`a` twice"),
    ] {
        let error = Address::parse(url).unwrap_err();
        assert!(error.message.contains(message), "{url}: {error}");
        assert_eq!(error.part.map_or("", |part| &url[part]), part, "{url}");
    }
}

#[test]
fn a_parameter_that_nobody_takes_is_refused_by_name() {
    let mut address = Address::parse("postgres://h/x?ssl_mode=1&geheim=x").unwrap();
    let error = address.finish(&["sslmode"], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the parameter `ssl_mode` of the url is not known (hint: did you mean `sslmode`?)"
    );
    address.take(&["ssl_mode"]).unwrap();
    let error = address.finish(&["sslmode"], &[("geheim", "because")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the parameter `geheim` of the url cannot be had with this program (hint: because)"
    );
}
