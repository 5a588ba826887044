//! Which TCP ports the parts listen on. All of them on the loopback address only.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
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
    pub(crate) fn reserve(self) -> anyhow::Result<Reserved> {
        let (gateway, database) = match self {
            Self::Fixed => {
                drop(listen(FIXED_DATABASE, "the database")?);
                (listen(FIXED_API, "the API")?, FIXED_DATABASE)
            }
            Self::Random => (listen(free()?, "the API")?, free()?),
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

/// A port nobody listens on at this moment.
pub(crate) fn free() -> anyhow::Result<u16> {
    let length = FREE_RANGE.end - FREE_RANGE.start;
    for _ in 0..100 {
        let random = u16::try_from(clock::new_id().as_u128() % u128::from(length))?;
        let port = FREE_RANGE.start + random;
        if TcpListener::bind(address(port)).is_ok() {
            return Ok(port);
        }
    }
    bail!(
        "found no free port between {} and {}",
        FREE_RANGE.start,
        FREE_RANGE.end
    )
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
        let holder = TcpListener::bind(address(free().unwrap())).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = format!("{:#}", listen(port, "the API").unwrap_err());
        assert!(
            error.contains(&format!("port {port}, wanted for the API, is taken")),
            "{error}"
        );
    }

    #[test]
    fn free_ports_stay_out_of_the_range_of_outgoing_connections() {
        assert!(FREE_RANGE.contains(&free().unwrap()));
    }
}
