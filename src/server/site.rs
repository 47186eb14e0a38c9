//! Where a request comes from: which machine, and the page of which site. A browser does what any page
//! tells it to, so what changes something asks for more than a login. Not here: logins (`door`).

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

/// The machine at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// What proxies add: then the machine at the other end is not the one that asks.
const BY_PROXY: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Whether a page of another site had the browser send it; browsers say which site a POST comes from.
pub(super) fn is_of_another_site(request: &Parts) -> bool {
    let headers = &request.headers;
    if text(headers, "sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let Some(origin) = text(headers, header::ORIGIN.as_str()) else { return false };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_none() || host != host_of(request)
}

/// Whether somebody on this machine asks for this machine, and no proxy on their behalf. A name that
/// somebody else had point here does not count.
pub(super) fn is_from_here(request: &Parts) -> bool {
    let peer = request.extensions.get::<Peer>();
    let is_here = peer.is_some_and(|Peer(ip)| ip.to_canonical().is_loopback());
    let by_proxy = BY_PROXY.iter().any(|name| request.headers.contains_key(*name));
    is_here && !by_proxy && host_of(request).is_some_and(names_this_machine)
}

fn names_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

/// As HTTP/2 has it, or as HTTP/1 does.
fn host_of(request: &Parts) -> Option<&str> {
    let authority = request.uri.authority().map(Authority::as_str);
    authority.or_else(|| text(&request.headers, header::HOST.as_str()))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn request(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        parts
    }

    #[test]
    fn only_pages_of_this_site_may_ask() {
        for (origin, other) in [
            (None, false),
            (Some("http://kpis.example.com:9877"), false),
            (Some("https://kpis.example.com:9877"), false),
            (Some("http://evil.example.com"), true),
            (Some("http://kpis.example.com"), true),
            (Some("null"), true),
            (Some(""), true),
        ] {
            let mut headers = vec![("host", "kpis.example.com:9877")];
            headers.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(is_of_another_site(&request("::1", &headers)), other, "{origin:?}");
        }
        for (site, other) in
            [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)]
        {
            let asked = request("::1", &[("host", "a"), ("sec-fetch-site", site)]);
            assert_eq!(is_of_another_site(&asked), other, "{site}");
        }
        let (parts, ()) = Request::post("https://kpis.example.com/")
            .header("origin", "https://kpis.example.com")
            .body(())
            .unwrap()
            .into_parts();
        assert!(!is_of_another_site(&parts), "HTTP/2 has the name elsewhere");
    }

    #[test]
    fn from_here_is_who_is_here_and_says_so() {
        for host in ["localhost", "LOCALHOST:9877", "127.0.0.1:9877", "[::1]:9877", "kpi.localhost"]
        {
            for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
                assert!(is_from_here(&request(peer, &[("host", host)])), "{peer} {host}");
            }
            assert!(!is_from_here(&request("192.0.2.1", &[("host", host)])), "{host}");
            assert!(!is_from_here(&request("::ffff:192.0.2.1", &[("host", host)])), "{host}");
            for proxy in BY_PROXY {
                let asked = request("127.0.0.1", &[("host", host), (proxy, "192.0.2.1")]);
                assert!(!is_from_here(&asked), "{proxy}");
            }
        }
        // A name that points here for a moment (rebinding), no name, and what only looks like one.
        for host in ["evil.example.com:9877", "localhost.evil.example.com", "", "127.0.0.1.nip.io"]
        {
            assert!(!is_from_here(&request("127.0.0.1", &[("host", host)])), "{host}");
        }
        assert!(!is_from_here(&request("127.0.0.1", &[])));
    }
}
