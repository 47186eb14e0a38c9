//! One test for each way in which an API fails, with the words that its operator gets.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::faults::Fault;
use crate::outage::{Outage, RENEWED};
use crate::server::Mood;
use crate::tls::{Authority, Identity};

/// It is well, fails, and is well again.
fn outage(mood: Mood, error: &str) {
    let mut outage = Outage::new("26h", None);
    outage.fail(mood, error);
    outage.recover(Mood::Good(2));
}

fn says(head: &'static str, body: impl AsRef<[u8]>) -> Mood {
    Mood::Says { head, body: body.as_ref().into() }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    outage(
        Mood::Fails(Fault::HangBeforeHeaders),
        "no answer from HOST within 1 s (hint: ask for less, or raise `timeout`)",
    );
}

#[test]
fn a_server_that_stops_in_the_middle_is_given_up() {
    outage(
        Mood::Fails(Fault::HangInBody),
        "the answer of HOST was not complete within 1 s: 10 bytes (hint: ask for less, or raise \
         `timeout`)",
    );
}

#[test]
fn a_server_that_sends_one_byte_a_second_is_given_up() {
    outage(
        Mood::OneByteASecond,
        "the answer of HOST was not complete within 1 s: 1 byte (hint: ask for less, or raise \
         `timeout`)",
    );
}

#[test]
fn a_connection_that_is_reset_before_the_answer_is_told() {
    outage(
        Mood::Fails(Fault::Reset),
        "HOST broke off the connection without an answer (hint: look into its log, or at what \
         is in between: a proxy or a firewall)",
    );
}

#[test]
fn a_connection_that_is_reset_in_the_middle_of_the_answer_is_told() {
    outage(
        Mood::ResetInBody,
        "the answer of HOST was cut off after 8 bytes (hint: look into its log, or at what is \
         in between: a proxy or a firewall)",
    );
}

#[test]
fn a_server_with_an_error_of_its_own_is_quoted_without_secrets() {
    let body = r#"{"message": "no session for {secrets}"}"#;
    outage(
        Mood::Repeats { head: "500 Internal Server Error", body },
        "HOST answered 500 Internal Server Error: no session for ***, ***, *** (hint: the \
         trouble is the server's: its own log tells more)",
    );
}

#[test]
fn a_server_that_wants_less_requests_is_quoted() {
    outage(
        says("429 Too Many Requests", r#"{"error": {"message": "slow down"}}"#),
        "HOST answered 429 Too Many Requests: slow down (hint: ask less often: a longer \
         `schedule`, or `requests_per_second`)",
    );
}

#[test]
fn a_server_that_wants_a_rest_gets_it() {
    outage(
        says("429 Too Many Requests\r\nRetry-After: 2", "slow down"),
        "HOST answered 429 Too Many Requests: slow down (hint: ask less often: a longer \
         `schedule`, or `requests_per_second`)",
    );
}

#[test]
fn a_secret_that_was_renewed_in_its_file_is_used_after_a_401() {
    let mut outage = Outage::new("26h", None);
    outage.fail(
        Mood::Only(RENEWED, 2),
        "HOST answered 401 Unauthorized: unknown token *** (hint: check the token in \
         `auth.bearer`: it may have expired)",
    );
    outage.file("token.txt", RENEWED);
    outage.recover(Mood::Only(RENEWED, 2));
}

#[test]
fn an_answer_of_another_type_is_told_with_its_beginning() {
    outage(
        says("200 OK\r\nContent-Type: image/png", "\u{fffd}PNG not JSON"),
        "cannot read the answer: broken JSON: expected value at line 1 column 1; it is \
         `image/png` and begins with `�PNG not JSON` (hint: check `format` and the `path`)",
    );
}

#[test]
fn json_that_is_cut_off_is_told() {
    let body = r#"{"value": 1, "note": "tru"#;
    outage(
        says("200 OK\r\nContent-Type: application/json", body),
        r#"cannot read the answer: broken JSON: EOF while parsing a string at line 1 column 25; it is `application/json` and begins with `{"value": 1, "note": "tru` (hint: was the answer cut off on its way?)"#,
    );
}

#[test]
fn a_login_page_with_status_200_is_told() {
    let body = "<!DOCTYPE html><html><title>Sign in</title><p>{secrets}</p></html>";
    outage(
        Mood::Repeats { head: "200 OK\r\nContent-Type: text/html", body },
        "the answer is an HTML page, not JSON: `<!DOCTYPE html><html><title>Sign in</title><p>***…` \
         (hint: a login or error page? check the `auth` of the source and the `path`)",
    );
}

#[test]
fn a_small_answer_that_unpacks_to_a_huge_one_is_cut_off() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1 << 20];
    (0..500).for_each(|_| packed.write_all(&block).unwrap());
    let head = "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip";
    outage(
        says(head, packed.finish().unwrap()),
        "the answer of HOST has more than 32 MiB unpacked (hint: ask for less, in pages or a \
         shorter window, or raise `max_body`)",
    );
}

