//! The Kubernetes manifests in the docs are valid.

use std::{fs, process::Command};

/// The blocks of YAML in the docs that are for Kubernetes.
fn manifests() -> Vec<&'static str> {
    let page = include_str!("../docs/deployment.md");
    let blocks = page.split("```yaml\n").skip(1);
    let blocks = blocks.map(|block| block.split("\n```").next().unwrap());
    blocks
        .filter(|block| block.starts_with("apiVersion:"))
        .collect()
}

/// The output of a strict check, and whether every object passed.
fn validate(name: &str, manifest: &str) -> (String, bool) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    fs::write(&file, manifest).unwrap();
    let output = Command::new("kubernetes-validate")
        .args(["--strict", "-k", "1.37.0"])
        .arg(&file)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let objects = manifest.matches("apiVersion:").count();
    // For an object without a schema, it only warns.
    let passed = text.matches("passed for resource").count() == objects;
    (text, passed && output.status.success())
}

#[test]
#[ignore = "needs kubernetes-validate: tests/run"]
fn the_manifests_in_the_docs_are_valid() {
    let manifests = manifests();
    let [app, gateway] = manifests[..] else {
        panic!("{} manifests", manifests.len());
    };
    let (text, passed) = validate("app.yaml", app);
    assert!(passed, "{text}");
    // A mistake is found.
    let (text, passed) = validate("app.yaml", &app.replace("containerPort", "containerPrt"));
    assert!(
        !passed && text.contains("'containerPort' is a required"),
        "{text}"
    );
    // The Gateway API is not a part of Kubernetes, so there is no schema. Its objects must at least be YAML, and of the
    // kinds that the page is about.
    let (text, _) = validate("gateway.yaml", gateway);
    for kind in ["Gateway", "HTTPRoute"] {
        assert!(text.contains(&format!("schema for kind {kind} ")), "{text}");
    }
}
