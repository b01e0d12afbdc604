//! A web site that takes its time: each page comes after a delay, however many are asked for at once.
//!
//! Usage: slow_site PORT DELAY_MS

use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse().ok());
    let (Some(port), Some(delay_ms)) = (number(), number()) else {
        eprintln!("usage: slow_site PORT DELAY_MS");
        std::process::exit(2);
    };
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).unwrap();
    // All may knock at once: a caller whom the queue has no place for would try again after a second.
    let listener = socket.listen(1024).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, Duration::from_millis(delay_ms.into())));
    }
}

/// Reads a request up to its empty line, waits, and sends a page.
async fn answer(mut stream: TcpStream, delay: Duration) -> std::io::Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    tokio::time::sleep(delay).await;
    let page = "<p>Hello from a slow site</p>\n".repeat(100);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all((head + &page).as_bytes()).await
}
