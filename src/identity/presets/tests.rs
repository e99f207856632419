use super::*;
use crate::headers::recognise::{self, Kind};

#[test]
fn every_header_of_a_preset_is_removed_where_nobody_believes_it() {
    for preset in ALL {
        for name in *preset {
            assert_eq!(recognise::classify(name), Some(Kind::Identity), "{name}");
        }
    }
}

#[test]
fn the_table_in_the_docs_is_the_code() {
    let table: String = ALL
        .iter()
        .map(|preset| {
            let headers: Vec<String> = preset.into_iter().map(|name| format!("`{name}`")).collect();
            format!(
                "| [`{name}`](Self::{constant}) | {} |\n",
                headers.join(", "),
                name = preset.name,
                constant = preset.name.to_uppercase().replace('-', "_"),
            )
        })
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/identity/presets.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, table, "run with BLESS=1 to write it");
}
