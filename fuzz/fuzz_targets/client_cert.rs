#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tower_forwarded_fuzz::targets::client_cert(data));
