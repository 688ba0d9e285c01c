//! See `adapters_http::fuzz::body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| adapters_http::fuzz::body(input));
