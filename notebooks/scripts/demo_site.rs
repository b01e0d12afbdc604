//! A web site on this machine that takes its time, so that notebooks about waiting need no network.
//!
//! ```text
//! %use demo_site from scripts/demo_site.rs
//! let site = demo_site::start(13, Duration::from_millis(200), Duration::from_millis(50))?;
//! let page = demo_site::get(&site.urls()[0])?;
//! ```
//!
//! Each page comes after the delay and up to the jitter more, however many are asked for at once.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Error;
use std::io::Read;
use std::io::Result;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// A site that answers. Dropping it ends it.
#[derive(Debug)]
pub struct Site {
    address: String,
    pages: usize,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
    is_over: AtomicBool,
}

/// Starts a site with so many pages, at a port that the system chooses.
pub fn start(pages: usize, delay: Duration, jitter: Duration) -> Result<Site> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let site = Site {
        address: listener.local_addr()?.to_string(),
        pages,
        counts: Arc::default(),
    };
    let counts = Arc::clone(&site.counts);
    let accept = move || {
        for stream in listener.incoming() {
            if counts.is_over.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let number = counts.connections.fetch_add(1, Ordering::SeqCst);
            let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
            counts.most.fetch_max(open, Ordering::SeqCst);
            let pause = delay + jitter.mul_f64(share_of(number));
            let counts = Arc::clone(&counts);
            thread::spawn(move || {
                // A visitor that has left gets no answer.
                let _ = answer(&stream, pause, pages);
                counts.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    };
    thread::Builder::new().name("demo-site".to_owned()).spawn(accept)?;
    Ok(site)
}

/// A number from 0 to 1 that looks like chance, and is the same in each run.
fn share_of(number: usize) -> f64 {
    (number * 7 % 11) as f64 / 10.0
}

/// Reads a request up to its empty line, waits, and sends the page.
fn answer(mut stream: &TcpStream, pause: Duration, pages: usize) -> Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    thread::sleep(pause);
    let number = request.split(' ').nth(1).and_then(|path| path[1..].parse::<usize>().ok());
    let (status, page) = match number.filter(|number| (1..=pages).contains(number)) {
        Some(number) => ("200 OK", format!("<!doctype html>\n<p>Page {number} of a slow site.</p>\n").repeat(60)),
        None => ("404 Not Found", "<!doctype html>\n<p>There is no such page.</p>\n".to_owned()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
    stream.write_all((head + &page).as_bytes())
}

impl Site {
    /// Where it listens, as `127.0.0.1:40123`.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// The addresses of its pages.
    pub fn urls(&self) -> Vec<String> {
        (1..=self.pages).map(|page| format!("http://{}/{page}", self.address)).collect()
    }

    /// How many connections were made since the start.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// How many were open at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.counts.is_over.store(true, Ordering::SeqCst);
        // The one who accepts looks at the mark once somebody comes.
        let _ = TcpStream::connect(&self.address);
    }
}

/// Downloads a page: a small client, for notebooks that add no crate. It knows `http://HOST:PORT/PATH` only.
pub fn get(url: &str) -> Result<Vec<u8>> {
    let parts = url.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
    let (host, path) = parts.ok_or_else(|| Error::other(format!("expected `http://HOST:PORT/PATH`, got `{url}`")))?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    if !response.starts_with(b"HTTP/1.1 200 ") {
        return Err(Error::other(format!("`{url}` has no page")));
    }
    let end_of_head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let start = end_of_head.ok_or_else(|| Error::other(format!("`{url}` sent half an answer")))? + 4;
    Ok(response.split_off(start))
}
