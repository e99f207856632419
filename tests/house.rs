//! Tests the structure of the code: which files import which other files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::support;

/// Each module of `src/`, by its path from the crate's root: `["resolve", "walk"]`.
fn modules() -> BTreeMap<Vec<String>, String> {
    fn read(folder: &Path, path: &[String], found: &mut BTreeMap<Vec<String>, String>) {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = [path, std::slice::from_ref(&name)].concat();
            if file.is_dir() {
                read(&file, &below, found);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                let module = match name.as_str() {
                    "lib" | "mod" => path.to_vec(),
                    _ => below,
                };
                let earlier = found.insert(module, fs::read_to_string(&file).unwrap());
                assert!(earlier.is_none(), "{} is there twice", file.display());
            }
        }
    }
    let mut found = BTreeMap::new();
    let source = support::root().join("src");
    read(&source, &[], &mut found);
    found
}

/// The code without comments and without unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| match line.trim_start() {
        comment if comment.starts_with("//") => "",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All paths in a tree of imports. For example, `a::{b, c::d}` contains `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![
            path.split("::")
                .map(|part| part.trim().to_owned())
                .collect(),
        ];
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap();
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for char in inner.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if char == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(char);
        }
    }
    let before: Vec<String> = before
        .split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| paths(part))
        .map(|path| [&before[..], &path].concat())
        .collect()
}

/// The paths that a module imports from others: its `use` lines, and paths in its code that begin with `crate`. A
/// `pub use` does not count, because it exports what is inside the module.
fn taken(text: &str) -> Vec<Vec<String>> {
    let code = code(text);
    let mut taken = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let line = code[..at].rsplit('\n').next().unwrap();
        let tree = code[at + 4..].split(';').next().unwrap();
        // In a module inside a file, `super` is the file itself.
        let is_inside = line.starts_with(' ') && tree.starts_with("super");
        if line.trim().is_empty() && !is_inside {
            taken.extend(paths(tree));
        }
    }
    for (at, _) in code.match_indices("crate::") {
        let is_macro = code[..at].ends_with('$');
        let path: String = code[at..]
            .chars()
            .take_while(|char| char.is_alphanumeric() || matches!(char, '_' | ':'))
            .collect();
        // The code above has already read `use crate::{`.
        if !is_macro && !path.ends_with(':') {
            taken.push(path.split("::").map(str::to_owned).collect());
        }
    }
    taken
}

/// For each module, the modules from whose files it imports.
fn imports() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let modules = modules();
    let mut imports = BTreeMap::new();
    for (module, text) in &modules {
        let mut from = BTreeSet::new();
        for path in taken(text) {
            let mut names = path.iter().map(String::as_str).peekable();
            let mut target: Vec<String> = match names.next() {
                Some("crate") => Vec::new(),
                Some("self") => module.clone(),
                Some("super") => module[..module.len() - 1].to_vec(),
                _ => continue,
            };
            while names.peek() == Some(&"super") {
                names.next();
                target.pop();
            }
            // Follow the path as long as it names modules. The rest of it is an item.
            for name in names {
                target.push(name.to_owned());
                if !modules.contains_key(&target) {
                    target.pop();
                    break;
                }
            }
            if target != *module {
                from.insert(target);
            }
        }
        imports.insert(module.clone(), from);
    }
    imports
}

#[test]
fn no_two_files_import_each_other_directly_or_around_a_corner() {
    let mut left = imports();
    assert!(left.len() > 30, "{} modules", left.len());
    // A module that imports none of the remaining modules is not part of a cycle.
    loop {
        let names: BTreeSet<Vec<String>> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, from| from.iter().any(|module| names.contains(module)));
        if left.len() == before {
            break;
        }
    }
    let circle: Vec<String> = left
        .iter()
        .map(|(module, from)| {
            let from: Vec<String> = from
                .iter()
                .filter(|module| left.contains_key(*module))
                .map(|module| module.join("::"))
                .collect();
            format!("{} imports {}", module.join("::"), from.join(", "))
        })
        .collect();
    assert_eq!(circle, [""; 0]);
}

#[test]
fn modules_import_each_other_by_their_real_path_and_not_through_the_crates_root() {
    for (module, from) in imports() {
        let through_the_root = from.contains(&Vec::new());
        assert!(
            !through_the_root,
            "{} imports from lib.rs",
            module.join("::")
        );
    }
}

#[test]
fn a_circle_is_found() {
    let trees = paths("crate::{a::{self, b}, c::D as E}");
    let joined: Vec<String> = trees.iter().map(|path| path.join("::")).collect();
    assert_eq!(joined, ["crate::a::self", "crate::a::b", "crate::c::D"]);
    let text = "use crate::{\n    resolve::walk,\n};\npub use self::x::Y;\n// use crate::no\nfn f() { crate::explain::log::log() }";
    let joined: Vec<String> = taken(text).iter().map(|path| path.join("::")).collect();
    assert_eq!(joined, ["crate::resolve::walk", "crate::explain::log::log"]);
}

#[test]
fn modules_with_children_are_folders_with_a_mod_file() {
    let source = support::root().join("src");
    for module in modules().keys().filter(|module| !module.is_empty()) {
        let path = module
            .iter()
            .fold(source.clone(), |path, name| path.join(name));
        assert!(
            !(path.is_dir() && path.with_extension("rs").exists()),
            "{} stands beside its folder",
            path.display()
        );
    }
}

#[test]
fn no_test_makes_caddy_install_a_certificate_authority() {
    // For `localhost` and for addresses, Caddy creates its own authority, and installs it in the system's trust store.
    let mut seen = 0;
    for entry in std::fs::read_dir(support::root().join("tests/proxies")).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_str().unwrap().contains("Caddyfile") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for site in [
            "https://localhost",
            "https://127.",
            "tls internal",
            "local_certs",
        ] {
            assert!(!text.contains(site), "{} has `{site}`", path.display());
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
}
