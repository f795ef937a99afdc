//! A release must have the page inside: without it, the build fails here and says what to do.

fn main() {
    println!("cargo::rerun-if-changed=../../ui/dist");
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let index = std::path::Path::new("../../ui/dist/index.html");
    if is_release && !index.exists() {
        println!(
            "cargo::error=ui/dist/index.html is missing: run `cargo xtask ui` first, or build without --release"
        );
    }
}
