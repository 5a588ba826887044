//! The module itself: how large it is and how soon it can answer.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::load::median;
use super::report::Row;
use crate::command::Program;
use crate::places;

/// What `tests/load/start_time.ts` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    compile_ms: f64,
    instantiate_ms: f64,
    ready_ms: f64,
}

/// Size and start time.
///
/// # Errors
/// When the module is not built.
pub(super) async fn measure(rounds: usize) -> anyhow::Result<Vec<Row>> {
    let file = wasm();
    let bytes = std::fs::read(&file)?;
    let zipped = gzipped(&bytes)?;
    let mut starts = Vec::new();
    for _ in 0..rounds {
        let script = places::root().join("tests/load/start_time.ts");
        let arguments = ["run", "--quiet", "--allow-read"].map(String::from);
        let line = arguments
            .into_iter()
            .chain([script.to_string_lossy().into_owned()]);
        let printed = Program::new(places::deno()?, line).read().await?;
        starts.push(serde_json::from_str::<Start>(&printed)?);
    }
    let of = |figure: fn(&Start) -> f64| median(starts.iter().map(figure));
    Ok(vec![
        Row::new("module size", kilobytes(bytes.len()), "", "", "2,000 kB"),
        Row::new("module size, gzipped", kilobytes(zipped), "", "", "600 kB"),
        Row::new(
            "module ready (compile + instantiate)",
            format!(
                "{:.1} ms ({:.1} + {:.1})",
                of(|start| start.ready_ms),
                of(|start| start.compile_ms),
                of(|start| start.instantiate_ms)
            ),
            "",
            "",
            "15 ms",
        ),
    ])
}

fn wasm() -> PathBuf {
    places::root().join("supabase/functions/_shared/wasm/edge_bg.wasm")
}

fn gzipped(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn kilobytes(bytes: usize) -> String {
    format!("{} kB", bytes / 1000)
}
