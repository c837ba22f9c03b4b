//! A proxy that never lets go: who closes his connection is gone, and the server never hears of it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// PostgreSQL's Terminate.
const GOODBYE: &[u8] = b"X\0\0\0\x04";

/// Holds every connection to its server until it is dropped.
pub(super) struct Holding {
    address: SocketAddr,
    held: Arc<Mutex<Vec<TcpStream>>>,
}

impl Holding {
    pub(super) fn before(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::<Mutex<Vec<TcpStream>>>::default();
        let keep = held.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).unwrap();
                keep.lock().unwrap().push(server.try_clone().unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || pass(from, to));
                thread::spawn(move || pass(server, client));
            }
        });
        Self { address, held }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        for server in self.held.lock().unwrap().drain(..) {
            let _ = server.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// All but the goodbye, and not that there is no more to come.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut some = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut some) {
        let said = &some[..read];
        if said != GOODBYE && to.write_all(said).is_err() {
            return;
        }
    }
}
