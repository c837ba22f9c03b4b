//! Names become addresses, by the system's own resolver and with the code it gives.
//!
//! `std` and tokio hide the code of getaddrinfo, and without it "no such name" and "the name server does not answer" look
//! the same. So it is called here, on a thread that may block.

use std::ffi::CString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;
use std::sync::Arc;

use nix::errno::Errno;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::dns;
use crate::model::{DnsFault, FaultKind, Origin, Unable};
use crate::probe::Invalid;
use crate::probe::look::{Halt, just_before};

/// So many lookups at once. A lookup cannot be cancelled: a look that gives up leaves its thread behind until the system's
/// resolver gives up too, and this keeps a dead name server from eating all threads.
const AT_ONCE: usize = 32;

// glibc's extensions, which the libc crate does not have everywhere.
const EAI_NODATA: i32 = -5;
const EAI_ADDRFAMILY: i32 = -9;

/// How a host becomes addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::probe) enum Resolving {
    /// By the system's own resolver: its files, its name servers, its order.
    System,
    /// By asking this name server for both families: no files, no search list.
    Server(SocketAddr),
    /// Not at all: these are used, whatever the name says.
    Given(Vec<IpAddr>),
}

impl Resolving {
    /// By the server this text names, if it can be asked for this host; without a text by the system.
    pub(in crate::probe) fn by(
        field: &'static str,
        server: Option<&str>,
        host: &str,
    ) -> Result<Self, Invalid> {
        let Some(server) = server else {
            return Ok(Self::System);
        };
        let server = dns::named(field, server)?;
        if host.parse::<IpAddr>().is_err() {
            dns::check_name(field, host).map_err(|Invalid { field, message }| {
                Invalid::new(field, format!("the host cannot be asked for: {message}"))
            })?;
        }
        Ok(Self::Server(server))
    }
}

/// Which addresses the system is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum Family {
    Any,
    V4,
    V6,
}

/// Keeps the number of resolving threads bounded.
#[derive(Debug)]
pub(in crate::probe) struct Resolvers {
    threads: Arc<Semaphore>,
    #[cfg(test)]
    hangs: bool,
}

impl Default for Resolvers {
    fn default() -> Self {
        Self {
            threads: Arc::new(Semaphore::new(AT_ONCE)),
            #[cfg(test)]
            hangs: false,
        }
    }
}

impl Resolvers {
    /// A system whose resolver never answers.
    #[cfg(test)]
    pub(in crate::probe) fn stuck() -> Self {
        Self {
            hangs: true,
            ..Self::default()
        }
    }

    /// The addresses of a host, in the order in which they are to be tried. A literal is not resolved.
    ///
    /// What looks up a name is in a box: it is large, and every look has room for it, also one that never needs it.
    pub(super) async fn resolve(
        &self,
        host: &str,
        port: u16,
        resolving: &Resolving,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, Halt> {
        let with_port = |addresses: &[IpAddr]| {
            let addresses = addresses.iter();
            addresses.map(|ip| SocketAddr::new(*ip, port)).collect()
        };
        match (resolving, host.parse::<IpAddr>()) {
            (Resolving::Given(addresses), _) => Ok(with_port(addresses)),
            (_, Ok(literal)) => Ok(with_port(&[literal])),
            (Resolving::System, Err(_)) => {
                Box::pin(self.by_system(host, port, Family::Any, deadline)).await
            }
            (Resolving::Server(server), Err(_)) => {
                let deadline = just_before(deadline);
                let addresses = Box::pin(dns::addresses(host, *server, deadline)).await?;
                Ok(with_port(&addresses))
            }
        }
    }

    /// As the programs of this machine see it, in the order the system prefers (RFC 6724).
    pub(in crate::probe) async fn by_system(
        &self,
        host: &str,
        port: u16,
        family: Family,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, Halt> {
        let Ok(name) = CString::new(host) else {
            return Err(failed(libc::EAI_NONAME, None, host));
        };
        // Waiting for our own threads says nothing about the name.
        let permit = timeout_at(just_before(deadline), self.threads.clone().acquire_owned()).await;
        let Ok(permit) = permit else {
            let message =
                format!("{AT_ONCE} lookups of the system hang already; `{host}` had to wait");
            return Err(Halt::unable(Unable::Limit, message));
        };
        #[cfg(test)]
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let lookup = spawn_blocking(move || {
            let looked_up = getaddrinfo(&name, port, family);
            // The thread holds the permit, not the look, which may be gone by now.
            drop(permit);
            looked_up
        });
        match lookup.await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(EAI_NODATA, None, host)),
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err((code, errno))) => Err(failed(code, errno, host)),
            Err(_) => Err(Halt::unable(Unable::Panic, "resolving a name panicked")),
        }
    }
}

/// Maps the codes of getaddrinfo (RFC 3493 §6.1).
fn failed(code: i32, errno: Option<Errno>, host: &str) -> Halt {
    if code == libc::EAI_MEMORY || errno == Some(Errno::ENOMEM) {
        let message = format!("no memory left to resolve `{host}`");
        return Halt::unable(Unable::Limit, message);
    }
    if let Some(Errno::EMFILE | Errno::ENFILE) = errno {
        return Halt::unable(
            Unable::Limit,
            format!("no file descriptors left to resolve `{host}`"),
        );
    }
    let fault = match code {
        libc::EAI_NONAME => DnsFault::Nxdomain,
        EAI_NODATA | EAI_ADDRFAMILY => DnsFault::Nodata,
        libc::EAI_AGAIN => DnsFault::Again,
        libc::EAI_FAIL => DnsFault::Fail,
        _ => DnsFault::System,
    };
    let words = match fault {
        DnsFault::Nxdomain => "the name does not exist",
        DnsFault::Nodata => "the name has no address",
        DnsFault::Again => "the name server failed, or did not answer",
        DnsFault::Fail => "the name server refused",
        _ => "the system's resolver broke",
    };
    let why = match (fault, errno) {
        (DnsFault::System, Some(errno)) => format!(" ({})", errno.desc()),
        _ => String::new(),
    };
    let halt = Halt::fault(FaultKind::Dns(fault), format!("`{host}`: {words}{why}"));
    match errno {
        Some(errno) if code == libc::EAI_SYSTEM => halt.by(Origin::Errno(errno as i32)),
        _ => halt.by(Origin::Eai(code)),
    }
}

