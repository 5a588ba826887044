//! `cargo xtask setup`: from a fresh clone to a machine where every task runs.
//!
//! Needs Rust by rustup, Node with npm, and Python 3 with pip; never root, and no registries but those of Cargo, npm and PyPI.
//! The programs come from the packages that `package-lock.json` pins.
//! Their install scripts are not needed: Deno and the Supabase CLI are started from their packages directly, and the local stack links PostgreSQL's libraries itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};

use crate::command::Program;
use crate::places;
use crate::progress::step;

/// What the module is compiled for.
const TARGET: &str = "wasm32-unknown-unknown";
/// The oldest Node that the packages accept.
const NODE: u32 = 20;
/// What decides whether a machine that was ready still is.
const INPUTS: [&str; 4] = [
    "package.json",
    "package-lock.json",
    "rust-toolchain.toml",
    REQUIREMENTS,
];
/// The pinned packages of Python.
const REQUIREMENTS: &str = "tests/openapi/requirements.txt";
/// The oldest Python 3 that they run on.
const PYTHON: u32 = 10;

/// Makes the machine ready, at once when nothing changed since the last time.
///
/// # Errors
/// When a tool is missing or too old, or a download fails; the message says what to do.
pub(crate) async fn run() -> anyhow::Result<()> {
    let fingerprint = fingerprint(&places::root())?;
    let stamp = places::target().join("setup.stamp");
    let packages = places::root().join("node_modules/.package-lock.json");
    let known = fs::read_to_string(&stamp).unwrap_or_default();
    if known == fingerprint && packages.is_file() && places::schemathesis().is_ok() {
        return Ok(());
    }
    step("checking Node and npm", node()).await?;
    toolchain().await?;
    if !installed(&places::root())? {
        step("fetching the pinned programs with npm", fetch_programs()).await?;
    }
    fs::create_dir_all(places::target())?;
    step("fetching the pinned programs with pip", python()).await?;
    fs::write(stamp, fingerprint)?;
    Ok(())
}

fn fingerprint(root: &Path) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    // Python's folder does not work anywhere but where it was made.
    hasher.update(root.as_os_str().as_encoded_bytes());
    for input in INPUTS {
        hasher.update(fs::read(root.join(input)).with_context(|| format!("reading {input}"))?);
    }
    let bytes = hasher.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn node() -> anyhow::Result<()> {
    let version = Program::new("node", ["--version"])
        .read()
        .await
        .with_context(|| format!("Node {NODE} or newer is needed (https://nodejs.org)"))?;
    ensure!(
        major(&version).is_some_and(|major| major >= NODE),
        "Node {NODE} or newer is needed, this is {version}"
    );
    let npm = Program::new("npm", ["--version"]).read().await;
    npm.context("npm is needed; it comes with Node")?;
    Ok(())
}

/// The first number of a version such as `v20.1.2`.
fn major(version: &str) -> Option<u32> {
    let digits = version.trim().trim_start_matches('v');
    digits.split('.').next()?.parse().ok()
}

/// Puts the pinned packages of Python into a folder of their own.
async fn python() -> anyhow::Result<()> {
    let version = Program::new("python3", ["--version"]).read().await;
    let version = version.with_context(|| format!("Python 3.{PYTHON} or newer is needed"))?;
    ensure!(
        second(&version).is_some_and(|minor| minor >= PYTHON),
        "Python 3.{PYTHON} or newer is needed, this is {version}"
    );
    let folder = places::python();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (python, of_other) = empty_environment(&folder).await?;
    let arguments = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
        REQUIREMENTS,
    ];
    let pip = of_other.iter().copied().chain(arguments);
    Program::new(python, ["-m", "pip"].into_iter().chain(pip))
        .read()
        .await
        .context("pip could not fetch the pinned packages")?;
    Ok(())
}

