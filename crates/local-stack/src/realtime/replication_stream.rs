//! One connection in PostgreSQL's replication mode, which the ordinary client does not speak.
//!
//! Streaming costs the server one pass over its log; asking for changes through SQL again and
//! again would decode up to the last fifteen seconds of the log each time.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Seconds between 1970 and 2000, where PostgreSQL's clock starts.
const POSTGRES_EPOCH_SECONDS: u64 = 946_684_800;
/// No frame of ours comes near this; a larger length means the stream is out of step.
const LARGEST_FRAME: usize = 256 << 20;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// An open connection.
pub(super) struct ReplicationStream {
    wire: Box<dyn Wire>,
    received: BytesMut,
    /// The position in the log up to which everything has been seen.
    seen: u64,
}

/// One message of the server: its kind and its body.
struct Frame {
    kind: u8,
    body: Bytes,
}

impl ReplicationStream {
    /// Connects and signs in with trust, a clear-text or MD5 password, or SCRAM.
    pub(super) async fn connect(config: &Config) -> anyhow::Result<Self> {
        let mut stream = Self {
            wire: open(config).await?,
            received: BytesMut::new(),
            seen: 0,
        };
        let user = config.get_user().context("the database URL has no user")?;
        let parameters = [
            ("user", user),
            ("database", config.get_dbname().unwrap_or(user)),
            ("replication", "database"),
            ("application_name", "local-stack realtime"),
        ];
        let mut message = BytesMut::new();
        frontend::startup_message(parameters, &mut message)?;
        stream.wire.write_all(&message).await?;
        stream
            .sign_in(user, config.get_password().unwrap_or_default())
            .await?;
        stream.until_ready().await?;
        Ok(stream)
    }

    /// Makes a slot that disappears with this connection and follows `publication` from now on.
    pub(super) async fn follow(&mut self, slot: &str, publication: &str) -> anyhow::Result<()> {
        let create = format!(
            r#"CREATE_REPLICATION_SLOT "{slot}" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"#
        );
        self.send(|out| frontend::query(&create, out)).await?;
        self.until_ready().await?;
        let start = format!(
            r#"START_REPLICATION SLOT "{slot}" LOGICAL 0/0 (proto_version '1', publication_names '{publication}')"#
        );
        self.send(|out| frontend::query(&start, out)).await?;
        loop {
            let frame = self.frame().await?;
            match frame.kind {
                b'W' => return Ok(()),
                b'E' => bail!("{}", error_text(&frame.body)),
                _ => {}
            }
        }
    }

