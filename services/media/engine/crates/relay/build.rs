//! Compiles the kernel path's program: Debian's clang, and libbpf-dev for the names of its helpers.

use std::env::var;
use std::path::Path;
use std::process::Command;

const SOURCE: &str = "bpf/relay.bpf.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let object = Path::new(&var("OUT_DIR").expect("cargo tells")).join("relay.bpf.o");
    let headers = format!("-I/usr/include/{}-linux-gnu", std::env::consts::ARCH);
    let compiled = Command::new("clang")
        .args(["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-target", "bpf"])
        .args([&headers, "-c", SOURCE, "-o"])
        .arg(&object)
        .status();
    assert!(
        compiled.is_ok_and(|status| status.success()),
        "clang can't compile {SOURCE}; it needs Debian's packages clang, libbpf-dev and linux-libc-dev: make setup"
    );
}
