//! All known forwarding headers.

use http::HeaderName;

/// A field, by its number: either one of [`KNOWN`], or one that the user named (from [`FIRST_CUSTOM`] on).
pub(crate) type Field = u16;

/// Means "none": no header has this number.
pub(crate) const NONE: Field = Field::MAX;

/// The fields that the user named have the numbers after the known ones, one for each role.
#[allow(clippy::cast_possible_truncation)]
pub(crate) const FIRST_CUSTOM: Field = KNOWN.len() as Field;

/// How many fields a user can name: one for each role in [`Headers`](super::Headers).
pub(crate) const CUSTOM: usize = 5;

macro_rules! known {
    ($($name:literal,)*) => {
        /// Every forwarding header that a proxy, gateway or framework writes or reads.
        ///
        /// Headers from this list that the layer does not believe are removed from every request (rule R11). A new name
        /// is one line here, and the order does not matter. Headers that say who the client is are in
        /// `src/identity/known/mod.rs`.
        pub(crate) const KNOWN: &[&str] = &[$($name,)*];

        /// The same names, ready to look up.
        pub(crate) static NAMES: [HeaderName; [$($name),*].len()] =
            [$(HeaderName::from_static($name),)*];
    };
}

known! {
    "ali-cdn-real-ip",
    "cdn-src-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
    "cf-visitor",
    "client-ip",
    "cloudfront-forwarded-proto",
    "cloudfront-viewer-address",
    "disguised-host",
    "do-connecting-ip",
    "eo-connecting-ip",
    "fastly-client-ip",
    "fastly-ssl",
    "fly-client-ip",
    "fly-forwarded-port",
    "fly-forwarded-proto",
    "fly-forwarded-ssl",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "incap-client-ip",
    "proxy-client-ip",
    "true-client-ip",
    "wl-proxy-client-ip",
    "wl-proxy-ssl",
    "x-appengine-https",
    "x-appengine-user-ip",
    "x-arr-ssl",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-https",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-host",
    "x-http-host-override",
    "x-nf-client-connection-ip",
    "x-original-for",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-prefix",
    "x-original-proto",
    "x-original-remote-addr",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-proxied-https",
    "x-proxyuser-ip",
    "x-real-client-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-rewrite-url",
    "x-scheme",
    "x-script-name",
    "x-sucuri-clientip",
    "x-true-client-ip",
    "x-url-scheme",
    "x-vercel-forwarded-for",
}

/// The number of a name, for use in constants.
///
/// # Panics
///
/// If the name is not in [`KNOWN`]. Constants are evaluated at compile time, so the panic happens there.
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::cast_possible_truncation
)]
pub(crate) const fn field(name: &str) -> Field {
    let name = name.as_bytes();
    let mut index = 0;
    while index < KNOWN.len() {
        let known = KNOWN[index].as_bytes();
        if known.len() == name.len() {
            let mut at = 0;
            while at < name.len() && known[at] == name[at] {
                at += 1;
            }
            if at == name.len() {
                return index as Field;
            }
        }
        index += 1;
    }
    panic!("not a known forwarding field")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_in_the_docs_is_the_code() {
        let list: String = KNOWN.iter().map(|name| format!("- `{name}`\n")).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/headers/known.md");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &list).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(kept, list, "run with BLESS=1 to write it");
    }
}
