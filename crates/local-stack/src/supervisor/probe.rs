//! How one learns that a program answers.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::ports::address;

const PAUSE: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(2);

/// The sign of readiness of a program.
#[derive(Clone, Debug)]
pub(crate) enum Probe {
    /// Something accepts connections on this port.
    Listens(u16),
    /// `GET path` on this port answers 200.
    Answers { port: u16, path: &'static str },
    /// A connection with this string is admitted.
    Database(String),
}

impl Probe {
    /// Returns once the sign is seen; tries for ever.
    pub(crate) async fn wait(&self) {
        while !matches!(timeout(PATIENCE, self.holds()).await, Ok(true)) {
            sleep(PAUSE).await;
        }
    }

    async fn holds(&self) -> bool {
        match self {
            Self::Listens(port) => TcpStream::connect(address(*port)).await.is_ok(),
            Self::Answers { port, path } => answers(*port, path).await.unwrap_or(false),
            Self::Database(url) => {
                match tokio_postgres::connect(url, tokio_postgres::NoTls).await {
                    Ok((client, connection)) => {
                        drop(client);
                        connection.await.is_ok()
                    }
                    Err(_) => false,
                }
            }
        }
    }
}

async fn answers(port: u16, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address(port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    Ok(start.ends_with(b" 200"))
}
