#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_fuzz_targets::parsers(input));
