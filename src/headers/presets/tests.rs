use super::*;

fn cell(headers: &Headers, field: Field) -> String {
    match field {
        NONE => "–".to_owned(),
        list if headers.lists.contains(list) => {
            format!("`{}` (list)", headers.field_name(field))
        }
        _ => format!("`{}`", headers.field_name(field)),
    }
}

#[test]
fn the_table_in_the_docs_is_the_code() {
    let table: String = ALL
        .iter()
        .map(|h| {
            let client = match h.client_syntax {
                ClientSyntax::List => " (list)",
                ClientSyntax::Forwarded => " `for=`",
                ClientSyntax::Single | ClientSyntax::SingleWithPort => "",
            };
            let (scheme, host) = match h.client_syntax {
                ClientSyntax::Forwarded => ("`proto=`".to_owned(), "`host=`".to_owned()),
                _ => (cell(h, h.scheme), cell(h, h.host)),
            };
            let scheme = match h.other_scheme {
                NONE => scheme,
                other => format!("{scheme}, else {}", cell(h, other)),
            };
            format!(
                "| [`{name}`](Self::{constant}) | {}{client} | {scheme} | {host} | {} | {} |\n",
                cell(h, h.client),
                cell(h, h.port),
                cell(h, h.prefix),
                name = h.name,
                constant = h.name.to_uppercase().replace('-', "_"),
            )
        })
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/headers/presets.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        table,
        "run with BLESS=1 to write it"
    );
}