#[test]
fn an_answer_of_100_mb_that_says_so_is_not_read() {
    let body = vec![b' '; 100_000_000];
    outage(
        says("200 OK\r\nContent-Type: application/json", body),
        "the answer of HOST has more than 32 MiB unpacked (hint: ask for less, in pages or a \
         shorter window, or raise `max_body`)",
    );
}

#[test]
fn an_answer_of_100_mb_that_does_not_say_so_is_cut_off() {
    outage(
        Mood::Fails(Fault::Stream(100_000_000)),
        "the answer of HOST has more than 32 MiB unpacked (hint: ask for less, in pages or a \
         shorter window, or raise `max_body`)",
    );
}

#[test]
fn a_redirect_in_circles_is_left() {
    outage(
        says("302 Found\r\nLocation: /v1/sessions?again", ""),
        "HOST redirected 6 times, at last to http://HOST (hint: it redirects to itself)",
    );
}

#[test]
fn text_that_is_not_utf_8_is_told_with_its_place() {
    let mut body = b"{\"value\": 1,\n \"name\": \"caf".to_vec();
    body.extend(b"\xe9\"}");
    outage(
        says("200 OK\r\nContent-Type: application/json", body),
        r#"cannot read the answer: line 2 is not UTF-8; it is `application/json` and begins with `{"value": 1, "name": "caf�"}` (hint: UTF-8 is the only encoding for it)"#,
    );
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    outage(
        Mood::Refuses,
        "HOST refused the connection (hint: is the server running, and is the port right?)",
    );
}

#[test]
fn a_name_that_is_not_found_is_told() {
    outage(
        says("302 Found\r\nLocation: http://nowhere.invalid/", ""),
        "cannot find host `nowhere.invalid` (hint: check the name and this machine's DNS)",
    );
}

#[test]
fn a_name_that_is_misspelled_is_told_and_mended_by_a_reload() {
    let mut outage = Outage::new("26h", None);
    let right = outage.server.address.to_string();
    outage.reconfigure(&right, "nowhere.invalid");
    let error = "cannot find host `nowhere.invalid` (hint: check the name and this machine's DNS)";
    outage.fail(Mood::Good(2), error);
    outage.reconfigure("nowhere.invalid", &right);
    outage.until("recovery", |m| m.contains("\nkpi_value{kpi=\"sessions\"} 2\n"));
}

#[test]
fn a_field_that_was_renamed_is_told_by_name() {
    outage(
        says("200 OK\r\nContent-Type: application/json", r#"{"visits": 1}"#),
        "column `value`: no row has `$.value`; the first row has `visits` (hint: was the field \
         renamed? one that may be missing from all rows is written `$..name`)",
    );
}

#[test]
fn a_value_of_a_source_that_hangs_is_kept_until_its_maximum_age() {
    let mut outage = Outage::new("8s", None);
    let error = "no answer from HOST within 1 s (hint: ask for less, or raise `timeout`)";
    outage.fail(Mood::Fails(Fault::HangBeforeHeaders), error);
    outage.forget();
    outage.recover(Mood::Good(2));
}

/// The same behind TLS, with a certificate that is not good.
fn certificate(bad: Identity, authority: &Authority, error: &str) {
    let mut outage = Outage::new("26h", Some(authority));
    outage.fail(Mood::Shows(Arc::new(bad)), error);
    outage.recover(Mood::Good(2));
}

#[test]
fn a_certificate_that_has_expired_is_told_with_its_day() {
    let authority = Authority::new();
    certificate(
        authority.issue_expired("127.0.0.1"),
        &authority,
        "the certificate of HOST has expired on 2020-12-31 (hint: the server needs another one)",
    );
}

#[test]
fn a_certificate_that_vouches_for_itself_is_told() {
    certificate(
        Identity::self_signed("127.0.0.1"),
        &Authority::new(),
        "the certificate of HOST is self-signed or of an authority that is not known here \
         (hint: name the certificate of its authority as `tls.ca_file`)",
    );
}

#[test]
fn a_certificate_for_another_name_is_told_with_that_name() {
    let authority = Authority::new();
    certificate(
        authority.issue("other.example.com"),
        &authority,
        "the certificate of HOST is for another name: other.example.com (hint: use a name in \
         the URL that the certificate is for)",
    );
}
