//! The module itself: how large it is and how soon it can answer.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::load::median;
use super::report::{Row, Section};
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
pub(super) async fn measure(rounds: usize) -> anyhow::Result<Section> {
    let bytes = std::fs::read(wasm())?;
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
    let ready = of(|start| start.ready_ms);
    let parts = format!(
        "{ready:.1} ms ({:.1} + {:.1})",
        of(|start| start.compile_ms),
        of(|start| start.instantiate_ms)
    );
    let size = |bytes: usize| bytes as f64 / 1024.0;
    let row = |what: &str, bytes: usize, limit: f64| {
        let kilobytes = size(bytes);
        Row::new(what, format!("{kilobytes:.0} KiB")).at_most(kilobytes, limit, " KiB")
    };
    Ok(Section {
        title: "The module",
        note: "What an isolate loads before its first answer, each start in a process of its own. The goals are those of `scripts/src/wasm.rs`.".to_owned(),
        rows: vec![
            row("size", bytes.len(), 2048.0),
            row("size, gzipped", zipped, 600.0),
            Row::new("ready (compiled + instantiated)", parts),
        ],
    })
}

fn wasm() -> PathBuf {
    places::root().join("supabase/functions/_shared/wasm/edge_bg.wasm")
}

fn gzipped(bytes: &[u8]) -> anyhow::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
