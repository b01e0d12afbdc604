//! A thread with a task of its own, while the first one goes on.

use std::thread;
use std::time::Duration;

fn main() {
    let task = thread::Builder::new().name("task".to_owned());
    let task = task.spawn(|| {
        for step in 1..=3 {
            thread::sleep(Duration::from_millis(100));
            println!("task: step {step} of 3");
        }
        "done"
    });
    println!("main: the task has started, I go on");
    println!("main: the task says it is {}", task.unwrap().join().unwrap());
}