/// Makes the folder, and answers the Python whose pip is to fill it, with what tells it to.
///
/// Debian's Python cannot put a pip into the folder unless `python3-venv` is there; then the
/// machine's own pip fills it from outside.
async fn empty_environment(folder: &Path) -> anyhow::Result<(PathBuf, Vec<&str>)> {
    let place = folder.to_str().context("the path is not UTF-8")?;
    let venv = |more: &'static [&'static str]| {
        let arguments = ["-m", "venv"].iter().chain(more).copied();
        Program::new("python3", arguments.chain([place])).read()
    };
    let Err(whole) = venv(&[]).await else {
        return Ok((folder.join("bin/python"), Vec::new()));
    };
    let outside = ["--python", place];
    let known = Program::new(
        "python3",
        ["-m", "pip"].iter().chain(&outside).chain(&["--version"]),
    );
    venv(&["--clear", "--without-pip"])
        .await
        .and(known.read().await)
        .with_context(|| format!("{whole:#}"))
        .context("Python needs `ensurepip` or pip 22.3 or newer; on Debian and Ubuntu run `apt install python3-venv`")?;
    Ok((PathBuf::from("python3"), outside.to_vec()))
}

/// The second number of a version such as `Python 3.11.7`.
fn second(version: &str) -> Option<u32> {
    version.trim().split('.').nth(1)?.parse().ok()
}

/// Adds what `rust-toolchain.toml` lists and this machine lacks.
async fn toolchain() -> anyhow::Result<()> {
    let sysroot = Program::new("rustc", ["--print", "sysroot"]).read().await?;
    let target = Path::new(&sysroot).join("lib/rustlib").join(TARGET);
    if !target.is_dir() {
        step(
            "adding the WebAssembly target",
            rustup(&["target", "add", TARGET]),
        )
        .await?;
    }
    for (component, program) in [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")] {
        if !Path::new(&sysroot).join("bin").join(program).is_file() {
            let what = format!("adding {component}");
            step(&what, rustup(&["component", "add", component])).await?;
        }
    }
    Ok(())
}

async fn rustup(arguments: &[&str]) -> anyhow::Result<()> {
    let shown = arguments.join(" ");
    let outcome = Program::new("rustup", arguments).read().await;
    outcome.with_context(|| format!("`rustup {shown}` (https://rustup.rs) is needed"))?;
    Ok(())
}

async fn fetch_programs() -> anyhow::Result<()> {
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    Program::new("npm", arguments).read().await?;
    if !installed(&places::root())? {
        bail!("npm ended well, yet packages that package-lock.json lists are missing");
    }
    Ok(())
}

/// Whether every package of the lock file that this machine needs is there in its version.
fn installed(root: &Path) -> anyhow::Result<bool> {
    let lock = fs::read(root.join("package-lock.json")).context("reading package-lock.json")?;
    let lock: serde_json::Value = serde_json::from_slice(&lock)?;
    let packages = lock["packages"]
        .as_object()
        .context("package-lock.json lists packages")?;
    Ok(root.join("node_modules/.package-lock.json").is_file()
        && packages
            .iter()
            .filter(|(path, _)| !path.is_empty())
            .all(|(path, package)| {
                let there = version_in(&root.join(path));
                match there {
                    Some(there) => package["version"] == there,
                    // npm leaves out what is meant for other machines.
                    None => package["optional"] == true,
                }
            }))
}

fn version_in(package: &Path) -> Option<String> {
    let text = fs::read(package.join("package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
    // One package writes its version with a letter that npm ignores.
    Some(
        package["version"]
            .as_str()?
            .trim_start_matches('v')
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_with_and_without_its_letter() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("9.1"), Some(9));
        assert_eq!(major("none"), None);
        assert_eq!(second("Python 3.11.7\n"), Some(11));
    }

    #[test]
    fn packages_count_as_there_only_in_their_version() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let lock = r#"{"packages": {
            "": {},
            "node_modules/needed": {"version": "1.0.0"},
            "node_modules/elsewhere": {"version": "2.0.0", "optional": true}
        }}"#;
        fs::write(root.join("package-lock.json"), lock).unwrap();
        let needed = root.join("node_modules/needed");
        fs::create_dir_all(&needed).unwrap();
        fs::write(root.join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(!installed(root).unwrap());
        fs::write(needed.join("package.json"), r#"{"version": "0.9.0"}"#).unwrap();
        assert!(!installed(root).unwrap());
        fs::write(needed.join("package.json"), r#"{"version": "1.0.0"}"#).unwrap();
        assert!(installed(root).unwrap());
    }
}
