//! Explains request heads that people posted in public, and checks the first line of each explanation.

use fancy_regex::Regex;
use serde_json::Value;

use crate::support::explain_program;

/// The output of the program.
fn told(arguments: &[&str], head: &str) -> (String, Option<i32>) {
    let output = explain_program(arguments, head);
    assert!(output.status.code() != Some(2), "{arguments:?}: {output:?}");
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

/// What is wrong with the output for a case. `None` if the output is right.
fn wrong(case: &Value) -> Option<String> {
    let arguments: Vec<&str> = case["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();
    let (text, code) = told(&arguments, case["head"].as_str().unwrap());
    let first = text.lines().next().unwrap();
    let expect = &case["expect"];
    let matches = |pattern: &str, text: &str| {
        Regex::new(&format!("(?i){pattern}"))
            .unwrap()
            .is_match(text)
            .unwrap()
    };
    let mut reasons = Vec::new();
    for pattern in expect["first_line"].as_array().into_iter().flatten() {
        if !matches(pattern.as_str().unwrap(), first) {
            reasons.push(format!("`{pattern}` is not in the first line"));
        }
    }
    if expect["quiet"] == true && code != Some(0) {
        reasons.push("it is not quiet".to_owned());
    }
    if let Some(outcome) = expect["outcome"].as_str() {
        let last = text.lines().last().unwrap();
        if !last.contains(outcome) {
            reasons.push(format!("the outcome is not {outcome}"));
        }
    }
    (!reasons.is_empty()).then(|| format!("{}: {reasons:?}\n{text}", case["id"]))
}

fn all(file: &str, count: usize) {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= count, "{}", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_people_posted_is_told_by_the_first_line() {
    all(include_str!("data/told.json"), 14);
}

#[test]
fn what_others_posted_elsewhere_is_told_too_and_most_of_it_without_a_change() {
    let text = include_str!("data/reported.json");
    all(text, 30);
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let unchanged = cases.iter().filter(|case| case["changed"].is_null());
    assert!(unchanged.count() >= 18);
    assert!(
        cases
            .iter()
            .all(|case| case["source"].as_str().unwrap().starts_with("https://"))
    );
}

/// The table of the chapter "Why is my scheme still http?": for each kind of advice, the output for its first case.
#[test]
fn the_chapters_table_is_what_the_cases_are_told() {
    let mut table = String::from("| kind | what explain says | what to change |\n|---|---|---|\n");
    let mut kinds: Vec<(String, String)> = Vec::new();
    for file in [
        include_str!("data/told.json"),
        include_str!("data/reported.json"),
    ] {
        let file: Value = serde_json::from_str(file).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let mut arguments: Vec<&str> = case["args"]
                .as_array()
                .unwrap()
                .iter()
                .map(|argument| argument.as_str().unwrap())
                .collect();
            arguments.push("--json");
            let (text, _) = told(&arguments, case["head"].as_str().unwrap());
            let json: Value = serde_json::from_str(&text).unwrap();
            let advice = &json["advice"][0];
            let Some(kind) = advice["kind"].as_str() else {
                continue;
            };
            let cell = |key: &str| advice[key].as_str().unwrap().replace('|', "\\|");
            if !kinds.iter().any(|(known, _)| known == kind) {
                let row = format!("| `{kind}` | {} | {} |\n", cell("cause"), cell("cure"));
                kinds.push((kind.to_owned(), row));
            }
        }
    }
    kinds.sort();
    for (_, row) in kinds {
        table.push_str(&row);
    }
    let path = crate::support::root().join("docs/told.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == table,
        "BLESS=1 cargo test --all-features --test all told"
    );
}
