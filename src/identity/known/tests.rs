use super::*;

#[test]
fn the_table_in_the_docs_is_the_code() {
    let rows: String = PRODUCTS
        .iter()
        .map(|product| {
            let headers: Vec<String> = product
                .headers
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            format!(
                "| [{}]({}) | {} |\n",
                product.name,
                product.source,
                headers.join(", ")
            )
        })
        .collect();
    let table = format!("| product | headers |\n|---|---|\n{rows}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/identity/known.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, table, "run with BLESS=1 to write it");
}

#[test]
fn every_name_is_lowercase_with_hyphens_and_every_product_has_a_source() {
    for product in PRODUCTS {
        assert!(product.source.starts_with("https://"), "{}", product.name);
        for header in product.headers {
            let name = without_star(header);
            assert!(
                name.parse::<http::HeaderName>().unwrap().as_str() == name && !name.contains('_'),
                "{header}"
            );
        }
    }
}
