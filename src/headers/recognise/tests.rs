//! Names of interest are recognised, and other names are not.

use super::*;
use crate::headers::known;

/// The other spellings of a name: underscores or dots for all hyphens, or only for the first one.
fn other_spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![
        name.replace('-', "_"),
        name.replacen('-', "_", 1),
        name.replace('-', "."),
        name.replacen('-', ".", 1),
    ];
    spellings.retain(|spelling| spelling != name);
    spellings
}

#[test]
fn every_known_field_is_recognised_and_its_underscore_spellings_too() {
    for (number, name) in KNOWN.iter().enumerate() {
        let number = Field::try_from(number).unwrap();
        assert_eq!(known::field(name), number);
        assert_eq!(classify(name), Some(Kind::Field(number)), "{name}");
        assert!(may_matter(name), "{name}");
        for spelling in other_spellings(name) {
            let expected = Some(Kind::Underscored(number));
            assert_eq!(classify(&spelling), expected, "{spelling}");
            assert!(may_matter(&spelling), "{spelling}");
        }
    }
    assert_eq!(classify("host"), Some(Kind::Host));
    assert!(may_matter("host"));
}

#[test]
fn every_name_that_says_who_the_client_is_is_recognised_in_every_spelling() {
    let members = FAMILIES.iter().flat_map(|family| {
        let long = "-a-name-that-is-longer-than-all-of-the-others".repeat(3);
        ["", "user", "e-mail", &long].map(|rest| format!("{family}{rest}"))
    });
    let names = IDENTITY.iter().copied().map(str::to_owned).chain(members);
    for name in names {
        for spelling in other_spellings(&name).into_iter().chain([name]) {
            assert_eq!(classify(&spelling), Some(Kind::Identity), "{spelling}");
            assert!(may_matter(&spelling), "{spelling}");
        }
    }
}

#[test]
fn no_name_is_of_two_kinds() {
    for name in IDENTITY {
        assert!(!KNOWN.contains(&name), "{name}");
    }
    for name in KNOWN {
        assert!(!is_of_a_family(name), "{name}");
    }
}

#[test]
fn fifty_more_names_need_no_tuning() {
    let more: Vec<String> = (0..50)
        .map(|index| format!("x-auth-{}-{index}", "request-".repeat(index % 4)))
        .collect();
    let names: Vec<&str> = NAMES
        .iter()
        .copied()
        .chain(more.iter().map(String::as_str))
        .collect();
    let table: [Field; 2 * TABLE_SIZE] = table(&names);
    for (field, name) in names.iter().enumerate() {
        let field = Field::try_from(field).unwrap();
        assert_eq!(find(name, &names, &table), Some((field, true)), "{name}");
        for spelling in other_spellings(name) {
            let expected = Some((field, false));
            assert_eq!(find(&spelling, &names, &table), expected, "{spelling}");
        }
    }
    for other in ["accept", "x-auth-50", "x-auth-", "", "a"] {
        assert_eq!(find(other, &names, &table), None, "{other}");
    }
}

#[test]
fn no_search_is_long() {
    // Each name of interest that shares a slot with others costs one more comparison.
    for name in NAMES {
        let mut place = start(name.as_bytes(), TABLE_SIZE);
        let mut tried = 1;
        while NAMES[usize::from(TABLE[place])] != name {
            place = (place + 1) % TABLE_SIZE;
            tried += 1;
        }
        assert!(tried <= 5, "{name} is found at the {tried}th try");
    }
}

#[test]
fn other_fields_are_left_alone() {
    for name in [
        "",
        "accept",
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-forwarded-fox",
        "x_request_id",
        "accept-encoding",
        "x-auth-token",
        "x-csrf-token",
        "x-request-id",
        "x-ms-client-request-id",
        "x-amzn-trace-id",
        "a-name-that-is-longer-than-all-of-them",
    ] {
        assert_eq!(classify(name), None, "{name}");
    }
}

#[test]
fn nearly_all_headers_of_everyday_requests_are_settled_at_once() {
    let everyday = [
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "if-modified-since",
        "if-none-match",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "te",
        "traceparent",
        "tracestate",
        "upgrade-insecure-requests",
        "user-agent",
        "x-amzn-trace-id",
        "x-request-id",
    ];
    let let_through: Vec<_> = everyday.iter().filter(|name| may_matter(name)).collect();
    assert!(let_through.len() <= 3, "{let_through:?}");
}
