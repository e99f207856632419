//! Recognises the headers of interest among all others.

use http::{HeaderName, header};

use super::known::{CUSTOM, Field, KNOWN, NONE, field};
use crate::identity::known::{FAMILIES, NAMES as IDENTITY};

/// A header that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Host,
    /// A forwarding field.
    Field(Field),
    /// A forwarding field that is spelled with an underscore or a dot. CGI and PHP turn `x_forwarded_for`,
    /// `x.forwarded.for` and `x-forwarded-for` into the same variable.
    Underscored(Field),
    /// A header that says who the client is, in any spelling (rule R18).
    Identity,
}

/// Every known name: first the forwarding fields, at their numbers, and then the headers that say who the client is.
static NAMES: [&str; COUNT] = names();

const COUNT: usize = KNOWN.len().wrapping_add(IDENTITY.len());

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn names() -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        names[at] = if at < KNOWN.len() {
            KNOWN[at]
        } else {
            IDENTITY[at - KNOWN.len()]
        };
        at += 1;
    }
    names
}

/// A hash table of the names, which the compiler builds. Each slot holds the number of a name, or [`NONE`]. The table
/// has at least four times as many slots as there are names, so collisions are rare. After a collision, a look-up tries
/// the next slot.
static TABLE: [Field; TABLE_SIZE] = table(&names());

const TABLE_SIZE: usize = COUNT.next_power_of_two().wrapping_mul(4);

/// The slot where the search for a name starts, in a table whose `size` is a power of two. Underscores and dots count
/// as hyphens.
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
    // Any odd factors work. They only need to spread the names.
    name.len()
        .wrapping_mul(31)
        .wrapping_add((third as usize).wrapping_mul(7))
        .wrapping_add((middle as usize).wrapping_mul(73))
        .wrapping_add((before_last as usize).wrapping_mul(5))
        .wrapping_add((last as usize).wrapping_mul(13))
        & size.wrapping_sub(1)
}

