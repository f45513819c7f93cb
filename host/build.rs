//! The page is embedded: cargo has to look again when it was built anew.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
}
