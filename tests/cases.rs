//! Test cases from other projects, and requests that real proxies sent.

use serde_json::{Value, json};

use crate::support::json;

/// Runs cases through the program's own JSON mode.
pub fn answers(cases: &[Value]) -> Vec<Value> {
    let input: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let mut output = Vec::new();
    json::run(input.as_bytes(), &mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_uvicorn_case_agrees() {
    let file: Value = serde_json::from_str(include_str!("data/uvicorn.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 140, "{}", cases.len());
    for (case, answer) in cases.iter().zip(answers(cases)) {
        assert_eq!(case["id"], answer["id"]);
        for (key, expected) in case["expect"].as_object().unwrap() {
            assert_eq!(&answer[key], expected, "{key} of {case}\n{answer}");
        }
    }
}

#[test]
fn what_real_proxies_sent_comes_out_as_the_truth() {
    let file: Value = serde_json::from_str(include_str!("data/captures.json")).unwrap();
    let mut checked = 0;
    for proxy in file["proxies"].as_array().unwrap() {
        let name = proxy["proxy"].as_str().unwrap();
        let preset = match name {
            "haproxy 2.6.12 (Forwarded)" => "haproxy-forwarded",
            _ => name.split(' ').next().unwrap(),
        };
        // For a client on loopback, Envoy writes an address of its machine. The client connected from that machine.
        let client = match preset {
            "envoy" => "192.0.2.2",
            _ => proxy["client_address"].as_str().unwrap(),
        };
        for exchange in proxy["exchanges"].as_array().unwrap() {
            let Some([line, fields @ ..]) = exchange["upstream_head"].as_array().map(Vec::as_slice)
            else {
                continue;
            };
            if fields.is_empty() {
                continue;
            }
            let line: Vec<&str> = line.as_str().unwrap().split(' ').collect();
            let fields: Vec<Vec<&str>> = fields
                .iter()
                .map(|field| field.as_str().unwrap().splitn(2, ": ").collect())
                .collect();
            let case = json!({
                "id": [name, exchange["case"]],
                "config": { "trust": ["10.0.0.1"], "headers": preset },
                "request": { "peer": "10.0.0.1:1", "method": line[0], "uri": line[1], "headers": fields },
            });
            let answer = answers(std::slice::from_ref(&case)).remove(0);
            let context = format!("{case}\n{answer}");
            assert_eq!(answer["client"], client, "{context}");
            assert!(
                answer["host"]
                    .as_str()
                    .unwrap()
                    .starts_with("api.example.test"),
                "{context}"
            );
            let apache_lost_its_own_line =
                preset == "apache" && exchange["case"] == "hop-by-hop trick";
            if apache_lost_its_own_line {
                // `Connection: X-Forwarded-Proto` made Apache drop the header that it had set: see Headers::APACHE.
                assert_eq!(answer["findings"], json!(["scheme-missing"]), "{context}");
            } else {
                assert_eq!(answer["scheme"], "https", "{context}");
            }
            for (field, lines) in answer["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|field| (field[0].as_str().unwrap(), field[1].as_str().unwrap()))
            {
                let forged = ["198.51.100", "evil.example", "8081"];
                assert!(
                    !forged.iter().any(|forged| lines.contains(forged)),
                    "{field}: {lines}\n{context}"
                );
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 47);
}

#[test]
fn a_config_error_is_an_answer_and_names_the_text() {
    let case = |config: Value| json!({ "id": 7, "config": config, "request": { "peer": null } });
    for (config, text) in [
        (
            json!({ "trust": ["10.0.0.5/8"], "headers": "x-forwarded" }),
            "10.0.0.0/8",
        ),
        (json!({ "trust": [""], "headers": "x-forwarded" }), "trust"),
        (json!({ "trust": [], "headers": "nope" }), "`nope`"),
        (
            json!({ "trust": [], "headers": "x-forwarded", "hosts": ["a b"] }),
            "`a b`",
        ),
        (
            json!({ "trust": [], "headers": "x-forwarded", "hops": "many" }),
            "`many`",
        ),
        (
            json!({ "trust": [], "headers": "x-forwarded", "hops": -1 }),
            "`-1`",
        ),
        (
            json!({ "trust": [], "headers": "x-forwarded", "scheme": "ftp" }),
            "`ftp`",
        ),
        (
            json!({ "trust": [], "headers": "x-forwarded", "typo": 1 }),
            "`typo`",
        ),
        (json!({ "headers": "x-forwarded" }), "trust"),
    ] {
        let answer = answers(&[case(config)]).remove(0);
        assert_eq!(answer["id"], 7);
        assert!(
            answer["config_error"].as_str().unwrap().contains(text),
            "{answer}"
        );
    }
}

#[test]
fn bytes_outside_ascii_survive_the_round_trip() {
    let case = json!({ "config": { "trust": [], "headers": "x-forwarded" },
        "request": { "peer": "192.0.2.1:5", "headers": [["x-note", "\u{ff}ß"], ["host", "a"]] } });
    let answer = answers(&[case]).remove(0);
    assert_eq!(
        answer["headers"],
        json!([["x-note", "\u{ff}ß"], ["host", "a"]])
    );
    assert_eq!(answer["uri"], "http://a/");
}

#[test]
fn a_request_that_cannot_be_built_is_an_answer_and_the_next_is_answered() {
    let config = json!({ "trust": [], "headers": "x-forwarded" });
    let case = |request: Value| json!({ "id": 1, "config": config, "request": request });
    let cases = [
        case(json!({ "peer": "here" })),
        case(json!({ "peer": null, "uri": "/a b" })),
        case(json!({ "peer": null, "headers": [["no name", "x"]] })),
        case(json!({ "peer": null, "headers": [["x-a", "line\nbreak"]] })),
        case(json!({ "peer": null, "headers": [["x-a", "\u{100}"]] })),
        case(json!({ "peer": "192.0.2.1:1", "headers": [["host", "a"]] })),
    ];
    let answers = answers(&cases);
    for (answer, named) in answers
        .iter()
        .zip(["`here`", "`/a b`", "`no name`", "x-a", "x-a"])
    {
        assert!(
            answer["request_error"].as_str().unwrap().contains(named),
            "{answer}"
        );
    }
    assert_eq!(answers[5]["client"], "192.0.2.1");
}

#[test]
fn what_people_reported_comes_out_right() {
    let file: Value = serde_json::from_str(include_str!("data/reports.json")).unwrap();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in file["cases"].as_array().unwrap() {
        let answer = answers(std::slice::from_ref(case)).remove(0);
        for (key, expected) in case["expect"].as_object().unwrap() {
            if &answer[key] != expected {
                wrong.push(format!("{key} of {case}\n{answer}"));
            }
            checked += 1;
        }
    }
    assert!(checked >= 30, "{checked}");
    assert_eq!(wrong, [""; 0]);
}
