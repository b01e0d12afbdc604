//! How long code takes, in the words of IPython's `%time` and `%timeit`.
//!
//! `let result = %timeit -o f(x)` binds a [`TimeitResult`].

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// The time that something took: on the clock, and of the processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// On the clock.
    pub wall: Duration,
    /// Before that: loading the compiled code. It is in none of the others.
    pub loading: Duration,
    /// Of the processors, in the process's own code, all threads together.
    pub user: Duration,
    /// Of the processors, in the system on its behalf.
    pub system: Duration,
    /// The same two of the child processes that have ended and been waited for meanwhile.
    pub children_user: Duration,
    /// See `children_user`.
    pub children_system: Duration,
}

impl Times {
    /// Adds what came after.
    pub fn add(&mut self, after: &Times) {
        self.wall += after.wall;
        self.loading += after.loading;
        self.user += after.user;
        self.system += after.system;
        self.children_user += after.children_user;
        self.children_system += after.children_system;
    }
}

impl fmt::Display for Times {
    /// What `%%time` prints: IPython's two lines, then one for child processes where there were any, and how many
    /// processors were kept busy, where it took long enough to measure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |user: Duration, system: Duration| {
            let [user, system] = [user.as_secs_f64(), system.as_secs_f64()];
            format!(
                "user {}, sys: {}, total: {}",
                format_time(user, PRECISION),
                format_time(system, PRECISION),
                format_time(user + system, PRECISION)
            )
        };
        writeln!(f, "CPU times: {}", line(self.user, self.system))?;
        writeln!(
            f,
            "Wall time: {}",
            format_time(self.wall.as_secs_f64(), PRECISION)
        )?;
        let children = self.children_user + self.children_system;
        if !children.is_zero() {
            writeln!(
                f,
                "children: {}",
                line(self.children_user, self.children_system)
            )?;
        }
        if self.wall >= TELLING {
            let processors =
                (self.user + self.system + children).as_secs_f64() / self.wall.as_secs_f64();
            writeln!(f, "parallelism: {processors:.1}x")?;
        }
        Ok(())
    }
}

/// IPython's number of digits.
const PRECISION: usize = 3;
/// The system counts the processors' time in steps of up to a millisecond.
const TELLING: Duration = Duration::from_millis(10);

/// What `%timeit -o` gives.
#[derive(Clone, PartialEq)]
pub struct TimeitResult {
    /// How often the code ran in each run.
    pub loops: u64,
    /// How many runs there were.
    pub repeat: usize,
    /// Seconds of one loop in the fastest run.
    pub best: f64,
    /// Seconds of one loop in the slowest run.
    pub worst: f64,
    /// Seconds of each run.
    pub all_runs: Vec<f64>,
    /// Seconds of one loop in each run.
    pub timings: Vec<f64>,
    /// Digits to show.
    precision: usize,
}

impl TimeitResult {
    pub(crate) fn new(loops: u64, all_runs: Vec<f64>, precision: usize) -> TimeitResult {
        let timings: Vec<f64> = all_runs.iter().map(|run| run / loops as f64).collect();
        TimeitResult {
            loops,
            repeat: all_runs.len(),
            best: timings.iter().copied().fold(f64::INFINITY, f64::min),
            worst: timings.iter().copied().fold(0.0, f64::max),
            all_runs,
            timings,
            precision,
        }
    }

    /// The mean of the seconds of one loop.
    pub fn average(&self) -> f64 {
        self.timings.iter().sum::<f64>() / self.timings.len() as f64
    }

    /// The standard deviation of the seconds of one loop.
    pub fn stdev(&self) -> f64 {
        let mean = self.average();
        let squares: f64 = self.timings.iter().map(|time| (time - mean).powi(2)).sum();
        (squares / self.timings.len() as f64).sqrt()
    }
}

impl fmt::Display for TimeitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{} ± {} per loop (mean ± std. dev. of {} run{}, {} loop{} each)",
            format_time(self.average(), self.precision),
            format_time(self.stdev(), self.precision),
            self.repeat,
            plural(self.repeat as u64),
            with_commas(self.loops),
            plural(self.loops),
        )
    }
}

impl fmt::Debug for TimeitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<TimeitResult : {self}>")
    }
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds in the unit and with the rounding that IPython shows them in.
#[doc(hidden)]
pub fn format_time(seconds: f64, precision: usize) -> String {
    const PARTS: [(&str, f64); 4] = [("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)];
    const UNITS: [(&str, f64); 4] = [("s", 1.0), ("ms", 1e3), ("μs", 1e6), ("ns", 1e9)];
    if seconds >= 60.0 {
        let mut shown = Vec::new();
        let mut left = seconds;
        for (suffix, len) in PARTS {
            let count = (left / len).trunc();
            if count > 0.0 {
                left %= len;
                shown.push(format!("{count:.0}{suffix}"));
            }
            if left < 1.0 {
                break;
            }
        }
        return shown.join(" ");
    }
    let order = if seconds > 0.0 {
        (-(seconds.log10().floor() as i32).div_euclid(3)).min(3)
    } else {
        3
    };
    let (unit, scale) = UNITS[order.max(0) as usize];
    format!("{} {unit}", general(seconds * scale, precision))
}

/// A number as C's `%.*g` shows it.
fn general(value: f64, precision: usize) -> String {
    let digits = precision.max(1);
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let without_zeros = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    let decimals = (digits as i32 - 1 - exponent) as usize;
    without_zeros(&format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_ipython_does() {
        for (seconds, expected) in [
            (0.0, "0 ns"),
            (1e-10, "0.1 ns"),
            (12.5e-9, "12.5 ns"),
            (0.9999e-6, "1e+03 ns"),
            (1.5e-6, "1.5 μs"),
            (0.405, "405 ms"),
            (1.0, "1 s"),
            (23.3456, "23.3 s"),
            (59.99, "60 s"),
            (60.0, "1min"),
            (3661.5, "1h 1min 1s"),
            (90061.0, "1d 1h 1min 1s"),
        ] {
            assert_eq!(format_time(seconds, 3), expected, "{seconds}");
        }
    }

    #[test]
    fn the_lines_of_time() {
        let mut times = Times {
            wall: Duration::from_millis(23_700),
            user: Duration::from_millis(22_900),
            system: Duration::from_millis(405),
            ..Times::default()
        };
        assert_eq!(
            times.to_string(),
            "CPU times: user 22.9 s, sys: 405 ms, total: 23.3 s\nWall time: 23.7 s\nparallelism: 1.0x\n"
        );
        times.children_user = Duration::from_millis(23_700);
        assert!(
            times
                .to_string()
                .ends_with("children: user 23.7 s, sys: 0 ns, total: 23.7 s\nparallelism: 2.0x\n")
        );
        assert_eq!(
            Times::default().to_string(),
            "CPU times: user 0 ns, sys: 0 ns, total: 0 ns\nWall time: 0 ns\n"
        );
    }

    #[test]
    fn a_result_of_timeit_is_worded_as_ipython_does() {
        let result = TimeitResult::new(1_000_000, vec![0.21, 0.23], 3);
        assert_eq!(
            format!("{result:?}"),
            "<TimeitResult : 220 ns ± 10 ns per loop (mean ± std. dev. of 2 runs, 1,000,000 loops each)>"
        );
        let result = TimeitResult::new(1, vec![2.0], 3);
        assert_eq!(
            result.to_string(),
            "2 s ± 0 ns per loop (mean ± std. dev. of 1 run, 1 loop each)"
        );
    }
}
