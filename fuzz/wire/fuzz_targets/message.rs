#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_wire_fuzz_targets::message(input));
