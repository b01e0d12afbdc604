//! How long ten tasks take that wait for a fifth of a second each: as long as one.

use std::time::Duration;
use std::time::Instant;

async fn main() {
    let start = Instant::now();
    let pauses = (0..10).map(|_| tokio::time::sleep(Duration::from_millis(200)));
    futures::future::join_all(pauses).await;
    println!("ten tasks that wait: {:.2?}", start.elapsed());
}
