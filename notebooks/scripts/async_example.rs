//! Two futures that are awaited one after the other: their pauses add up.

use std::time::Duration;
use std::time::Instant;

async fn say_after(delay_ms: u64, what: &str) {
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    println!("{what}");
}

async fn main() {
    let start = Instant::now();
    say_after(100, "hello").await;
    say_after(200, "world").await;
    println!("one after the other: {} tenths of a second", start.elapsed().as_millis() / 100);
}
