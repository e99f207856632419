//! The requests in other projects' tests: `docs/other-suites.md` says how the cases were written, and why some results
//! differ.

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::{Map, Value};

use crate::cases::answers;

fn cases() -> Vec<Value> {
    let lines = include_str!("data/suites.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The project, and whether its test agrees, for each case.
type Verdicts = BTreeMap<String, (usize, usize)>;

/// An address in one spelling; any other text as it is.
fn address(text: &str) -> String {
    let parsed = text.trim_matches(['[', ']']).parse::<IpAddr>();
    parsed.map_or_else(
        |_| text.to_owned(),
        |address| address.to_canonical().to_string(),
    )
}

/// The name and the port of a host.
fn split(host: &str) -> (String, Option<u64>) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && !name.contains(':') | name.ends_with(']') => {
            (name, port.parse().ok())
        }
        _ => (host, None),
    };
    match name.strip_prefix('[') {
        Some(_) => (format!("[{}]", address(name)), port),
        None => (name.to_lowercase(), port),
    }
}

/// A value in a form that can be compared: RFC 9110, section 4.2.3, for hosts. An empty text is none.
fn comparable(key: &str, value: &Value, scheme: &str) -> Value {
    let default = match scheme {
        "https" | "wss" => 443,
        _ => 80,
    };
    match (key, value.as_str()) {
        (_, Some("")) => Value::Null,
        ("client", Some(text)) => address(text).into(),
        ("name", Some(text)) => split(text).0.into(),
        ("host", Some(text)) => {
            let (name, port) = split(text);
            match port.filter(|&port| port != default) {
                Some(port) => format!("{name}:{port}").into(),
                None => name.into(),
            }
        }
        ("port", None) if value.is_null() => default.into(),
        _ => value.clone(),
    }
}

/// The answer, with the name and the port of its host.
fn parts(answer: &Value) -> Map<String, Value> {
    let mut answer = answer.as_object().unwrap().clone();
    let (name, port) = match answer["host"].as_str() {
        Some(host) => (Value::from(split(host).0), split(host).1),
        None => (Value::Null, None),
    };
    answer.insert("name".to_owned(), name);
    answer.insert("port".to_owned(), port.into());
    answer
}

/// The keys whose value is not what `expected` states.
fn differing(expected: &Map<String, Value>, answer: &Map<String, Value>) -> Vec<String> {
    let scheme = answer["scheme"].as_str().unwrap();
    let is_same = |key: &str, expected: &Value, its_scheme: &str| {
        comparable(key, expected, its_scheme) == comparable(key, &answer[key], scheme)
    };
    let its_scheme = expected
        .get("scheme")
        .and_then(Value::as_str)
        .unwrap_or(scheme);
    let mut differing = Vec::new();
    for (key, value) in expected {
        if key != "not" {
            differing.extend((!is_same(key, value, its_scheme)).then(|| key.clone()));
        }
    }
    for (key, value) in expected
        .get("not")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        differing.extend(is_same(key, value, scheme).then(|| key.clone()));
    }
    differing
}

fn verdicts() -> (Verdicts, BTreeMap<String, usize>) {
    let cases = cases();
    let inputs: Vec<Value> = cases
        .iter()
        .map(|case| {
            let mut input = case["input"].clone();
            input["id"] = case["id"].clone();
            input
        })
        .collect();
    let (mut verdicts, mut reasons) = (Verdicts::new(), BTreeMap::new());
    for (case, answer) in cases.iter().zip(answers(&inputs)) {
        let id = case["id"].as_str().unwrap();
        assert_eq!(answer["id"], id);
        assert_eq!(
            answer.get("config_error").or(answer.get("request_error")),
            None,
            "{id}"
        );
        let parts = parts(&answer);
        let differs = differing(case["theirs"].as_object().unwrap(), &parts);
        let project = verdicts
            .entry(id.split('/').next().unwrap().to_owned())
            .or_default();
        match (case.get("ours"), case["reason"].as_str()) {
            (None, None) => {
                assert!(differs.is_empty(), "{differs:?} of {case}\n{answer}");
                project.0 += 1;
            }
            (Some(ours), Some(reason)) => {
                assert!(!differs.is_empty(), "{id} agrees\n{answer}");
                let ours = ours.as_object().unwrap();
                assert!(
                    differs.iter().all(|key| ours.contains_key(key)),
                    "{differs:?} of {id}"
                );
                assert_eq!(differing(ours, &parts), [""; 0], "{case}\n{answer}");
                project.1 += 1;
                *reasons.entry(reason.to_owned()).or_default() += 1;
            }
            _ => panic!("{id}: a case has our value and a reason, or neither"),
        }
    }
    (verdicts, reasons)
}

#[test]
fn other_projects_tests_agree_or_the_page_says_why_not() {
    let page = include_str!("../docs/other-suites.md");
    let (verdicts, reasons) = verdicts();
    let projects = [
        ("aspnetcore", "[ASP.NET Core]"),
        ("express", "[Express]"),
        ("proxy-addr", "[Express (proxy-addr)]"),
        ("rails", "[Rails]"),
        ("rack", "[Rack]"),
        ("spring", "[Spring]"),
        ("symfony", "[Symfony]"),
        ("chi", "[chi]"),
        ("gin", "[gin]"),
        ("nginx", "[nginx]"),
    ];
    assert_eq!(verdicts.len(), projects.len(), "{verdicts:?}");
    for (id, name) in projects {
        let (agree, differ) = verdicts[id];
        let row = format!("| {} | {agree} | {differ} |", agree + differ);
        let is_in = |line: &str| line.starts_with(&format!("| {name}")) && line.ends_with(&row);
        assert!(page.lines().any(is_in), "{name}: {row}");
    }
    let (agree, differ) = verdicts
        .values()
        .fold((0, 0), |(a, d), one| (a + one.0, d + one.1));
    assert!(page.contains(&format!(
        "| all | | {} | {agree} | {differ} |",
        agree + differ
    )));
    for (reason, count) in reasons {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {reason} |")));
        let row = row.unwrap_or_else(|| panic!("the page has no row for {reason}"));
        let cell = row.split('|').nth(2).unwrap();
        let counts = cell
            .split(',')
            .map(|part| part.trim().rsplit(' ').next().unwrap());
        let sum: usize = counts.map(|count| count.parse::<usize>().unwrap()).sum();
        assert_eq!(sum, count, "{row}");
    }
}
