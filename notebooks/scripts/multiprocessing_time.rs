//! How long a large Mandelbrot set takes on four processes, each of which computes every fourth row.

use std::time::Instant;

use threadbook::process;

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

fn main() {
    let size = mandelbrot::LARGE;
    let start = Instant::now();
    let processes: Vec<_> = (0..4)
        .map(|first| {
            process::spawn(move || {
                (first..size.height)
                    .step_by(4)
                    .map(|y| size.row(y))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let rows: Vec<_> = processes
        .into_iter()
        .flat_map(|process| process.join().unwrap())
        .collect();
    println!(
        "four processes: {} steps in {:.2?}",
        mandelbrot::total(&rows),
        start.elapsed()
    );
}
