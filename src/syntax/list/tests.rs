use std::net::IpAddr;

use super::*;
use crate::syntax::node;

fn read(lines: &[&str]) -> Vec<Option<String>> {
    FromRight::new(
        lines.iter().rev().map(|line| line.as_bytes()),
        AtCommas { longest: 8 },
    )
    .map(|e| e.text.map(|t| String::from_utf8_lossy(t).into_owned()))
    .collect()
}

fn texts(expected: &[&str]) -> Vec<Option<String>> {
    expected.iter().map(|t| Some((*t).to_owned())).collect()
}

#[test]
fn field_lines_are_one_list_read_from_the_right() {
    assert_eq!(read(&["a, b", "c"]), texts(&["c", "b", "a"]));
    assert_eq!(read(&["a,", ",b"]), texts(&["b", "", "", "a"]));
    assert_eq!(read(&[""]), texts(&[""]));
    assert_eq!(read(&[]), texts(&[]));
    assert_eq!(read(&[" \t a \t ,\tb "]), texts(&["b", "a"]));
}

#[test]
fn an_element_that_is_too_long_ends_the_list() {
    assert_eq!(read(&["a,123456789"]), vec![None]);
    assert_eq!(read(&["a,12345678"]), texts(&["12345678", "a"]));
    // What stands to the left, and a space, make no difference.
    assert_eq!(read(&["12345678"]), texts(&["12345678"]));
    assert_eq!(read(&["a, 12345678"]), texts(&["12345678", "a"]));
    assert_eq!(read(&["a, 12345678 "]), texts(&["12345678", "a"]));
    for long in ["123456789", "a, 123456789", "a,   12345678", "   12345678"] {
        assert_eq!(read(&[long]), vec![None], "{long}");
    }
    assert_eq!(read(&["x,123456789,b"]), vec![Some("b".to_owned()), None]);
}

fn addresses<'a, const N: usize>(
    lines: [&'a [u8]; N],
) -> FromRight<'a, impl Iterator<Item = &'a [u8]>, AtCommas> {
    FromRight::new(lines.into_iter().rev(), AtCommas { longest: 128 })
}

/// The address, the start and the rest of the line, as [`FromRight::next`] and [`node::parse`] find them.
fn slowly(line: &[u8]) -> Option<(Ipv4Addr, usize, Option<&[u8]>)> {
    let mut elements = addresses([line]);
    let element = elements.next()?;
    match node::parse(element.text?)? {
        node::Node::Address(IpAddr::V4(address), None) => {
            let same = address.to_string().as_bytes() == element.text?;
            same.then_some((address, element.start, elements.rest))
        }
        _ => None,
    }
}

fn fast(line: &[u8]) -> Option<(Ipv4Addr, usize, Option<&[u8]>)> {
    let mut elements = addresses([line]);
    let (address, element) = elements.next_ipv4()?;
    assert_eq!(element.text, line.get(element.start..));
    Some((address, element.start, elements.rest))
}

#[test]
fn the_fast_way_finds_the_same_address_as_the_general_way_or_leaves_it() {
    let octets = [
        "", "0", "00", "01", "7", "10", "99", "100", "199", "249", "255", "256", "300", "1000",
    ];
    let mut before: Vec<String> = [
        "", ",", ", ", "a, ", ",,", "[", "a", "1", ".", "::ffff:", "a ",
    ]
    .map(String::from)
    .to_vec();
    before.extend(
        [0, 1, 2, 3, 112, 121, 130].map(|spaces| format!("1.1.1.1,{}", " ".repeat(spaces))),
    );
    let mut same = 0;
    for (a, b) in octets.iter().flat_map(|a| octets.map(|b| (a, b))) {
        for (c, d) in octets.iter().flat_map(|c| octets.map(|d| (c, d))) {
            for before in &before {
                let line = format!("{before}{a}.{b}.{c}.{d}");
                let fast = fast(line.as_bytes());
                // More than one space in front of the address is left to the general way.
                if fast.is_some() || !line.contains("  ") {
                    assert_eq!(fast, slowly(line.as_bytes()), "{line}");
                }
                same += usize::from(fast.is_some());
            }
        }
    }
    assert!(same > 24_000, "{same}");
}

#[test]
fn what_follows_an_address_is_left_to_the_general_way() {
    for line in [
        "1.2.3.4 ",
        "1.2.3.4:80",
        "1.2.3.4.",
        "1.2.3.4a",
        "0.0.0.0",
        "1.2.3",
        "",
        "4",
    ] {
        assert_eq!(fast(line.as_bytes()), None, "{line}");
        let mut elements = addresses([line.as_bytes()]);
        assert!(
            elements.next_ipv4().is_none() && elements.next().is_some(),
            "{line}"
        );
    }
}

#[test]
fn the_fast_way_goes_on_to_the_line_before() {
    let lines = [&b"10.0.0.1"[..], b"10.0.0.2, 10.0.0.3"];
    let mut elements = addresses(lines);
    let mut next = || elements.next_ipv4().map(|(address, _)| address.octets()[3]);
    assert_eq!(
        [next(), next(), next(), next()],
        [Some(3), Some(2), Some(1), None]
    );
}

#[test]
fn the_last_comma_is_found_in_every_place() {
    for length in 0..40_usize {
        let mut text = vec![b'-'; length];
        assert_eq!(last_comma(&text), None);
        for first in 0..length {
            // In front of a comma, a hyphen, which is the next character, looks like one.
            text.fill(b'-');
            for place in (0..=first).step_by(3) {
                text[place] = b',';
            }
            text[first] = b',';
            assert_eq!(last_comma(&text), Some(first), "{text:?}");
        }
    }
}

#[test]
fn the_start_of_an_element_is_where_its_text_starts() {
    let line = b"a,  bc , d";
    let starts: Vec<_> = FromRight::new(std::iter::once(&line[..]), AtCommas { longest: 8 })
        .map(|e| e.start)
        .collect();
    assert_eq!(starts, [9, 4, 0]);
}
