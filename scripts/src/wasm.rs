//! `cargo xtask wasm`: builds the WebAssembly module that the edge functions load.
//!
//! Compile → bindings → shrink → check the size → write `supabase/functions/_shared/wasm/`:
//!
//! | file | what |
//! | --- | --- |
//! | `edge_bg.wasm` | the module |
//! | `edge.js`, `edge.d.ts` | its bindings |
//! | `edge_bytes.js` | the module once more, gzipped and in base64, for bundlers that carry only source files |
//!
//! Nothing is done twice: unchanged sources skip everything, an unchanged compilation skips what follows it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

/// The largest module that may be shipped, in bytes. The goal is 2 MiB; until it is reached this keeps it from growing.
const MAX_BYTES: usize = 2900 * 1024;
/// The largest gzipped module that may be shipped, in bytes. The goal is 600 KiB.
const MAX_GZIPPED_BYTES: usize = 1020 * 1024;
/// Where the size should be, in bytes, plain and gzipped.
const GOAL: (usize, usize) = (2 * 1024 * 1024, 600 * 1024);

/// What decides whether the sources changed, besides this task itself.
const INPUTS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    "node_modules/binaryen/package.json",
    "crates/domain",
    "crates/use-cases",
    "crates/adapters",
    "crates/edge",
];

/// The features every runtime of edge functions knows and the compiler assumes.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The bindings run their tasks through this function instead of the global of the same name.
const GUARD: &str = "import { queueMicrotask } from \"../guarded_microtask.ts\";\n";

/// What the last complete build was made from.
#[derive(Serialize, Deserialize, Default, PartialEq)]
struct Stamp {
    inputs: String,
    compiled: String,
}

/// Builds the module when anything it is made of changed.
///
/// # Errors
/// When a tool is missing or fails, or the module is larger than its budget.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let output = root.join("supabase/functions/_shared/wasm");
    let stamp_path = root.join("target/wasm-stamp.json");
    let previous = read_stamp(&stamp_path, &output);

    let inputs = fingerprint(root)?;
    if previous.inputs == inputs {
        return Ok(());
    }
    let compiled_path = compile(root, "edge")?;
    let compiled = hash(&[&fs::read(&compiled_path)?, include_bytes!("wasm.rs")]);
    if previous.compiled != compiled {
        // A build that stops half-way must not look finished.
        let _ = fs::remove_file(&stamp_path);
        bind(&compiled_path, &output)?;
        shrink(root, &output.join("edge_bg.wasm"))?;
        finish(&output)?;
    }
    fs::create_dir_all(root.join("target"))?;
    fs::write(
        &stamp_path,
        serde_json::to_vec(&Stamp { inputs, compiled })?,
    )?;
    Ok(())
}

fn read_stamp(stamp: &Path, output: &Path) -> Stamp {
    let complete = ["edge_bg.wasm", "edge.js", "edge.d.ts", "edge_bytes.js"]
        .iter()
        .all(|name| output.join(name).is_file());
    fs::read(stamp)
        .ok()
        .filter(|_| complete)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// One hash over the names and contents of everything the module is made of.
fn fingerprint(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hasher = Sha256::new();
    hasher.update(include_bytes!("wasm.rs"));
    for file in files {
        hasher.update(file.to_string_lossy().as_bytes());
        hasher.update(hash(&[&fs::read(&file)?]));
    }
    Ok(hex(&hasher.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compiles a package the way the module is compiled and answers where the result is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn compile(root: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = "wasm32-unknown-unknown";
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--profile",
            "wasm",
            "--package",
            package,
        ])
        .args(["--target", target])
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "the module does not compile");
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    Ok(folder.join(target).join(format!("wasm/{package}.wasm")))
}

/// Generates the JavaScript side of the module's boundary.
fn bind(compiled: &Path, output: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(output)?;
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .omit_default_module_path(true)
        .reset_state_function(true)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(output)?;
    // The declarations of the raw module interest nobody.
    let _ = fs::remove_file(output.join("edge_bg.wasm.d.ts"));
    let bindings = output.join("edge.js");
    let text = fs::read_to_string(&bindings)?;
    ensure!(
        text.contains(" queueMicrotask("),
        "the bindings no longer call queueMicrotask: guarded_microtask.ts guards nothing"
    );
    fs::write(bindings, format!("{GUARD}{text}"))?;
    Ok(())
}

/// Makes a module smaller.
///
/// # Errors
/// When the tool is missing or fails.
pub(crate) fn shrink(root: &Path, module: &Path) -> anyhow::Result<()> {
    let tool = root.join("node_modules/binaryen/bin/wasm-opt");
    ensure!(tool.exists(), "wasm-opt is missing: run `npm ci`");
    let status = Command::new("node")
        .arg(tool)
        .args(["-Oz", "--strip-producers", "--strip-target-features"])
        // Functions with one caller stay functions: 2 % more bytes, of which 12 % less travel,
        // since code that is alike stays alike.
        .args(["--one-caller-inline-max-function-size", "0"])
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(module)
        .status()
        .context("node does not start wasm-opt")?;
    ensure!(status.success(), "wasm-opt failed");
    Ok(())
}

/// Checks the size and writes the module as a source file too.
fn finish(output: &Path) -> anyhow::Result<()> {
    let module = fs::read(output.join("edge_bg.wasm"))?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&module)?;
    let gzipped = encoder.finish()?;
    println!(
        "module: {} KiB, gzipped {} KiB",
        module.len().div_ceil(1024),
        gzipped.len().div_ceil(1024)
    );
    if module.len() > GOAL.0 || gzipped.len() > GOAL.1 {
        println!(
            "module: over its goal of {} KiB, gzipped {} KiB",
            GOAL.0 / 1024,
            GOAL.1 / 1024
        );
    }
    if module.len() > MAX_BYTES || gzipped.len() > MAX_GZIPPED_BYTES {
        bail!(
            "the module is over its limit of {} KiB, gzipped {} KiB",
            MAX_BYTES / 1024,
            MAX_GZIPPED_BYTES / 1024
        );
    }
    let text = base64::engine::general_purpose::STANDARD.encode(gzipped);
    let source =
        format!("// Generated: edge_bg.wasm, gzipped, in base64.\nexport default \"{text}\";\n");
    fs::write(output.join("edge_bytes.js"), source)?;
    Ok(())
}
