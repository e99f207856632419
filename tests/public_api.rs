//! Compares the public API with a file, so that a breaking change is visible in review.

use std::{fs, process::Command};

use crate::support;

#[test]
#[ignore = "needs a nightly compiler: tests/run"]
fn the_public_api_is_what_the_file_says() {
    let root = support::root();
    // Only a nightly compiler writes the documentation as JSON.
    let target = root.join("target/public-api");
    let output = Command::new("rustup")
        .args([
            "run",
            "nightly",
            "cargo",
            "rustdoc",
            "--lib",
            "--all-features",
        ])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .current_dir(&root)
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let now = public_api::Builder::from_rustdoc_json(target.join("doc/tower_forwarded.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .unwrap_or_else(|error| {
            panic!("{error}\nIf the nightly compiler is old: rustup update nightly")
        })
        .to_string();
    let file = root.join("tests/data/public-api.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &now).unwrap();
    }
    let was = fs::read_to_string(&file).unwrap_or_default();
    let missing = |from: &str, other: &str| -> Vec<String> {
        let other: std::collections::BTreeSet<&str> = other.lines().collect();
        from.lines()
            .filter(|line| !other.contains(line))
            .map(str::to_owned)
            .collect()
    };
    let (gone, new) = (missing(&was, &now), missing(&now, &was));
    assert!(
        gone.is_empty() && new.is_empty(),
        "gone: {gone:#?}\nnew: {new:#?}\nIf that is meant: BLESS=1 cargo test -p tower-forwarded-checks public_api -- --ignored"
    );
}
