//! Why a request came out as it did.
mod json;

use std::io;

fn main() {
    let input = io::stdin().lock();
    if let Err(error) = json::run(input, io::stdout().lock()) {
        eprintln!("explain: {error}");
        std::process::exit(2);
    }
}
