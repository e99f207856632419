//! The forwarding fields that exist, and how one is recognised.

use http::HeaderName;

/// A field in [`KNOWN`], or one that the user named (from [`FIRST_CUSTOM`] on).
pub(crate) type Field = u8;

/// Stands for "none": no header has this number.
pub(crate) const NONE: Field = u8::MAX;

/// Custom fields take the numbers from here to 63, so that a set of fields is one `u64`.
pub(crate) const FIRST_CUSTOM: Field = 56;

macro_rules! known {
    ($($name:literal,)*) => {
        /// Every forwarding field that some proxy, gateway or framework writes or reads.
        ///
        /// What is not believed is removed from every request (rule R11). Fields that carry something
        /// else than where a request came from (certificates, request ids, rewritten paths) are not
        /// here.
        pub(crate) const KNOWN: &[&str] = &[$($name,)*];

        /// The same, ready to look up.
        pub(crate) static NAMES: [HeaderName; [$($name),*].len()] =
            [$(HeaderName::from_static($name),)*];
    };
}

known! {
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
    "cf-visitor",
    "client-ip",
    "cloudfront-forwarded-proto",
    "cloudfront-viewer-address",
    "fastly-client-ip",
    "fastly-ssl",
    "fly-client-ip",
    "fly-forwarded-port",
    "fly-forwarded-proto",
    "fly-forwarded-ssl",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "proxy-client-ip",
    "true-client-ip",
    "wl-proxy-client-ip",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-original-for",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-prefix",
    "x-original-proto",
    "x-original-remote-addr",
    "x-originating-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-scheme",
    "x-url-scheme",
}

/// Where to look for a name: its number, or [`NONE`]. [`slot`] gives each name a place of its own, so
/// one comparison decides.
static SLOTS: [Field; 128] = slots();

/// A number below 128 from the length and four bytes of a name; `None` for one too short to have them.
/// An underscore counts as a hyphen.
#[inline]
const fn slot(name: &[u8]) -> Option<usize> {
    let length = name.len();
    let [_, _, third, ..] = name else {
        return None;
    };
    let [.., before_last, last] = name else {
        return None;
    };
    let (_, [middle, ..]) = name.split_at(length / 2) else {
        return None;
    };
    // The factors were found by trying. If a name is added that shares its place with another, the
    // build fails, and others have to be tried.
    let sum = length
        .wrapping_mul(18)
        .wrapping_add(fold(*middle).wrapping_mul(230))
        .wrapping_add(fold(*third).wrapping_mul(139))
        .wrapping_add(fold(*last).wrapping_mul(19))
        .wrapping_add(fold(*before_last).wrapping_mul(19));
    Some(sum % 128)
}

const fn fold(byte: u8) -> usize {
    if byte == b'_' {
        b'-' as usize
    } else {
        byte as usize
    }
}

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]
const fn slots() -> [Field; 128] {
    assert!(KNOWN.len() <= FIRST_CUSTOM as usize);
    let mut slots = [NONE; 128];
    let mut field = 0;
    while field < KNOWN.len() {
        if let Some(slot) = slot(KNOWN[field].as_bytes()) {
            assert!(slots[slot] == NONE, "two names share a place");
            slots[slot] = field as Field;
        }
        field += 1;
    }
    slots
}

/// A header that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Host,
    /// A forwarding field.
    Field(Field),
    /// One that is spelled with an underscore somewhere: some gateways fold `x_forwarded_for` and
    /// `x-forwarded-for` into the same variable.
    Underscored(Field),
}

/// For each length, the second letters that names of interest have: nearly every other field of a
/// request is settled by this.
static SECOND_LETTERS: [u32; 32] = second_letters();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn second_letters() -> [u32; 32] {
    let mut letters = [0; 32];
    letters[4] = letter(b'o'); // host
    let mut field = 0;
    while field < KNOWN.len() {
        let name = KNOWN[field].as_bytes();
        assert!(name.len() < letters.len());
        letters[name.len()] |= letter(name[1]);
        if name[1] == b'-' {
            letters[name.len()] |= letter(b'_');
        }
        field += 1;
    }
    letters
}

/// One of 32 bits; letters have a bit each.
#[inline]
const fn letter(byte: u8) -> u32 {
    1_u32.wrapping_shl(byte as u32)
}

/// Recognises a header name, which is lowercase.
#[inline(always)]
pub(crate) fn classify(name: &str) -> Option<Kind> {
    let bytes = name.as_bytes();
    let letters = SECOND_LETTERS.get(bytes.len())?;
    if letters & letter(*bytes.get(1)?) == 0 {
        return None;
    }
    look_up(name)
}

#[inline]
fn look_up(name: &str) -> Option<Kind> {
    // What nearly every request behind a proxy has, without arithmetic.
    match name {
        "host" => return Some(Kind::Host),
        "x-forwarded-for" => return Some(Kind::Field(const { field("x-forwarded-for") })),
        "x-forwarded-proto" => return Some(Kind::Field(const { field("x-forwarded-proto") })),
        "x-forwarded-port" => return Some(Kind::Field(const { field("x-forwarded-port") })),
        "x-forwarded-host" => return Some(Kind::Field(const { field("x-forwarded-host") })),
        _ => {}
    }
    let field = *SLOTS.get(slot(name.as_bytes())?)?;
    let known = KNOWN.get(usize::from(field))?;
    if name == *known {
        Some(Kind::Field(field))
    } else if fold_alike(name, known) {
        Some(Kind::Underscored(field))
    } else {
        None
    }
}

/// Whether two names differ in nothing but underscores for hyphens.
#[cold]
pub(crate) fn fold_alike(one: &str, other: &str) -> bool {
    one.bytes().map(fold).eq(other.bytes().map(fold))
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

/// Some fields as a set; [`NONE`] among them counts for nothing.
pub(crate) fn set(fields: impl IntoIterator<Item = Field>) -> u64 {
    fields.into_iter().fold(0, |set, field| set | bit(field))
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
    fn a_set_holds_what_is_said_twice_and_not_what_is_none() {
        assert_eq!(set([3, NONE, 5, 3]), 0b10_1000);
        assert_eq!(set([63, 64]), 1 << 63);
    }

    #[test]
    fn other_fields_are_left_alone() {
        for name in [
            "",
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
