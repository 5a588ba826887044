//! Ctrl-C and SIGTERM, heard once and remembered.
//!
//! Every wait of a task ends when one arrives, the task unwinds through `?`, and whatever it started is stopped on the way.
//! A second signal ends the task runner at once.

use std::future::Future;
use std::sync::LazyLock;

use anyhow::bail;
use tokio::sync::watch;

static HAPPENED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// The exit status of a program that a signal stopped, as shells report it.
pub(crate) const STOPPED: i32 = 130;

/// Starts listening; call once, before any work.
pub(crate) fn listen() {
    tokio::spawn(async {
        loop {
            signal().await;
            if HAPPENED.send_replace(true) {
                std::process::exit(STOPPED);
            }
            eprintln!("\nstopping …");
        }
    });
}

/// Whether somebody asked to stop.
pub(crate) fn happened() -> bool {
    *HAPPENED.borrow()
}

/// Ends when somebody asks to stop, at once when somebody has.
pub(crate) async fn wait() {
    let mut receiver = HAPPENED.subscribe();
    // The sender is static, so that waiting cannot fail.
    let _ = receiver.wait_for(|happened| *happened).await;
}

/// The work's outcome, or an error as soon as somebody asks to stop; the work is dropped then.
pub(crate) async fn unless<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        () = wait() => bail!("stopped by a signal"),
        outcome = work => outcome,
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => (),
        _ = terminate.recv() => (),
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
