//! The Mandelbrot set with letters, by tasks. They take turns only where they await: here after each row.

#[path = "mandelbrot.rs"]
#[allow(dead_code)]
mod mandelbrot;

async fn main() {
    let size = mandelbrot::SMALL;
    let rows = (0..size.height).map(|y| async move {
        tokio::task::yield_now().await;
        mandelbrot::letters(&size.row(y))
    });
    for row in futures::future::join_all(rows).await {
        println!("{row}");
    }
}
