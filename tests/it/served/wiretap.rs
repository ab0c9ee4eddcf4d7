//! A proxy that forwards everything and keeps a copy.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

/// A proxy in front of a server.
pub(super) struct Wiretap {
    pub url: String,
    traffic: Arc<Mutex<Vec<u8>>>,
}

impl Wiretap {
    /// Starts a proxy in front of the server at `url`. Its threads end with their connections.
    pub(super) fn in_front_of(url: &str) -> Self {
        let server = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let traffic = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&traffic);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else {
                    return;
                };
                forward(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    Arc::clone(&copy),
                );
                forward(server, client, Arc::clone(&copy));
            }
        });
        Self { url, traffic }
    }

    /// Returns everything that was sent so far, in both directions.
    pub(super) fn traffic(&self) -> String {
        String::from_utf8_lossy(&self.traffic.lock()).into_owned()
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, copy: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            copy.lock().extend_from_slice(&buffer[..read]);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        _ = to.shutdown(Shutdown::Write);
    });
}
