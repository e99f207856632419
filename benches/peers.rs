//! Measures the alternatives to this crate. Each does as much of the same job as it can. The output names what it does
//! not do.

#![allow(missing_docs)]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: support::Counting = support::Counting;

fn peers(criterion: &mut Criterion) {
    println!("allocations a request, and what is left undone:");
    for mut job in support::peers::jobs() {
        let count = job.allocations();
        println!("  {:<48} {count:>2}  {}", job.name, job.leaves);
    }
    let mut group = criterion.benchmark_group("peers");
    for mut job in support::peers::jobs() {
        group.bench_function(job.name, |bencher| bencher.iter(|| job.once()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = peers
}
criterion_main!(benches);
