//! A way to the platform that counts the bytes of both directions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// The way; it closes when this is dropped.
pub(super) struct Wire {
    /// Its near end.
    pub(super) url: String,
    sent: Arc<AtomicU64>,
    received: Arc<AtomicU64>,
    listening: AbortHandle,
}

impl Wire {
    /// Opens a way to an address.
    ///
    /// # Errors
    /// When there is no port left.
    pub(super) async fn to(url: &str) -> anyhow::Result<Self> {
        let far = url
            .strip_prefix("http://")
            .context("the way is plain HTTP")?;
        let far = far.trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (sent, received) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counters = (Arc::clone(&sent), Arc::clone(&received));
        let listening = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&far).await else {
                    continue;
                };
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(pass(near_in, far_out, Arc::clone(&counters.0)));
                tokio::spawn(pass(far_in, near_out, Arc::clone(&counters.1)));
            }
        });
        Ok(Self {
            url,
            sent,
            received,
            listening: listening.abort_handle(),
        })
    }

    /// Bytes sent and received so far.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.sent), read(&self.received))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Passes bytes on until one end closes.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counter: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        counter.fetch_add(length as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // Who closed its end has nothing more to say; a failure means that the other is gone too.
    let _ = to.shutdown().await;
}
