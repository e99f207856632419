//! Compares the look-up in ranges with a linear search.

use super::*;

#[test]
fn with_and_without_an_index_the_same_is_found() {
    let ranges: Vec<(u32, u32)> = (1..2_000_u32)
        .map(|index| {
            let first = index.wrapping_mul(0x0001_9660) & !0xff;
            (first, first | 0x7f)
        })
        .collect();
    for count in [0, 1, WORTH_AN_INDEX - 1, WORTH_AN_INDEX, 1999] {
        let some: Ranges<u32> = ranges[..count].iter().copied().collect();
        assert_eq!(some.index.is_empty(), some.len() < WORTH_AN_INDEX);
        let linear = |address: u32| {
            let mut all = some.iter().copied();
            all.find(|range| range.0 <= address && address <= range.1)
        };
        let edges = some
            .iter()
            .flat_map(|&(first, last)| [first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
        for address in edges.chain([0, 1, u32::MAX - 1, u32::MAX]) {
            assert_eq!(some.find(address), linear(address), "{count} {address:x}");
        }
    }
}

#[test]
fn ranges_across_and_at_the_ends_of_what_the_index_tells_apart_are_found() {
    let mut all: Vec<(u128, u128)> = (0..1000_u128).map(|i| (i << 100, (i << 100) | 7)).collect();
    all.extend([(5 << 120, (9 << 120) | 1), (u128::MAX - 1, u128::MAX)]);
    let ranges: Ranges<u128> = all.into_iter().collect();
    for (address, found) in [
        (0, true),
        (8, false),
        (7 << 120, true),
        ((9 << 120) | 1, true),
        ((9 << 120) | 2, false),
        (u128::MAX, true),
        (u128::MAX - 2, false),
    ] {
        assert_eq!(ranges.find(address).is_some(), found, "{address:x}");
    }
}

#[test]
fn an_index_leaves_few_ranges_to_search() {
    let v4: Ranges<u32> = (0..50_000_u32).map(|i| (i << 16, i << 16)).collect();
    let v6: Ranges<u128> = (0..50_000_u128).map(|i| (i << 112, i << 112)).collect();
    for i in [0, 1, 30_000, 49_999] {
        for (begin, end) in [v4.window(i << 16), v6.window(u128::from(i) << 112)] {
            assert!((1..=2).contains(&(end - begin)), "{i}: {begin} to {end}");
        }
    }
}

#[test]
fn a_v4_range_takes_twelve_bytes_at_most() {
    let ranges: Ranges<u32> = (0..100_000_u32).map(|i| (i << 12, i << 12)).collect();
    let bytes = size_of_val(&*ranges.ranges) + size_of_val(&*ranges.index);
    assert!(
        bytes <= 12 * ranges.len(),
        "{bytes} bytes for {}",
        ranges.len()
    );
}
