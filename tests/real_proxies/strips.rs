//! Makes the table in the docs of the client headers that each proxy strips.

use std::{collections::BTreeSet, fs};

use crate::support;

/// Compares the row of a proxy with the row in the repository. With BLESS, it writes the row.
///
/// # Panics
///
/// If they differ.
pub fn keep(proxy: &str, forged: &[&str], passed: &BTreeSet<&str>) {
    let (passes, strips): (Vec<&str>, Vec<&str>) =
        forged.iter().partition(|name| passed.contains(*name));
    let list = |names: Vec<&str>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let row = format!("| {proxy} | {} | {} |\n", list(strips), list(passes));
    let path = support::root().join(format!("docs/identity/{proxy}.md"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &row).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, row, "{}: BLESS=1 tests/run writes it", path.display());
}
