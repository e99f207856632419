//! The forwarding fields that exist, and how one is recognised.

/// A field in [`KNOWN`], or one that the user named (from [`FIRST_CUSTOM`] on).
pub(crate) type Field = u8;

/// Stands for "none": no header has this number.
pub(crate) const NONE: Field = u8::MAX;

/// Custom fields take the numbers from here to 63, so that a set of fields is one `u64`.
pub(crate) const FIRST_CUSTOM: Field = 56;

/// Every forwarding field that some proxy, gateway or framework writes or reads, by length.
///
/// What is not believed is removed from every request (rule R11). Fields that carry something else
/// than where a request came from (certificates, request ids, rewritten paths) are not here.
pub(crate) const KNOWN: [&str; 49] = [
    "x-scheme",
    "client-ip",
    "forwarded",
    "x-real-ip",
    "cf-visitor",
    "fastly-ssl",
    "x-client-ip",
    "x-forwarded",
    "x-remote-ip",
    "x-url-scheme",
    "fly-client-ip",
    "forwarded-for",
    "x-remote-addr",
    "cf-pseudo-ipv4",
    "true-client-ip",
    "x-forwarded-by",
    "x-original-for",
    "front-end-https",
    "proxy-client-ip",
    "x-forwarded-for",
    "x-forwarded-ssl",
    "x-original-host",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-original-proto",
    "x-originating-ip",
    "fly-forwarded-ssl",
    "x-forwarded-proto",
    "cf-connecting-ipv6",
    "fly-forwarded-port",
    "wl-proxy-client-ip",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "fly-forwarded-proto",
    "x-appengine-user-ip",
    "x-cluster-client-ip",
    "x-original-prefix",
    "x-forwarded-protocol",
    "x-forwarded-client-ip",
    "x-original-remote-addr",
    "x-envoy-external-address",
    "x-original-forwarded-for",
    "cloudfront-viewer-address",
    "cloudfront-forwarded-proto",
];

const LONGEST: usize = 26;

/// For each length, where its names start in [`BY_LENGTH`].
const STARTS: [u8; LONGEST + 2] = starts();
/// The numbers of the names, by length.
const BY_LENGTH: [Field; KNOWN.len()] = by_length();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]
const fn by_length() -> [Field; KNOWN.len()] {
    let mut sorted = [0; KNOWN.len()];
    let mut filled = 0;
    let mut length = 0;
    while length <= LONGEST {
        let mut field = 0;
        while field < KNOWN.len() {
            if KNOWN[field].len() == length {
                sorted[filled] = field as Field;
                filled += 1;
            }
            field += 1;
        }
        length += 1;
    }
    assert!(filled == KNOWN.len() && KNOWN.len() <= FIRST_CUSTOM as usize);
    sorted
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn starts() -> [u8; LONGEST + 2] {
    let mut starts = [0; LONGEST + 2];
    let mut length = 0;
    while length <= LONGEST {
        let mut here = 0;
        let mut field = 0;
        while field < KNOWN.len() {
            if KNOWN[field].len() == length {
                here += 1;
            }
            field += 1;
        }
        starts[length + 1] = starts[length] + here;
        length += 1;
    }
    starts
}

/// A header that is a forwarding field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Field(Field),
    /// Spelled with an underscore somewhere: some gateways fold `x_forwarded_for` and
    /// `x-forwarded-for` into the same variable.
    Underscored(Field),
}

/// Recognises a header name, which is lowercase.
#[inline]
pub(crate) fn classify(name: &str) -> Option<Kind> {
    let start = *STARTS.get(name.len())?;
    let end = *STARTS.get(name.len().wrapping_add(1))?;
    let candidates = BY_LENGTH.get(usize::from(start)..usize::from(end))?;
    let first = name.as_bytes().first()?;
    for &field in candidates {
        let known = KNOWN.get(usize::from(field))?;
        if known.as_bytes().first() != Some(first) {
            continue;
        }
        if name == *known {
            return Some(Kind::Field(field));
        }
    }
    if candidates.is_empty() || !name.as_bytes().contains(&b'_') {
        return None;
    }
    candidates
        .iter()
        .find(|&&field| {
            KNOWN
                .get(usize::from(field))
                .is_some_and(|known| folds_to(name, known))
        })
        .map(|&field| Kind::Underscored(field))
}

fn folds_to(name: &str, known: &str) -> bool {
    name.bytes()
        .map(|byte| if byte == b'_' { b'-' } else { byte })
        .eq(known.bytes())
}

/// The number of a name; for constants.
///
/// # Panics
///
/// When a constant is evaluated with a name that is not in [`KNOWN`], so at compile time.
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

/// The bit of a field in a set; 0 for [`NONE`].
pub(crate) const fn bit(field: Field) -> u64 {
    if field < 64 {
        1_u64.wrapping_shl(field as u32)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_field_is_recognised_and_its_underscore_spellings_too() {
        for (number, name) in KNOWN.iter().enumerate() {
            let number = Field::try_from(number).unwrap();
            assert_eq!(field(name), number);
            assert_eq!(classify(name), Some(Kind::Field(number)), "{name}");
            let folded = name.replace('-', "_");
            if folded != **name {
                assert_eq!(
                    classify(&folded),
                    Some(Kind::Underscored(number)),
                    "{folded}"
                );
                let half = name.replacen('-', "_", 1);
                assert_eq!(classify(&half), Some(Kind::Underscored(number)), "{half}");
            }
        }
    }

    #[test]
    fn other_fields_are_left_alone() {
        for name in [
            "",
            "host",
            "accept",
            "x-forwarded-fox",
            "x_request_id",
            "accept-encoding",
            "x-forwarded-client-cert",
            "x-request-id",
            "a-name-that-is-longer-than-all-of-them",
        ] {
            assert_eq!(classify(name), None, "{name}");
        }
    }
}
