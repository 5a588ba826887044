//! Prints the description of the API; `cargo xtask openapi` keeps it.

fn main() {
    println!("{:#}", edge::openapi::document());
}
