//! Addresses that the server may call although a user wrote them.
//!
//! Whoever can make a server fetch an address can reach what only the server reaches: the
//! machine itself, its network, the cloud's metadata service. So only names and addresses of the
//! public internet pass, unless the operator allows the host by name.
//! Names are resolved where the runtime can do that; every address they have must be public. The
//! runtime resolves once more when it connects, so a name that changes in between is not caught
//! here: networks that matter must not trust the function's address anyway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use thiserror::Error;
use url::{Host, ParseError, Url};

/// Why an address is not called. The texts name no address, since they reach the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not an absolute address with a host.
    #[error("the address is not a valid URL")]
    Malformed,
    /// The host's name needs more than ASCII.
    #[error("the host must be written in ASCII letters, digits, dots and hyphens")]
    NotAscii,
    /// Another scheme than http and https.
    #[error("only http and https addresses can be called")]
    Scheme,
    /// A name or password stands before the host.
    #[error("an address must not carry a user name or password")]
    Credentials,
    /// The host is not on the public internet.
    #[error("the host is not on the public internet")]
    NotPublic,
    /// The name has no address.
    #[error("the host name has no address")]
    Unknown,
}

/// Turns names into addresses.
pub trait Resolver {
    /// All addresses of a host name: `None` when this runtime cannot tell, an empty list when the
    /// name does not exist.
    async fn resolve(&self, host: &str) -> Option<Vec<IpAddr>>;
}

impl<R: Resolver> Resolver for Rc<R> {
    async fn resolve(&self, host: &str) -> Option<Vec<IpAddr>> {
        R::resolve(self, host).await
    }
}

/// Hosts that the operator allows although they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    entries: Vec<(String, Option<u16>)>,
}

impl AllowedHosts {
    /// Reads a comma-separated list of `host` (every port) or `host:port`; IPv6 in brackets.
    ///
    /// # Errors
    /// The first entry that is neither.
    pub fn parse(list: &str) -> Result<AllowedHosts, String> {
        let entries = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| read_entry(entry).ok_or_else(|| entry.to_string()))
            .collect::<Result<_, _>>()?;
        Ok(AllowedHosts { entries })
    }

    /// Whether the list names the address's host and port.
    pub fn contains(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let port = url.port_or_known_default();
        self.entries
            .iter()
            .any(|(name, only)| name == without_dot(host) && (only.is_none() || *only == port))
    }
}

/// The URL parser normalises the host, so that both sides of the comparison look alike.
fn read_entry(entry: &str) -> Option<(String, Option<u16>)> {
    let url = Url::parse(&format!("http://{entry}/")).ok()?;
    let plain = url.path() == "/"
        && url.username().is_empty()
        && url.query().is_none()
        && url.fragment().is_none();
    let host = without_dot(url.host_str()?).to_string();
    let names_port = entry.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let port = if names_port {
        url.port_or_known_default()
    } else {
        None
    };
    plain.then_some((host, port))
}

/// Reads an address that a user wrote and judges everything that needs no name resolution.
///
/// # Errors
/// See [`Refusal`].
pub fn parse(text: &str, allowed: &AllowedHosts) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::IdnaError if !text.is_ascii() => Refusal::NotAscii,
        _ => Refusal::Malformed,
    })?;
    judge(&url, allowed)?;
    Ok(url)
}

/// Judges everything about an address that needs no name resolution.
///
/// # Errors
/// See [`Refusal`].
pub fn judge(url: &Url, allowed: &AllowedHosts) -> Result<(), Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    if allowed.contains(url) {
        return Ok(());
    }
    let public = match url.host().ok_or(Refusal::Malformed)? {
        Host::Ipv4(address) => is_public_v4(address),
        Host::Ipv6(address) => is_public_v6(address),
        Host::Domain(name) => is_public_name(without_dot(name)),
    };
    public.then_some(()).ok_or(Refusal::NotPublic)
}

