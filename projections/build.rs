//! Rebuilds the crate when a migration is added: the files are embedded by a macro, which cannot
//! see a new one by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
