//! How long a large Mandelbrot set takes on a pool of four threads.

use std::time::Instant;

use threadbook::executor::ThreadPoolExecutor;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::LARGE;
    let start = Instant::now();
    let pool = ThreadPoolExecutor::new(4);
    let rows: Vec<_> = pool.map(0..size.height, move |y| size.row(y)).collect();
    println!("pool of four threads: {} steps in {:.2?}", mandelbrot::total(&rows), start.elapsed());
}