/// Calls the system's resolver; on failure its code, and the errno it left.
#[expect(unsafe_code, reason = "nothing else gives the code of getaddrinfo")]
fn getaddrinfo(
    name: &CString,
    port: u16,
    family: Family,
) -> Result<Vec<SocketAddr>, (i32, Option<Errno>)> {
    // SAFETY: `addrinfo` is plain data of the C library; all zeroes with null pointers is its documented empty value.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    Errno::clear();
    // SAFETY: the name is NUL-terminated and lives through the call, no service is asked for, the hints are initialised, and
    // the result pointer is ours to be written.
    let code =
        unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) };
    if code != 0 {
        let errno = io::Error::last_os_error()
            .raw_os_error()
            .filter(|n| *n != 0);
        return Err((code, errno.map(Errno::from_raw)));
    }
    let mut addresses = Vec::new();
    let mut next = list;
    while !next.is_null() {
        // SAFETY: on success `list` is a linked list of valid entries that ends in null and lives until `freeaddrinfo`.
        let entry = unsafe { &*next };
        // SAFETY: the family says which socket address `ai_addr` points to.
        if let Some(address) = unsafe { socket_address(entry, port) }
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
        next = entry.ai_next;
    }
    // SAFETY: the list came from `getaddrinfo`, is freed once, and nothing points into it any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok(addresses)
}

/// The address of an entry.
///
/// # Safety
/// `entry` must come from `getaddrinfo`: its `ai_addr` is null or points to an address of its `ai_family`.
#[expect(unsafe_code, reason = "nothing else gives the code of getaddrinfo")]
#[expect(
    clippy::cast_ptr_alignment,
    reason = "the C library aligns socket addresses of a family as that family needs"
)]
unsafe fn socket_address(entry: &libc::addrinfo, port: u16) -> Option<SocketAddr> {
    if entry.ai_addr.is_null() {
        return None;
    }
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: an entry of this family points to a `sockaddr_in`, as the caller promises.
            let address = unsafe { &*entry.ai_addr.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, port).into())
        }
        libc::AF_INET6 => {
            // SAFETY: an entry of this family points to a `sockaddr_in6`, as the caller promises.
            let address = unsafe { &*entry.ai_addr.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, port, 0, address.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::testing::AMPLE;

    fn code(halt: &Halt) -> String {
        match halt {
            Halt::Fault { kind, .. } => kind.code().to_string(),
            Halt::Unable(error) => error.kind.code().to_string(),
        }
    }

    async fn resolve(host: &str, resolving: &Resolving) -> Result<Vec<SocketAddr>, Halt> {
        let deadline = Instant::now() + AMPLE;
        Resolvers::default()
            .resolve(host, 80, resolving, deadline)
            .await
    }

    #[test]
    fn each_code_of_the_resolver_has_its_fault() {
        for (eai, errno, expected) in [
            (libc::EAI_NONAME, None, "dns.nxdomain"),
            (EAI_NODATA, None, "dns.nodata"),
            (EAI_ADDRFAMILY, None, "dns.nodata"),
            (libc::EAI_AGAIN, None, "dns.again"),
            (libc::EAI_AGAIN, Some(Errno::EMFILE), "error.limit"),
            (libc::EAI_FAIL, None, "dns.fail"),
            (libc::EAI_SYSTEM, Some(Errno::EIO), "dns.system"),
            (libc::EAI_SYSTEM, Some(Errno::ENFILE), "error.limit"),
            (libc::EAI_MEMORY, None, "error.limit"),
        ] {
            assert_eq!(code(&failed(eai, errno, "web")), expected);
        }
    }

    #[tokio::test]
    async fn localhost_and_literals_resolve() {
        let found = resolve("localhost", &Resolving::System).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        // Nobody is asked: nobody is there.
        let nobody = Resolving::Server("127.0.0.1:1".parse().unwrap());
        for resolving in [Resolving::System, nobody] {
            let found = resolve("::1", &resolving).await.unwrap();
            assert_eq!(found, ["[::1]:80".parse().unwrap()]);
        }
    }

    #[tokio::test]
    async fn waiting_for_our_own_threads_is_no_fault_of_the_name() {
        let resolvers = Resolvers {
            threads: Arc::new(Semaphore::new(0)),
            ..Resolvers::default()
        };
        let deadline = Instant::now() + std::time::Duration::from_millis(50);
        let halt = resolvers
            .resolve("localhost", 80, &Resolving::System, deadline)
            .await
            .unwrap_err();
        assert_eq!(code(&halt), "error.limit");
    }

    #[tokio::test]
    async fn a_mangled_name_does_not_exist() {
        let halt = resolve("10.0.0.1\n", &Resolving::System).await.unwrap_err();
        assert!(matches!(
            halt,
            Halt::Fault {
                kind: FaultKind::Dns(DnsFault::Nxdomain),
                origin: Some(Origin::Eai(-2)),
                ..
            }
        ));
    }
}
