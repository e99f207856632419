//! Elements are split from the right, whatever quotes are in front of them.

use super::super::list::FromRight;
use super::*;

fn split(line: &str) -> Vec<String> {
    FromRight::new(std::iter::once(line.as_bytes()), OutsideQuotes)
        .map(|e| String::from_utf8_lossy(e.text.unwrap()).into_owned())
        .collect()
}

#[test]
fn elements_are_split_outside_quotes() {
    assert_eq!(split("for=a, for=b"), ["for=b", "for=a"]);
    assert_eq!(
        split(r#"x="a,b",y="c\",d""#),
        [r#"y="c\",d""#, r#"x="a,b""#]
    );
    assert_eq!(split(r#"x="a\\",y=b"#), ["y=b", r#"x="a\\""#]);
    assert_eq!(split(""), [""]);
    assert_eq!(split(",,"), ["", "", ""]);
}

#[test]
fn an_open_quote_on_the_left_swallows_nothing_on_the_right() {
    for evil in [
        "\"",
        "for=\"",
        "for=\"a\\",
        "for=\"\\\\\"\"",
        "x=\"a,b",
        "\\\"",
        "\\",
    ] {
        for honest in [
            "for=1.2.3.4;proto=https",
            "for=\"[::1]:80\"",
            "host=\"a\\\"b\"",
        ] {
            let line = format!("{evil}, {honest}");
            assert_eq!(split(&line).first().unwrap(), honest, "{line}");
        }
    }
}

#[test]
fn parameters_come_in_any_order_and_case() {
    let element =
        parse(br#"Proto=https;HOST="a.example:81";by=_x;FOR="[2001:db8::1]:4711";secret=s"#);
    let element = element.unwrap();
    assert_eq!(element.node.as_deref(), Some(&b"[2001:db8::1]:4711"[..]));
    assert_eq!(element.proto.as_deref(), Some(&b"https"[..]));
    assert_eq!(element.host.as_deref(), Some(&b"a.example:81"[..]));
    assert_eq!(element.by.as_deref(), Some(&b"_x"[..]));
}

#[test]
fn quoted_strings_are_decoded() {
    let element = parse(br#"for="\1\2.1.1.1""#).unwrap();
    assert_eq!(element.node.as_deref(), Some(&b"12.1.1.1"[..]));
    let element = parse(br#"host="a\"\\b""#).unwrap();
    assert_eq!(element.host.as_deref(), Some(&br#"a"\b"#[..]));
}

#[test]
fn missing_quotes_are_tolerated_around_addresses_and_hosts() {
    for text in ["for=[::1]:80", "for=1.2.3.4:80", "host=a.example:8443"] {
        assert!(parse(text.as_bytes()).is_some(), "{text}");
    }
    assert!(parse(b"for=1.2.3.4; proto=https ;").is_some());
    assert!(parse(b"for=1.2.3.4;proto=https;proto-version=").is_some());
    assert!(parse(b"x=;for=1.2.3.4").is_some());
}

#[test]
fn a_malformed_element_is_no_element() {
    for text in [
        "",
        "for=\"\\\u{1}\"",
        "for=\"\u{1}\"",
        "=a",
        ";=a;for=1.2.3.4",
        ";",
        ";;",
        "for",
        "for=",
        "host=",
        "for=a;by=",
        "proto=;for=a",
        "x=\"a",
        "x= a",
        "=a",
        "for =a",
        "for= a",
        "for=a b",
        "for=\"a",
        "for=\"a\"b",
        "for=a\"b\"",
        "for=a;for=b",
        "For=a;fOR=a",
        "x=1;x=2",
        "for=a;proto=https;proto=http",
        "for=\"\\",
        "for=\"\\\"",
        "for=a=b",
        "f(r=a",
        "for=\u{1}",
        "for=\"\u{1}\"",
        "a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text:?}");
    }
}
