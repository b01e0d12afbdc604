//! How long a large Mandelbrot set takes on four threads, each of which computes every fourth row.

use std::thread;
use std::time::Instant;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::LARGE;
    let start = Instant::now();
    let threads: Vec<_> = (0..4)
        .map(|first| {
            thread::spawn(move || {
                (first..size.height)
                    .step_by(4)
                    .map(|y| size.row(y))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let rows: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    println!(
        "four threads: {} steps in {:.2?}",
        mandelbrot::total(&rows),
        start.elapsed()
    );
}
