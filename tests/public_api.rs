//! Compares the public API with a file, so that a breaking change is visible in review.

use std::{fs, process::Command};

use crate::support;

#[test]
#[ignore = "needs cargo-public-api and a nightly compiler: tests/run"]
fn the_public_api_is_what_the_file_says() {
    let root = support::root();
    let output = Command::new("rustup")
        .args(["run", "nightly", "cargo", "public-api"])
        .args(["--all-features", "-sss", "--target-dir"])
        .arg(root.join("target/public-api"))
        .current_dir(&root)
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let now = String::from_utf8(output.stdout).unwrap();
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
