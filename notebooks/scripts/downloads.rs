//! Downloads a list of pages, by a few processes.
//!
//! Usage: downloads SITE PAGES PROCESSES, and by itself: downloads SITE PAGES

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [site, pages, processes @ ..] = arguments.as_slice() else {
        panic!("usage: downloads SITE PAGES PROCESSES");
    };
    let pages: usize = pages.parse().unwrap();
    let Some(processes) = processes.first() else {
        // A worker.
        for page in 0..pages {
            download_site(site, page);
        }
        return;
    };
    let processes: usize = processes.parse().unwrap();
    let workers: Vec<_> = (0..processes)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args([site.clone(), (pages / processes).to_string()])
                .spawn()
                .unwrap()
        })
        .collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    println!("Downloaded {pages} pages by {processes} processes");
}

fn download_site(site: &str, page: usize) {
    let mut stream = TcpStream::connect(site).unwrap();
    write!(stream, "GET /{page} HTTP/1.1\r\nHost: {site}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"));
}
