//! How long a large Mandelbrot set takes on a pool of four processes.

use std::time::Instant;

use threadbook::process::ProcessPoolExecutor;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::LARGE;
    let start = Instant::now();
    let rows = ProcessPoolExecutor::new(4).map(0..size.height, |y| size.row(y));
    println!("pool of four processes: {} steps in {:.2?}", mandelbrot::total(&rows), start.elapsed());
}
