//! The forwarding fields that exist, and how one is recognised.

use http::HeaderName;

/// A field by its number: one in [`KNOWN`], or one that the user named (from [`FIRST_CUSTOM`] on).
pub(crate) type Field = u16;

/// Stands for "none": no header has this number.
pub(crate) const NONE: Field = Field::MAX;

/// The fields that the user named take the numbers behind the known ones, one for each role.
#[allow(clippy::cast_possible_truncation)]
pub(crate) const FIRST_CUSTOM: Field = KNOWN.len() as Field;

/// How many fields of their own users can name: one for each role in [`Headers`](super::Headers).
pub(crate) const CUSTOM: usize = 5;

macro_rules! known {
    ($($name:literal,)*) => {
        /// Every forwarding header that a proxy, gateway or framework writes or reads.
        ///
        /// What is not believed is removed from every request (rule R11). A new name is one line here;
        /// the order does not matter. Headers that say something else than where a request came from
        /// (certificates, request ids) are not here.
        pub(crate) const KNOWN: &[&str] = &[$($name,)*];

        /// The same, ready to look up.
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

/// A hash table of the known names, built by the compiler: each place holds a field's number or
/// [`NONE`]. It is at least four times as large as there are names, so a look-up seldom meets another
/// name; if it does, it tries the next place.
static TABLE: [Field; TABLE_SIZE] = table(KNOWN);

const TABLE_SIZE: usize = KNOWN.len().next_power_of_two().wrapping_mul(4);

/// Where the search for a name starts in a table of this size, a power of two. An underscore counts as a hyphen.
#[inline]
const fn start(name: &[u8], size: usize) -> usize {
    let (middle, last) = match name {
        [] => (0, 0),
        [.., last] => match name.split_at(name.len() / 2) {
            (_, [middle, ..]) => (fold(*middle), fold(*last)),
            _ => (0, fold(*last)),
        },
    };
    let before_last = match name {
        [.., before_last, _] => fold(*before_last),
        _ => 0,
    };
    let third = match name {
        [_, _, third, ..] => fold(*third),
        _ => 0,
    };
    // Any odd factors do: they only have to spread the names.
    name.len()
        .wrapping_mul(31)
        .wrapping_add(third.wrapping_mul(7))
        .wrapping_add(middle.wrapping_mul(73))
        .wrapping_add(before_last.wrapping_mul(5))
        .wrapping_add(last.wrapping_mul(19))
        & size.wrapping_sub(1)
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
const fn table<const SIZE: usize>(names: &[&str]) -> [Field; SIZE] {
    assert!(names.len() * 2 <= SIZE && SIZE.is_power_of_two());
    assert!(names.len() + CUSTOM < NONE as usize, "a number has to fit");
    let mut table = [NONE; SIZE];
    let mut field = 0;
    while field < names.len() {
        let mut place = start(names[field].as_bytes(), SIZE);
        while table[place] != NONE {
            place = (place + 1) % SIZE;
        }
        table[place] = field as Field;
        field += 1;
    }
    table
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

/// For each length, the second and third letters that names of interest have: nearly every other field of
/// a request is settled by this.
static LETTERS: [u32; LONGEST + 1] = letters();

/// The length of the longest name.
const LONGEST: usize = longest();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn longest() -> usize {
    let mut longest = 0;
    let mut field = 0;
    while field < KNOWN.len() {
        if KNOWN[field].len() > longest {
            longest = KNOWN[field].len();
        }
        field += 1;
    }
    longest
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn letters() -> [u32; LONGEST + 1] {
    let mut letters = [0; LONGEST + 1];
    letters[4] = pair(b'o', b's'); // host
    let mut field = 0;
    while field < KNOWN.len() {
        let name = KNOWN[field].as_bytes();
        let (second, third) = (name[1], name[2]);
        letters[name.len()] |= pair(second, third)
            | pair(underscored(second), third)
            | pair(second, underscored(third))
            | pair(underscored(second), underscored(third));
        field += 1;
    }
    letters
}

const fn underscored(letter: u8) -> u8 {
    if letter == b'-' { b'_' } else { letter }
}

/// One of 32 bits for two letters.
#[inline]
const fn pair(second: u8, third: u8) -> u32 {
    1_u32.wrapping_shl((second ^ third) as u32)
}

/// Whether a header of this name, which is lowercase, may be one of interest. Nearly all others are
/// settled by it.
#[inline(always)]
pub(crate) fn may_matter(name: &str) -> bool {
    match (LETTERS.get(name.len()), name.as_bytes()) {
        (Some(letters), [_, second, third, ..]) => letters & pair(*second, *third) != 0,
        _ => false,
    }
}

/// Recognises a header name, which is lowercase.
#[inline(always)]
pub(crate) fn classify(name: &str) -> Option<Kind> {
    // What nearly every request behind a proxy has, without arithmetic.
    match name {
        "host" => return Some(Kind::Host),
        "x-forwarded-for" => return Some(Kind::Field(const { field("x-forwarded-for") })),
        "x-forwarded-proto" => return Some(Kind::Field(const { field("x-forwarded-proto") })),
        "x-forwarded-port" => return Some(Kind::Field(const { field("x-forwarded-port") })),
        "x-forwarded-host" => return Some(Kind::Field(const { field("x-forwarded-host") })),
        _ => {}
    }
    find(name, KNOWN, &TABLE)
}

/// Searches a table of names.
#[inline(always)]
fn find(name: &str, names: &[&str], table: &[Field]) -> Option<Kind> {
    let mut place = start(name.as_bytes(), table.len());
    loop {
        // At an empty place the search ends: the name would be here.
        let field = *table.get(place)?;
        let known = names.get(usize::from(field))?;
        if name == *known {
            return Some(Kind::Field(field));
        }
        if name.len() == known.len() && fold_alike(name, known) {
            return Some(Kind::Underscored(field));
        }
        place = place.wrapping_add(1) & table.len().wrapping_sub(1);
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

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct FieldSet([u64; WORDS]);

const WORDS: usize = KNOWN.len().wrapping_add(CUSTOM).div_ceil(64);

impl FieldSet {
    pub(crate) const EMPTY: Self = Self([0; WORDS]);

    /// Some fields as a set; [`NONE`] among them counts for nothing.
    pub(crate) fn of(fields: impl IntoIterator<Item = Field>) -> Self {
        let mut set = Self::EMPTY;
        for field in fields {
            set.insert(field);
        }
        set
    }

    #[inline]
    pub(crate) const fn insert(&mut self, field: Field) {
        // `NONE` is in no word.
        if let Some((_, [word, ..])) = self.0.split_at_mut_checked(field as usize / 64) {
            *word |= 1_u64.wrapping_shl(field as u32);
        }
    }

    #[inline]
    pub(crate) fn contains(self, field: Field) -> bool {
        let word = self.0.get(usize::from(field) / 64);
        word.is_some_and(|word| word & 1_u64.wrapping_shl(u32::from(field)) != 0)
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The fields in this set that are not in `other`.
    #[inline]
    #[must_use]
    pub(crate) fn without(mut self, other: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
        self
    }

    /// Whether both sets have a field.
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(word, other)| word & other != 0)
    }

    /// Calls `take` with each field, in the order of their numbers.
    #[inline]
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn each(self, mut take: impl FnMut(Field)) {
        let mut first: Field = 0;
        for mut word in self.0 {
            while word != 0 {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                // A bit has a number below 64.
                take(first.wrapping_add(bit as Field));
            }
            first = first.wrapping_add(64);
        }
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
    fn a_set_holds_each_field_once_and_not_what_is_none() {
        let last = FIRST_CUSTOM + 4;
        let set = FieldSet::of([3, NONE, last, 64, 63, 3]);
        let numbers = |set: FieldSet| {
            let mut numbers = Vec::new();
            set.each(|field| numbers.push(field));
            numbers
        };
        assert_eq!(numbers(set), [3, 63, 64, last]);
        assert!(set.contains(last) && !set.contains(NONE) && !set.contains(4));
        let less = set.without(FieldSet::of([63, 5]));
        assert_eq!(numbers(less), [3, 64, last]);
        assert!(less.intersects(set) && !less.intersects(FieldSet::of([63])));
        assert!(FieldSet::of([NONE]).is_empty());
    }

    #[test]
    fn fifty_more_names_need_no_tuning() {
        let more: Vec<String> = (0..50)
            .map(|index| format!("x-auth-{}-{index}", "request-".repeat(index % 4)))
            .collect();
        let names: Vec<&str> = KNOWN
            .iter()
            .copied()
            .chain(more.iter().map(String::as_str))
            .collect();
        let table: [Field; 2 * TABLE_SIZE] = table(&names);
        for (field, name) in names.iter().enumerate() {
            let field = Field::try_from(field).unwrap();
            assert_eq!(
                find(name, &names, &table),
                Some(Kind::Field(field)),
                "{name}"
            );
            let folded = name.replace('-', "_");
            if folded != *name {
                let expected = Some(Kind::Underscored(field));
                assert_eq!(find(&folded, &names, &table), expected, "{folded}");
            }
        }
        for other in ["accept", "x-auth-50", "x-auth-", "", "a"] {
            assert_eq!(find(other, &names, &table), None, "{other}");
        }
    }

    #[test]
    fn no_search_is_long() {
        // Names of interest that share a place with others cost a comparison each.
        for name in KNOWN {
            let mut place = start(name.as_bytes(), TABLE_SIZE);
            let mut tried = 1;
            while KNOWN[usize::from(TABLE[place])] != *name {
                place = (place + 1) % TABLE_SIZE;
                tried += 1;
            }
            assert!(tried <= 4, "{name} is found at the {tried}th try");
        }
    }

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
