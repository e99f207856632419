//! Replays the inputs that the fuzzers found.

use std::fs;

use crate::support::{self, targets};

#[test]
fn what_the_fuzzers_kept_still_holds() {
    let corpus = support::root().join("fuzz/corpus");
    for &(name, target) in targets::ALL {
        let files =
            fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            let data = fs::read(&path).unwrap();
            let result = std::panic::catch_unwind(|| target(&data));
            assert!(result.is_ok(), "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "{name} has no corpus");
    }
}

/// Runs the targets with random bytes, for machines without a fuzzer.
#[test]
fn no_bytes_break_a_target() {
    use proptest::{prelude::*, test_runner::TestRunner};

    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    runner
        .run(&bytes, |data| {
            for (_, target) in targets::ALL {
                target(&data);
            }
            Ok(())
        })
        .unwrap();
}
