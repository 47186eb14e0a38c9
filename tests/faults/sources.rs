//! One test for each way in which an API fails, with the words that its operator gets.

use std::sync::Arc;

use crate::faults::Fault;
use crate::outage::{Outage, RENEWED};
use crate::server::Mood;
use crate::tls::{Authority, Identity};

/// It is well, fails, and is well again.
fn outage(mood: Mood, error: &str) {
    let mut outage = Outage::new(0, None);
    outage.fail(mood, error);
    outage.recover(Mood::Good(2));
}

fn says(head: &'static str, body: impl Into<Vec<u8>>) -> Mood {
    Mood::Says { head, body: body.into() }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    outage(Mood::Fails(Fault::HangBeforeHeaders), "no answer from HOST within 1s");
}

#[test]
fn a_server_that_stops_in_the_middle_is_given_up() {
    outage(Mood::Fails(Fault::HangInBody), "X");
}

#[test]
fn a_server_that_sends_one_byte_a_second_is_given_up() {
    outage(Mood::OneByteASecond, "X");
}

#[test]
fn a_connection_that_is_reset_before_the_answer_is_told() {
    outage(Mood::Fails(Fault::Reset), "X");
}

#[test]
fn a_connection_that_is_reset_in_the_middle_of_the_answer_is_told() {
    outage(Mood::ResetInBody, "X");
}

#[test]
fn a_server_with_an_error_of_its_own_is_quoted_without_secrets() {
    outage(says("500 Internal Server Error", r#"{"message": "no session for {login}"}"#), "X");
}

#[test]
fn a_server_that_wants_less_requests_is_quoted() {
    outage(says("429 Too Many Requests", r#"{"error": {"message": "slow down"}}"#), "X");
}

#[test]
fn a_server_that_wants_a_rest_gets_it() {
    outage(says("429 Too Many Requests\r\nRetry-After: 2", "slow down"), "X");
}

#[test]
fn a_secret_that_was_renewed_in_its_file_is_used_after_a_401() {
    let mut outage = Outage::new(0, None);
    outage.fail(Mood::Only(RENEWED, 2), "X");
    outage.file("token.txt", RENEWED);
    outage.recover(Mood::Only(RENEWED, 2));
}

#[test]
fn an_answer_of_another_type_is_told_with_its_beginning() {
    outage(says("200 OK\r\nContent-Type: image/png", "\u{fffd}PNG not JSON"), "X");
}

#[test]
fn json_that_is_cut_off_is_told() {
    let body = r#"{"value": 1, "note": "tru"#;
    outage(says("200 OK\r\nContent-Type: application/json", body), "X");
}

#[test]
fn a_login_page_with_status_200_is_told() {
    let body = "<!DOCTYPE html><html><title>Sign in</title><p>{login} is not signed in</p></html>";
    outage(says("200 OK\r\nContent-Type: text/html", body), "X");
}

#[test]
fn a_small_answer_that_unpacks_to_a_huge_one_is_cut_off() {
    outage(Mood::Fails(Fault::GzipBomb(1 << 30)), "X");
}

#[test]
fn an_answer_of_100_mb_that_says_so_is_not_read() {
    let body = vec![b' '; 100_000_000];
    outage(says("200 OK\r\nContent-Type: application/json", body), "X");
}

#[test]
fn an_answer_of_100_mb_that_does_not_say_so_is_cut_off() {
    outage(Mood::Fails(Fault::Stream(100_000_000)), "X");
}

#[test]
fn a_redirect_in_circles_is_left() {
    outage(says("302 Found\r\nLocation: /v1/sessions?again", ""), "X");
}

#[test]
fn text_that_is_not_utf_8_is_told_with_its_place() {
    let mut body = b"{\"value\": 1,\n \"name\": \"caf".to_vec();
    body.extend(b"\xe9\"}");
    outage(says("200 OK\r\nContent-Type: application/json", body), "X");
}

#[test]
fn a_port_where_nobody_listens_is_told() {
    outage(Mood::Refuses, "X");
}

#[test]
fn a_name_that_is_not_found_is_told() {
    outage(says("302 Found\r\nLocation: http://nowhere.invalid/", ""), "X");
}

/// The same behind TLS, with a certificate that is not good.
fn certificate(bad: Identity, authority: &Authority, error: &str) {
    let mut outage = Outage::new(0, Some(authority));
    outage.fail(Mood::Shows(Arc::new(bad)), error);
    outage.recover(Mood::Good(2));
}

#[test]
fn a_certificate_that_has_expired_is_told_with_its_day() {
    let authority = Authority::new();
    certificate(authority.issue_expired("127.0.0.1"), &authority, "X");
}

#[test]
fn a_certificate_that_vouches_for_itself_is_told() {
    certificate(Identity::self_signed("127.0.0.1"), &Authority::new(), "X");
}

#[test]
fn a_certificate_for_another_name_is_told_with_that_name() {
    let authority = Authority::new();
    certificate(authority.issue("other.example.com"), &authority, "X");
}
