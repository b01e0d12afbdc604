//! What `%time` and `%timeit` become.

use std::ops::AsyncFnMut;
use std::time::Instant;

use crate::printing;
use crate::timing::TimeitResult;
use crate::worker::timing::Stopwatch;

/// A `%time` that has begun. It reports the times also where the code is left early.
#[derive(Debug)]
pub struct Began {
    watch: Stopwatch,
    anchor: &'static str,
}

impl Drop for Began {
    fn drop(&mut self) {
        printing::out(self.anchor, format_args!("{}", self.watch.times()));
    }
}

/// `%time` begins. `anchor`: a text of the cell's code.
pub fn begin(anchor: &'static str) -> Began {
    Began {
        watch: Stopwatch::start(),
        anchor,
    }
}

/// `%time` ends: gives back the value that was timed.
pub fn end<T>(began: Began, value: T) -> T {
    drop(began);
    value
}

/// The options of `%timeit`.
#[derive(Clone, Copy, Debug)]
pub struct TimeitOptions {
    /// A text of the cell's code.
    pub anchor: &'static str,
    /// Loops in a run; 0 where they are to be chosen.
    pub loops: u64,
    /// Runs.
    pub runs: usize,
    /// Digits.
    pub precision: usize,
    /// Whether nothing is printed.
    pub quiet: bool,
}

/// Times code that is run again and again. It is called through a pointer, so that no loop of it is optimised away.
pub fn timeit(options: TimeitOptions, code: &mut dyn FnMut()) -> TimeitResult {
    let run = &mut |loops: u64| {
        let start = Instant::now();
        for _ in 0..loops {
            code();
        }
        start.elapsed().as_secs_f64()
    };
    let loops = match options.loops {
        0 => choose(run),
        loops => {
            // The first time is slower than the others.
            run(1);
            loops
        }
    };
    let runs = (0..options.runs).map(|_| run(loops)).collect();
    tell(options, loops, runs)
}

/// As [`timeit`], for code that awaits.
pub async fn timeit_async<F: AsyncFnMut()>(options: TimeitOptions, mut code: F) -> TimeitResult {
    let mut loops = options.loops;
    if loops == 0 {
        loops = 1;
        while run_async(&mut code, loops).await < ENOUGH_SECONDS && loops < MOST_LOOPS {
            loops *= 10;
        }
    } else {
        run_async(&mut code, 1).await;
    }
    let mut runs = Vec::new();
    for _ in 0..options.runs {
        runs.push(run_async(&mut code, loops).await);
    }
    tell(options, loops, runs)
}

/// How long a run has to take.
const ENOUGH_SECONDS: f64 = 0.2;
const MOST_LOOPS: u64 = 1_000_000_000;

/// As Python's `timeit`: the first power of ten that takes long enough.
fn choose(run: &mut dyn FnMut(u64) -> f64) -> u64 {
    let mut loops = 1;
    while run(loops) < ENOUGH_SECONDS && loops < MOST_LOOPS {
        loops *= 10;
    }
    loops
}

async fn run_async<F: AsyncFnMut()>(code: &mut F, loops: u64) -> f64 {
    let start = Instant::now();
    for _ in 0..loops {
        code().await;
    }
    start.elapsed().as_secs_f64()
}

fn tell(options: TimeitOptions, loops: u64, runs: Vec<f64>) -> TimeitResult {
    let result = TimeitResult::new(loops, runs, options.precision);
    if options.quiet {
        return result;
    }
    let (best, worst) = (result.best, result.worst);
    if worst > 4.0 * best && best > 0.0 && worst > 1e-6 {
        printing::out(
            options.anchor,
            format_args!(
                "The slowest run took {:.2} times longer than the fastest. This could mean that an intermediate result \
                 is being cached.\n",
                worst / best
            ),
        );
    }
    printing::out(options.anchor, format_args!("{result}\n"));
    result
}
