//! A large Mandelbrot set by tasks that never await: they run one after the other, as without tasks.

use std::time::Instant;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

async fn main() {
    let size = mandelbrot::LARGE;
    let start = Instant::now();
    let rows =
        futures::future::join_all((0..size.height).map(|y| async move { size.row(y) })).await;
    println!(
        "tasks that compute: {} steps in {:.2?}",
        mandelbrot::total(&rows),
        start.elapsed()
    );
}
