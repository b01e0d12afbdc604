//! The Mandelbrot set with letters: four threads compute rows, and each row is printed in its place.

use std::thread;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::SMALL;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|part| {
                scope.spawn(move || {
                    (part * size.height / 4..(part + 1) * size.height / 4)
                        .map(|y| size.row(y))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            for row in thread.join().unwrap() {
                println!("{}", mandelbrot::letters(&row));
            }
        }
    });
}
