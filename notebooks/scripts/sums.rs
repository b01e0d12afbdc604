//! The sums of squares below each number of a list, by a few processes.
//!
//! Started without arguments it starts itself once for each processor, with a part of the list.

use std::process::Command;
use std::process::Stdio;

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    if !numbers.is_empty() {
        // A worker.
        for number in numbers {
            println!("{}", cpu_bound(number));
        }
        return;
    }
    let numbers: Vec<u64> = (0..20).map(|x| 5_000_000 + x).collect();
    let processes = std::thread::available_parallelism().unwrap().get();
    let workers: Vec<_> = numbers
        .chunks(numbers.len().div_ceil(processes))
        .map(|part| {
            Command::new(std::env::current_exe().unwrap())
                .args(part.iter().map(u64::to_string))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut sums = Vec::new();
    for worker in workers {
        let output = worker.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        sums.extend(text.lines().map(|line| line.parse::<u128>().unwrap()));
    }
    println!("{} sums by {processes} processes, the last one is {}", sums.len(), sums[19]);
}

fn cpu_bound(number: u64) -> u128 {
    (0..number).map(|i| u128::from(std::hint::black_box(i)) * u128::from(i)).sum()
}
