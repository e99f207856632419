//! Tests the links between the pages: each leads to a file, a chapter and a heading that exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::support::root;

/// The guide on docs.rs.
const GUIDE: &str = "https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The anchors of a page's headings, as rustdoc writes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut anchors = BTreeSet::new();
    for line in page.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if let (false, Some(heading)) = (is_code, line.strip_prefix('#')) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let anchor = heading.chars().filter_map(|char| match char {
                ' ' => Some('-'),
                '-' | '_' => Some(char),
                char => char.is_alphanumeric().then_some(char),
            });
            anchors.insert(anchor.collect());
        }
    }
    anchors
}

/// Each module of a file that consists of documentation, with its text. The file itself is "index".
fn chapters(file: &str) -> BTreeMap<String, String> {
    let file = root().join(file);
    let (mut chapters, mut page) = (BTreeMap::new(), String::new());
    for line in read(&file).lines() {
        let included = line.split_once("include_str!(\"");
        if let Some((_, included)) = included {
            let included = included.split('"').next().unwrap();
            page.push_str(&read(&file.with_file_name(included)));
        } else if let Some(text) = line.strip_prefix("///").or(line.strip_prefix("//!")) {
            page.push_str(text.strip_prefix(' ').unwrap_or(text));
        } else if let Some(name) = line.strip_prefix("pub mod ") {
            let name = name.split_whitespace().next().unwrap();
            chapters.insert(name.to_owned(), std::mem::take(&mut page));
        } else if line.is_empty() && chapters.is_empty() {
            chapters.insert("index".to_owned(), std::mem::take(&mut page));
        }
        page.push('\n');
    }
    chapters
}

/// All files below a folder whose name ends in `extension`.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

/// The text after each `before`, up to a character that ends a link.
fn links<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let ends = |char: char| char.is_whitespace() || matches!(char, ')' | '>' | '"' | '`');
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(ends).next())
        .collect()
}

/// Asserts that the chapter `name#anchor` exists.
fn assert_exists(chapters: &BTreeMap<String, String>, link: &str, from: &Path) {
    let (name, anchor) = link.split_once('#').unwrap_or((link, ""));
    let from = from.display();
    let page = chapters
        .get(name)
        .unwrap_or_else(|| panic!("{from}: {link}: no such chapter"));
    let anchors = anchors(page);
    assert!(
        anchor.is_empty() || anchors.contains(anchor),
        "{from}: {link}: no such heading in {anchors:#?}"
    );
}

#[test]
fn links_to_the_guide_lead_to_chapters_and_headings_that_exist() {
    let guide = chapters("docs/guide.rs");
    assert!(guide.len() > 15, "{:?}", guide.keys());
    let mut pages = files(&root().join("src"), "rs");
    pages.extend(files(&root().join("src"), "md"));
    pages.extend(files(&root().join("explain"), "rs"));
    pages.extend(["README.md", "explain/README.md", "CHANGELOG.md"].map(|it| root().join(it)));
    let mut seen = 0;
    for page in pages {
        for link in links(&read(&page), GUIDE) {
            let (name, anchor) = link
                .split_once("index.html")
                .unwrap_or_else(|| panic!("{}: {link}: no index.html", page.display()));
            // The front page is the chapter `index`.
            let name = name.strip_suffix('/').unwrap_or("index");
            assert_exists(&guide, &format!("{name}{anchor}"), &page);
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} links");
}

#[test]
fn links_inside_the_guide_lead_to_headings_that_exist() {
    let (guide, library) = (chapters("docs/guide.rs"), chapters("src/guide/mod.rs"));
    let front: String = read(&root().join("src/lib.rs"))
        .lines()
        .filter(|line| line.starts_with("//! #"))
        .map(|line| format!("{}\n", &line[4..]))
        .collect();
    let front = BTreeMap::from([("front".to_owned(), front)]);
    let mut seen = 0;
    for (name, page) in &guide {
        let file = root().join("docs").join(name);
        for link in links(page, "](#") {
            assert_exists(&guide, &format!("{name}#{link}"), &file);
            seen += 1;
        }
        for link in links(page, "](crate::") {
            assert_exists(&guide, link, &file);
            seen += 1;
        }
        for link in links(page, "](tower_forwarded::guide::") {
            assert_exists(&library, link, &file);
            seen += 1;
        }
        for anchor in links(page, "](crate#") {
            assert_exists(&guide, &format!("index#{anchor}"), &file);
        }
        for anchor in links(page, "](tower_forwarded#") {
            assert_exists(&front, &format!("front#{anchor}"), &file);
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} links");
}

#[test]
fn links_inside_the_crate_lead_to_headings_that_exist() {
    let library = chapters("src/guide/mod.rs");
    let mut seen = 0;
    for page in files(&root().join("src"), "rs") {
        for link in links(&read(&page), "](crate::guide::") {
            assert_exists(&library, link, &page);
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen} links");
}

#[test]
fn links_of_the_readme_and_the_contributors_lead_to_files_that_exist() {
    for page in ["README.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = read(&root().join(page));
        let all = [links(&text, "]("), links(&text, "src=\"")].concat();
        for link in all.iter().filter(|link| !link.starts_with("http")) {
            let path = link.split('#').next().unwrap();
            assert!(root().join(path).exists(), "{page}: {link}");
        }
    }
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page = "# Tried: `a_b` & more\n```text\n# no heading\n```\n";
    assert_eq!(
        anchors(page),
        BTreeSet::from(["tried-a_b--more".to_owned()])
    );
    let chapters = BTreeMap::from([("one".to_owned(), page.to_owned())]);
    assert_exists(&chapters, "one#tried-a_b--more", Path::new("test"));
    for link in ["two", "one#elsewhere"] {
        let found = std::panic::catch_unwind(|| assert_exists(&chapters, link, Path::new("test")));
        assert!(found.is_err(), "{link}");
    }
}
