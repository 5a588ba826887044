//! Where things are: the repository and the programs that npm brought.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

/// The repository's root, absolute.
pub(crate) fn root() -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR"));
    scripts.parent().unwrap_or(scripts).to_path_buf()
}

/// The folder for what tasks keep between runs; `cargo clean` removes it.
pub(crate) fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(target).join("xtask")
}

/// The Deno program itself, without the launcher that an install script would have to set up.
///
/// # Errors
/// When no package of this platform is there.
pub(crate) fn deno() -> anyhow::Result<PathBuf> {
    packaged("@deno", "deno").context("deno is missing: run `cargo xtask setup`")
}

/// The Supabase CLI itself.
///
/// # Errors
/// When no package of this platform is there.
pub(crate) fn supabase() -> anyhow::Result<PathBuf> {
    packaged("@supabase", "bin/supabase").context("supabase is missing: run `cargo xtask setup`")
}

/// The folder of Python's programs, which `cargo xtask setup` fills.
pub(crate) fn python() -> PathBuf {
    target().join("python")
}

/// Schemathesis, which generates requests from the description of the API.
///
/// # Errors
/// When it is not there.
pub(crate) fn schemathesis() -> anyhow::Result<PathBuf> {
    let program = python().join("bin/schemathesis");
    anyhow::ensure!(
        program.is_file(),
        "schemathesis is missing: run `cargo xtask setup`"
    );
    Ok(program)
}

/// The file `inside` of the one package of `scope` that has it.
fn packaged(scope: &str, inside: &str) -> anyhow::Result<PathBuf> {
    let scope = root().join("node_modules").join(scope);
    let packages = std::fs::read_dir(&scope).with_context(|| format!("reading {scope:?}"))?;
    packages
        .filter_map(Result::ok)
        .map(|package| package.path().join(inside))
        .find(|program| program.is_file())
        .ok_or_else(|| anyhow!("no package in {scope:?} has {inside}"))
}
