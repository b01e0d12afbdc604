//! Two tasks that wait at the same time: together they take as long as the longer one.

use std::time::Duration;
use std::time::Instant;

async fn say_after(delay_ms: u64, what: &str) {
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    println!("{what}");
}

async fn main() {
    let start = Instant::now();
    let hello = tokio::spawn(say_after(100, "hello"));
    let world = tokio::spawn(say_after(200, "world"));
    hello.await.unwrap();
    world.await.unwrap();
    println!("at the same time: {} tenths of a second", start.elapsed().as_millis() / 100);
}
