//! The Mandelbrot set with letters, one row after the other, on one thread.

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    for y in 0..mandelbrot::SMALL.height {
        println!("{}", mandelbrot::letters(&mandelbrot::SMALL.row(y)));
    }
}