/// Resolves the host's name and refuses it unless every address is public.
///
/// # Errors
/// [`Refusal::NotPublic`] and [`Refusal::Unknown`].
pub async fn check_addresses(
    url: &Url,
    allowed: &AllowedHosts,
    resolver: &impl Resolver,
) -> Result<(), Refusal> {
    let Some(Host::Domain(name)) = url.host() else {
        return Ok(());
    };
    if allowed.contains(url) {
        return Ok(());
    }
    match resolver.resolve(without_dot(name)).await {
        None => Ok(()),
        Some(addresses) if addresses.is_empty() => Err(Refusal::Unknown),
        Some(addresses) if addresses.iter().copied().all(is_public) => Ok(()),
        Some(_) => Err(Refusal::NotPublic),
    }
}

/// Whether the address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of IPv4 that are not public: base and prefix length.
const CLOSED_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),        // this network, unspecified
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT, with one cloud's metadata service
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // another cloud's metadata service
    ([169, 254, 0, 0], 16),   // link-local, with the usual metadata service
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // anycast of name servers
    ([192, 88, 99, 0], 24),   // relays to IPv6
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !CLOSED_V4.iter().any(|(base, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask == u32::from(Ipv4Addr::from(*base))
    })
}

/// Networks inside 2000::/3 that are not public or that carry an IPv4 address inside.
const CLOSED_V6: [([u16; 3], u32); 4] = [
    ([0x2001, 0x0000, 0], 23), // protocol assignments, Teredo
    ([0x2001, 0x0db8, 0], 32), // documentation
    ([0x2002, 0x0000, 0], 16), // 6to4
    ([0x3fff, 0x0000, 0], 20), // documentation
];

/// Only global unicast (2000::/3) is public. That leaves out loopback, unspecified, unique local,
/// link-local and multicast addresses as well as IPv4-mapped ones and NAT64.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let global = bits >> 125 == 0b001;
    global
        && !CLOSED_V6.iter().any(|([a, b, c], length)| {
            let mask = u128::MAX << (128 - length);
            bits & mask == u128::from(Ipv6Addr::new(*a, *b, *c, 0, 0, 0, 0, 0))
        })
}

/// Names without a dot and names of local zones are found on the server's own network only.
fn is_public_name(name: &str) -> bool {
    const LOCAL_ZONES: [&str; 11] = [
        "localhost",
        "localdomain",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "onion",
        "home.arpa",
    ];
    let local = LOCAL_ZONES.iter().any(|zone| {
        name.strip_suffix(zone)
            .is_some_and(|rest| rest.ends_with('.'))
    });
    name.contains('.') && !local
}

fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    struct Names(Option<Vec<&'static str>>);

    impl Resolver for Names {
        async fn resolve(&self, _host: &str) -> Option<Vec<IpAddr>> {
            let addresses = self.0.as_ref()?;
            Some(addresses.iter().map(|text| text.parse().unwrap()).collect())
        }
    }

    fn check(text: &str) -> Result<(), Refusal> {
        parse(text, &AllowedHosts::default()).map(|_| ())
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "https://example.com/a?b=c#d",
            "http://93.184.216.34:8080/",
            "https://[2606:4700:4700::1111]/",
            "https://xn--bcher-kva.example/",
            "https://internal.example.com/",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn addresses_off_the_public_internet_are_refused() {
        for text in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://100.64.0.1/",
            "http://100.100.100.200/latest",
            "http://168.63.129.16/",
            "http://169.254.169.254/latest/meta-data",
            "http://192.0.0.192/",
            "http://198.19.0.1/",
            "http://224.0.0.251/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:93.184.216.34]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:53aa:64c::1]/",
            "http://[2001:db8::1]/",
            "http://localhost/",
            "http://localhost./",
            "http://LOCALHOST/",
            "http://a.localhost/",
            "http://metadata.google.internal/",
            "http://printer.local/",
            "http://router.home.arpa/",
            "http://kong:8000/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://0x7f.1/",
            "http://0/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://[::ffff:0:127.0.0.1]/",
            "http:127.0.0.1/",
            "http:\\\\127.0.0.1\\",
            "http://127.0.0.1\\.example.com/",
            "http://127.0.0.1#@example.com/",
            "http://127.0.0.1?@example.com/",
            "http://127.0.0.1:80\\@example.com/",
            "http:///127.0.0.1/",
            "http://127.0.0\t.1/",
        ] {
            assert_eq!(check(text), Err(Refusal::NotPublic), "{text}");
        }
    }

    #[test]
    fn hosts_are_ascii() {
        assert!(check("https://xn--mnchen-3ya.de/").is_ok());
        for text in [
            "https://münchen.de/",
            "http://１２７.０.０.１/",
            "http://ⓛⓞcalhost/",
        ] {
            assert_eq!(check(text), Err(Refusal::NotAscii), "{text}");
        }
    }

    #[test]
    fn other_schemes_credentials_and_nonsense_are_refused() {
        for text in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:text/plain,a",
        ] {
            assert_eq!(check(text), Err(Refusal::Scheme), "{text}");
        }
        assert_eq!(check("https://a@example.com/"), Err(Refusal::Credentials));
        assert_eq!(check("https://:b@example.com/"), Err(Refusal::Credentials));
        for text in [
            "https://example.com@127.0.0.1/",
            "https://example.com:443@127.0.0.1/",
            "https://127.0.0.1@example.com/",
            "https://example.com%40@127.0.0.1/",
            "https://a:b@example.com@127.0.0.1/",
        ] {
            assert_eq!(check(text), Err(Refusal::Credentials), "{text}");
        }
        for text in ["", "example.com", "/relative", "http://", "http://a b/"] {
            assert_eq!(check(text), Err(Refusal::Malformed), "{text}");
        }
    }

    #[test]
    fn an_allowed_host_passes_on_its_port_only() {
        let allowed =
            AllowedHosts::parse(" localhost:9000, 127.0.0.1 ,[::1]:81,LAN.local:80").unwrap();
        for text in [
            "http://localhost:9000/x",
            "http://127.0.0.1:1234/",
            "https://127.0.0.1/",
            "http://[::1]:81/",
            "http://lan.local./",
        ] {
            assert!(parse(text, &allowed).is_ok(), "{text}");
        }
        for text in [
            "http://localhost:9001/",
            "http://[::1]/",
            "http://lan.local:81/",
        ] {
            assert_eq!(parse(text, &allowed), Err(Refusal::NotPublic), "{text}");
        }
    }

    #[test]
    fn an_unreadable_allowed_host_is_named() {
        for bad in ["a/b", "a:99999", "user@host", "a b", "h?x", "h#x", "::1"] {
            assert_eq!(
                AllowedHosts::parse(&format!("ok.example,{bad}")),
                Err(bad.into())
            );
        }
        assert_eq!(AllowedHosts::parse(""), Ok(AllowedHosts::default()));
    }

    #[test]
    fn an_allowed_host_does_not_lend_its_name() {
        let allowed = AllowedHosts::parse("localhost:9000,127.0.0.1:9000").unwrap();
        for text in [
            "http://localhost.evil.local:9000/",
            "http://xlocalhost:9000/",
            "http://localhost:9000@10.0.0.1/",
            "http://10.0.0.1:9000/",
            "http://[::1]:9000/",
            "http://[::ffff:127.0.0.1]:9000/",
        ] {
            assert!(parse(text, &allowed).is_err(), "{text}");
        }
        // Another spelling of the same address is the same address.
        assert!(parse("http://2130706433:9000/", &allowed).is_ok());
    }

    #[test]
    fn every_address_of_a_name_must_be_public() {
        let none = AllowedHosts::default();
        let some = AllowedHosts::parse("api.example.com").unwrap();
        let url = Url::parse("https://api.example.com/").unwrap();
        let ask = |names, allowed| block_on(check_addresses(&url, allowed, &Rc::new(Names(names))));
        assert_eq!(
            ask(Some(vec!["93.184.216.34", "2606:4700::1"]), &none),
            Ok(())
        );
        assert_eq!(
            ask(Some(vec!["93.184.216.34", "10.0.0.1"]), &none),
            Err(Refusal::NotPublic)
        );
        assert_eq!(ask(Some(vec!["::1"]), &none), Err(Refusal::NotPublic));
        assert_eq!(ask(Some(vec!["10.0.0.1"]), &some), Ok(()));
        assert_eq!(ask(Some(vec![]), &none), Err(Refusal::Unknown));
        assert_eq!(ask(None, &none), Ok(()));
        let literal = Url::parse("https://93.184.216.34/").unwrap();
        assert_eq!(
            block_on(check_addresses(
                &literal,
                &none,
                &Names(Some(vec!["10.0.0.1"]))
            )),
            Ok(())
        );
    }
}
