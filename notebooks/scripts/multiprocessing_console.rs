//! The Mandelbrot set with letters: four processes compute the rows, the first one prints them.

use threadbook::process::Pool;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::SMALL;
    for row in Pool::new(4).map(0..size.height, |y| size.row(y)) {
        println!("{}", mandelbrot::letters(&row));
    }
}
