//! How long a large Mandelbrot set takes on one thread.

use std::time::Instant;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let start = Instant::now();
    let rows = mandelbrot::LARGE.rows();
    println!("one thread: {} steps in {:.2?}", mandelbrot::total(&rows), start.elapsed());
}
