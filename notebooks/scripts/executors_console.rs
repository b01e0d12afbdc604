//! The Mandelbrot set with letters: a pool of threads computes the rows, and `map` gives them in order.

use threadbook::executor::ThreadPoolExecutor;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::SMALL;
    let pool = ThreadPoolExecutor::new(4);
    for row in pool.map(0..size.height, move |y| size.row(y)) {
        println!("{}", mandelbrot::letters(&row));
    }
}