    /// Waits for the next decoded message; `None` means that the server wants a confirmation.
    /// Safe to abandon while it waits.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        loop {
            let mut frame = self.frame().await?;
            match (frame.kind, frame.body.first().copied()) {
                (b'd', Some(b'w')) if frame.body.len() >= 25 => {
                    frame.body.advance(9);
                    self.seen = self.seen.max(frame.body.get_u64());
                    frame.body.advance(8);
                    return Ok(Some(frame.body));
                }
                (b'd', Some(b'k')) if frame.body.len() >= 18 => {
                    frame.body.advance(1);
                    self.seen = self.seen.max(frame.body.get_u64());
                    if frame.body[8] == 1 {
                        return Ok(None);
                    }
                }
                (b'E', _) => bail!("{}", error_text(&frame.body)),
                (b'c' | b'C', _) => bail!("the server ended the stream"),
                _ => {}
            }
        }
    }

    /// Tells the server how far we have read, so that it may drop older log.
    pub(super) async fn confirm(&mut self) -> anyhow::Result<()> {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let clock = since_1970.saturating_sub(Duration::from_secs(POSTGRES_EPOCH_SECONDS));
        let mut status = vec![b'r'];
        for _written_flushed_applied in 0..3 {
            status.extend(self.seen.to_be_bytes());
        }
        status.extend(u64::try_from(clock.as_micros())?.to_be_bytes());
        status.push(0);
        self.send(|out| {
            frontend::CopyData::new(status.as_slice())?.write(out);
            Ok(())
        })
        .await
    }

    async fn sign_in(&mut self, user: &str, password: &[u8]) -> anyhow::Result<()> {
        loop {
            let mut frame = self.frame().await?;
            ensure!(frame.kind != b'E', "{}", error_text(&frame.body));
            if frame.kind != b'R' || frame.body.len() < 4 {
                continue;
            }
            match frame.body.get_u32() {
                0 => return Ok(()),
                3 => {
                    self.send(|out| frontend::password_message(password, out))
                        .await?
                }
                5 => {
                    let salt = frame.body.get(..4).context("the salt is cut")?.try_into()?;
                    let hash = md5_hash(user.as_bytes(), password, salt);
                    self.send(|out| frontend::password_message(hash.as_bytes(), out))
                        .await?;
                }
                10 => self.scram(password).await?,
                other => bail!("sign-in method {other} is not known"),
            }
        }
    }

    async fn scram(&mut self, password: &[u8]) -> anyhow::Result<()> {
        let mut scram = sasl::ScramSha256::new(password, sasl::ChannelBinding::unsupported());
        let first = scram.message().to_vec();
        self.send(|out| frontend::sasl_initial_response(sasl::SCRAM_SHA_256, &first, out))
            .await?;
        scram.update(&self.sasl_step(11).await?)?;
        let second = scram.message().to_vec();
        self.send(|out| frontend::sasl_response(&second, out))
            .await?;
        scram.finish(&self.sasl_step(12).await?)?;
        Ok(())
    }

    async fn sasl_step(&mut self, expected: u32) -> anyhow::Result<Bytes> {
        let mut frame = self.frame().await?;
        ensure!(frame.kind != b'E', "{}", error_text(&frame.body));
        ensure!(
            frame.kind == b'R' && frame.body.len() >= 4 && frame.body.get_u32() == expected,
            "the server broke off the SCRAM sign-in"
        );
        Ok(frame.body)
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let mut failure = None;
        loop {
            let frame = self.frame().await?;
            match frame.kind {
                b'E' => failure = Some(error_text(&frame.body)),
                b'Z' => break,
                _ => {}
            }
            // A refused sign-in is not followed by "ready": the server hangs up.
            if let (Some(failure), true) = (&failure, self.received.is_empty()) {
                bail!("{failure}");
            }
        }
        failure.map_or(Ok(()), |failure| bail!("{failure}"))
    }

    async fn send(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = BytesMut::new();
        write(&mut out)?;
        self.wire.write_all(&out).await?;
        Ok(())
    }

    /// Bytes already received are kept when this is abandoned while it waits.
    async fn frame(&mut self) -> anyhow::Result<Frame> {
        loop {
            if let Some(frame) = take_frame(&mut self.received)? {
                return Ok(frame);
            }
            let count = self.wire.read_buf(&mut self.received).await?;
            ensure!(count > 0, "PostgreSQL closed the replication connection");
        }
    }
}

async fn open(config: &Config) -> anyhow::Result<Box<dyn Wire>> {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let host = config.get_hosts().first();
    Ok(match host.context("the database URL has no host")? {
        Host::Tcp(host) => {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        Host::Unix(directory) => {
            let path = directory.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(path).await?)
        }
    })
}

/// Cuts the first whole frame off the buffer.
fn take_frame(buffer: &mut BytesMut) -> anyhow::Result<Option<Frame>> {
    let Some(&[kind, a, b, c, d]) = buffer.first_chunk::<5>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d]))?;
    ensure!(
        (4..LARGEST_FRAME).contains(&length),
        "a frame of {length} bytes"
    );
    if buffer.len() < length + 1 {
        return Ok(None);
    }
    let mut body = buffer.split_to(length + 1).freeze();
    body.advance(5);
    Ok(Some(Frame { kind, body }))
}

/// The message and SQLSTATE of an error frame.
fn error_text(body: &[u8]) -> String {
    let field = |kind: u8| {
        let found = body
            .split(|byte| *byte == 0)
            .find(|field| field.first() == Some(&kind));
        found.map(|field| String::from_utf8_lossy(&field[1..]).into_owned())
    };
    let message = field(b'M').unwrap_or_else(|| "an error without a message".to_owned());
    let code = field(b'C').unwrap_or_default();
    format!("PostgreSQL answered {message} ({code})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_only_when_it_is_whole() {
        let mut buffer = BytesMut::from(&b"d\0\0\0\x06hi"[..]);
        let last = buffer.split_off(6);
        assert!(take_frame(&mut buffer).unwrap().is_none());
        buffer.unsplit(last);
        let frame = take_frame(&mut buffer).unwrap().unwrap();
        assert_eq!((frame.kind, &frame.body[..]), (b'd', &b"hi"[..]));
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_senseless_length_ends_the_connection() {
        assert!(take_frame(&mut BytesMut::from(&b"d\0\0\0\x03"[..])).is_err());
        assert!(take_frame(&mut BytesMut::from(&b"d\xff\0\0\0"[..])).is_err());
    }

    #[test]
    fn an_error_says_message_and_code() {
        let text = error_text(b"SERROR\0C42704\0Mno such slot\0\0");
        assert_eq!(text, "PostgreSQL answered no such slot (42704)");
    }
}
