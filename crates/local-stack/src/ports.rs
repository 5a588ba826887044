//! Which TCP ports the parts listen on. All of them on the loopback address only.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::clock;

/// How the gateway and PostgreSQL get their ports; all other ports are always free ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// 54321 for the gateway and 54322 for PostgreSQL, as `supabase start` has them.
    Fixed,
    /// Two free ports.
    Random,
}

const FIXED_API: u16 = 54321;
const FIXED_DATABASE: u16 = 54322;
const PATIENCE: Duration = Duration::from_secs(2);

/// Free ports are sought below the range from which the system takes the local
/// ports of outgoing connections, so that a part that is restarted finds its own again.
const FREE_RANGE: std::ops::Range<u16> = 20_000..32_000;

/// The gateway's listener, held from the start on so that nobody else takes its port,
/// and PostgreSQL's port.
pub(crate) struct Reserved {
    pub(crate) gateway: TcpListener,
    pub(crate) api: u16,
    pub(crate) database: u16,
}

impl Ports {
    pub(crate) fn reserve(self, pool: &Pool) -> anyhow::Result<Reserved> {
        let (gateway, database) = match self {
            Self::Fixed => {
                drop(listen(FIXED_DATABASE, "the database")?);
                (listen(FIXED_API, "the API")?, FIXED_DATABASE)
            }
            Self::Random => (listen(pool.free()?, "the API")?, pool.free()?),
        };
        gateway.set_nonblocking(true)?;
        let api = gateway.local_addr()?.port();
        Ok(Reserved {
            gateway,
            api,
            database,
        })
    }
}

/// Ports that this stack may use. Each is marked by a locked file, so that stacks
/// that start at the same time choose different ones. Clones share the marks, which
/// go with the last of them, or with the process.
#[derive(Clone)]
pub(crate) struct Pool {
    folder: PathBuf,
    marks: Arc<Mutex<Vec<File>>>,
}

impl Pool {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let user = rustix::process::geteuid().as_raw();
        let folder = std::env::temp_dir().join(format!("local-stack-ports-{user}"));
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self {
            folder,
            marks: Arc::default(),
        })
    }

    /// A port nobody listens on, and no other stack has chosen.
    pub(crate) fn free(&self) -> anyhow::Result<u16> {
        let length = FREE_RANGE.end - FREE_RANGE.start;
        for _ in 0..100 {
            let random = u16::try_from(clock::new_id().as_u128() % u128::from(length))?;
            let port = FREE_RANGE.start + random;
            if self.mark(port)? && TcpListener::bind(address(port)).is_ok() {
                return Ok(port);
            }
        }
        bail!(
            "found no free port between {} and {}",
            FREE_RANGE.start,
            FREE_RANGE.end
        )
    }

    /// False when somebody else has marked it.
    fn mark(&self, port: u16) -> anyhow::Result<bool> {
        let path = self.folder.join(port.to_string());
        let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
        let is_ours = file.try_lock().is_ok();
        if is_ours {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            marks.push(file);
        }
        Ok(is_ours)
    }
}

pub(crate) fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Listens on `port`. A part of a stack that was just killed gets a moment to let go of it.
fn listen(port: u16, what: &str) -> anyhow::Result<TcpListener> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpListener::bind(address(port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
                "port {port}, wanted for {what}, is taken by another program; \
                 stop it (is another stack running?) or start with --random-ports"
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("listening on port {port} for {what}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_purpose() {
        let holder = TcpListener::bind(address(Pool::open().unwrap().free().unwrap())).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = format!("{:#}", listen(port, "the API").unwrap_err());
        assert!(
            error.contains(&format!("port {port}, wanted for the API, is taken")),
            "{error}"
        );
    }

    #[test]
    fn free_ports_stay_out_of_the_range_of_outgoing_connections() {
        assert!(FREE_RANGE.contains(&Pool::open().unwrap().free().unwrap()));
    }

    #[test]
    fn a_port_is_given_to_one_stack_only() {
        let (first, second) = (Pool::open().unwrap(), Pool::open().unwrap());
        let port = first.free().unwrap();
        assert!(!second.mark(port).unwrap());
        drop(first);
        assert!(second.mark(port).unwrap());
    }
}