/// Folds a byte as CGI and PHP do, which treat underscores, dots and hyphens as the same.
const fn fold(byte: u8) -> u8 {
    if matches!(byte, b'_' | b'.') {
        b'-'
    } else {
        byte
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

/// For each length, the letters that the names of interest have at two positions. This is enough to rule out almost
/// every other header of a request.
static LETTERS: [u64; LONGEST + 1] = letters();

/// The length of the longest name.
const LONGEST: usize = longest();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn longest() -> usize {
    let names = names();
    let mut longest = 0;
    let mut at = 0;
    while at < COUNT {
        if names[at].len() > longest {
            longest = names[at].len();
        }
        at += 1;
    }
    longest
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn letters() -> [u64; LONGEST + 1] {
    let mut letters = [0; LONGEST + 1];
    let names = names();
    let mut at = 0;
    while at < COUNT {
        let name = names[at].as_bytes();
        if name.len() > EIGHTH {
            letters[name.len()] |= every_spelling(name);
        }
        at += 1;
    }
    let mut at = 0;
    while at < FAMILIES.len() {
        let begin = FAMILIES[at].as_bytes();
        let mut length = begin.len();
        while length < letters.len() {
            letters[length] |= every_spelling(begin);
            length += 1;
        }
        at += 1;
    }
    letters
}

/// The positions of the two letters that are checked.
const SIXTH: usize = 5;
const EIGHTH: usize = 7;

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn every_spelling(name: &[u8]) -> u64 {
    let (sixth, eighth) = (spellings(name[SIXTH]), spellings(name[EIGHTH]));
    let mut pairs = 0;
    let mut at = 0;
    while at < 9 {
        pairs |= pair(sixth[at / 3], eighth[at % 3]);
        at += 1;
    }
    pairs
}

const fn spellings(letter: u8) -> [u8; 3] {
    if letter == b'-' { *b"-_." } else { [letter; 3] }
}

/// One of 64 bits for two letters. With these factors, the fewest headers of everyday requests pass the check.
#[inline]
const fn pair(sixth: u8, eighth: u8) -> u64 {
    let sum = (sixth as u32)
        .wrapping_mul(13)
        .wrapping_add((eighth as u32).wrapping_mul(4));
    1_u64.wrapping_shl(sum)
}

/// Whether a header with this lowercase name may be of interest. For almost all other headers, this check is enough.
#[inline(always)]
pub(crate) fn may_matter(name: &str) -> bool {
    match name.as_bytes() {
        [_, _, _, _, _, sixth, _, eighth, ..] => {
            // A name longer than all others can still belong to a family.
            let letters = LETTERS.get(name.len());
            letters.is_none_or(|letters| letters & pair(*sixth, *eighth) != 0)
        }
        short => matches!(
            short,
            b"host"
                | b"x-host"
                | b"x_host"
                | b"x.host"
                | b"sm-user"
                | b"sm_user"
                | b"sm.user"
                | b"iv-user"
                | b"iv_user"
                | b"iv.user"
        ),
    }
}

/// Whether HTTP itself needs this header, so that it cannot say anything about the client.
pub(crate) fn needed_by_http(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::EXPECT,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
}

/// Whether this header holds a client's credentials, which no explanation may show.
pub(crate) fn holds_credentials(name: &HeaderName) -> bool {
    [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ]
    .contains(name)
}

/// Recognises the headers that almost every request behind a proxy has. Compares them directly, without arithmetic.
#[inline(always)]
pub(crate) fn everyday(name: &str) -> Option<Kind> {
    match name {
        "host" => Some(Kind::Host),
        "x-forwarded-for" => Some(Kind::Field(const { field("x-forwarded-for") })),
        "x-forwarded-proto" => Some(Kind::Field(const { field("x-forwarded-proto") })),
        "x-forwarded-port" => Some(Kind::Field(const { field("x-forwarded-port") })),
        "x-forwarded-host" => Some(Kind::Field(const { field("x-forwarded-host") })),
        _ => None,
    }
}

/// Recognises a lowercase header name.
pub(crate) fn classify(name: &str) -> Option<Kind> {
    if let Some(kind) = everyday(name) {
        return Some(kind);
    }
    match find(name, &NAMES, &TABLE) {
        None => is_of_a_family(name).then_some(Kind::Identity),
        Some((field, _)) if usize::from(field) >= KNOWN.len() => Some(Kind::Identity),
        Some((field, true)) => Some(Kind::Field(field)),
        Some((field, false)) => Some(Kind::Underscored(field)),
    }
}

/// Searches a table of names. Returns the number of the name, and whether it is spelled with hyphens.
#[inline(always)]
fn find(name: &str, names: &[&str], table: &[Field]) -> Option<(Field, bool)> {
    let mut place = start(name.as_bytes(), table.len());
    loop {
        // The search ends at an empty slot: the name would be here.
        let field = *table.get(place)?;
        let known = names.get(usize::from(field))?;
        if name == *known {
            return Some((field, true));
        }
        if name.len() == known.len() && fold_alike(name, known) {
            return Some((field, false));
        }
        place = place.wrapping_add(1) & table.len().wrapping_sub(1);
    }
}

/// The first eight letters of each family, ready to compare.
static BEGINNINGS: [u64; FAMILIES.len()] = beginnings();

/// # Panics
///
/// At compile time, if the beginning of a family is shorter than eight letters.
#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]
const fn beginnings() -> [u64; FAMILIES.len()] {
    let mut beginnings = [0; FAMILIES.len()];
    let mut at = 0;
    while at < FAMILIES.len() {
        beginnings[at] = match FAMILIES[at].as_bytes().first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => panic!("the beginning of a family has eight letters"),
        };
        at += 1;
    }
    beginnings
}

/// One of 256 bits for each beginning. Most names have none of these beginnings, and this check rules them out.
static BITS: [u64; 4] = bits();

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn bits() -> [u64; 4] {
    let beginnings = beginnings();
    let mut bits = [0; 4];
    let mut at = 0;
    while at < beginnings.len() {
        let (word, bit) = place(beginnings[at]);
        bits[word] |= bit;
        at += 1;
    }
    bits
}

/// The word and the bit of a beginning. Any odd factor works.
#[inline]
const fn place(beginning: u64) -> (usize, u64) {
    let place = beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    ((place / 64) as usize, 1_u64.wrapping_shl(place as u32))
}

/// The first eight letters as a number, with hyphens for underscores and dots.
#[inline]
fn beginning(name: &str) -> Option<u64> {
    let letters = u64::from_le_bytes(*name.as_bytes().first_chunk()?);
    Some(hyphens_for(b'.', hyphens_for(b'_', letters)))
}

/// Replaces each occurrence of `letter` among eight ASCII letters with a hyphen.
#[inline]
const fn hyphens_for(letter: u8, letters: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let differs = letters ^ EACH.wrapping_mul(letter as u64);
    // The highest bit of each byte is free. It is set where all other bits are zero.
    let is_it = !(differs.wrapping_add(EACH.wrapping_mul(0x7f))) & EACH.wrapping_mul(0x80);
    letters ^ (is_it >> 7).wrapping_mul((letter ^ b'-') as u64)
}

/// Whether a name begins like a family of names, such as `x-auth-request-`.
#[inline]
fn is_of_a_family(name: &str) -> bool {
    beginning(name).is_some_and(|beginning| {
        let (word, bit) = place(beginning);
        BITS.get(word).is_some_and(|bits| bits & bit != 0) && is_one_of(name, beginning)
    })
}

#[cold]
fn is_one_of(name: &str, beginning: u64) -> bool {
    let mut families = BEGINNINGS.iter().zip(FAMILIES);
    families.any(|(other, family)| {
        let start = name.get(..family.len());
        *other == beginning && start.is_some_and(|start| fold_alike(start, family))
    })
}

/// Whether two names differ only in underscores or dots in place of hyphens.
#[cold]
pub(crate) fn fold_alike(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}

#[cfg(test)]
mod tests;
