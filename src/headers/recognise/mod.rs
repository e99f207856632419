//! How a header of interest is told from all others.

use super::known::{CUSTOM, Field, KNOWN, NONE, field};
use crate::identity::known::{FAMILIES, NAMES as IDENTITY};

/// A header that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Host,
    /// A forwarding field.
    Field(Field),
    /// One that is spelled with an underscore or a dot somewhere: CGI and PHP fold `x_forwarded_for`,
    /// `x.forwarded.for` and `x-forwarded-for` into the same variable.
    Underscored(Field),
    /// One that says who the client is, in any spelling (rule R18).
    Identity,
}

/// Every name that is known: the forwarding fields by their numbers, and behind them those that say who the
/// client is.
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

/// A hash table of the names, built by the compiler: each place holds a name's number or
/// [`NONE`]. It is at least four times as large as there are names, so a look-up seldom meets another
/// name; if it does, it tries the next place.
static TABLE: [Field; TABLE_SIZE] = table(&names());

const TABLE_SIZE: usize = COUNT.next_power_of_two().wrapping_mul(4);

/// Where the search for a name starts in a table of this size, a power of two. An underscore and a dot count as hyphens.
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
        .wrapping_add((third as usize).wrapping_mul(7))
        .wrapping_add((middle as usize).wrapping_mul(73))
        .wrapping_add((before_last as usize).wrapping_mul(5))
        .wrapping_add((last as usize).wrapping_mul(13))
        & size.wrapping_sub(1)
}

/// As those read a name who fold it: CGI and PHP take underscores, dots and hyphens for the same.
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

/// For each length, which letters names of interest have in two places: nearly every other header of a
/// request is settled by this.
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

/// The places of the letters that are looked at.
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

/// One of 64 bits for two letters. These factors let the fewest headers of everyday requests through.
#[inline]
const fn pair(sixth: u8, eighth: u8) -> u64 {
    let sum = (sixth as u32)
        .wrapping_mul(13)
        .wrapping_add((eighth as u32).wrapping_mul(4));
    1_u64.wrapping_shl(sum)
}

/// Whether a header of this name, which is lowercase, may be one of interest. Nearly all others are
/// settled by it.
#[inline(always)]
pub(crate) fn may_matter(name: &str) -> bool {
    match name.as_bytes() {
        [_, _, _, _, _, sixth, _, eighth, ..] => {
            // A name that is longer than all others can still be one of a family.
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
    match find(name, &NAMES, &TABLE) {
        None => is_of_a_family(name).then_some(Kind::Identity),
        Some((field, _)) if usize::from(field) >= KNOWN.len() => Some(Kind::Identity),
        Some((field, true)) => Some(Kind::Field(field)),
        Some((field, false)) => Some(Kind::Underscored(field)),
    }
}

/// Searches a table of names; whether the name is spelled with hyphens comes with its number.
#[inline(always)]
fn find(name: &str, names: &[&str], table: &[Field]) -> Option<(Field, bool)> {
    let mut place = start(name.as_bytes(), table.len());
    loop {
        // At an empty place the search ends: the name would be here.
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

/// How the families begin, ready to compare.
static BEGINNINGS: [u64; FAMILIES.len()] = beginnings();

/// # Panics
///
/// At compile time, for a family whose beginning is shorter.
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

/// One of 256 bits for each beginning: most names are none of them, and are told by this.
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

/// The word and the bit of a beginning. Any odd factor does.
#[inline]
const fn place(beginning: u64) -> (usize, u64) {
    let place = beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    ((place / 64) as usize, 1_u64.wrapping_shl(place as u32))
}

/// The first eight letters as a number, underscores as hyphens.
#[inline]
fn beginning(name: &str) -> Option<u64> {
    let letters = u64::from_le_bytes(*name.as_bytes().first_chunk()?);
    Some(hyphens_for(b'.', hyphens_for(b'_', letters)))
}

/// Eight letters of ASCII, with a hyphen for each of this letter.
#[inline]
const fn hyphens_for(letter: u8, letters: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let differs = letters ^ EACH.wrapping_mul(letter as u64);
    // The highest bit of each byte is free: it is set where the rest is zero.
    let is_it = !(differs.wrapping_add(EACH.wrapping_mul(0x7f))) & EACH.wrapping_mul(0x80);
    letters ^ (is_it >> 7).wrapping_mul((letter ^ b'-') as u64)
}

/// Whether a name begins as a family of names does, such as `x-auth-request-`.
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

/// Whether two names differ in nothing but underscores or dots for hyphens.
#[cold]
pub(crate) fn fold_alike(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}

#[cfg(test)]
mod tests;
