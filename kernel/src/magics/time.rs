//! `%time` and `%timeit`: how long Rust takes.

use threadbook_jupyter::contract::Diagnostic;

use super::host::Host;
use super::magic::LineEffect;
use super::magic::Magic;
use super::magic::failed;
use crate::cell::Around;
use crate::cell::CellMagic;
use crate::cell::Expansion;
use crate::cell::Wrap;
use threadbook::timing::format_time;

pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: "time",
        summary: "tells how long an expression or a cell takes",
        help: "%time EXPRESSION
%time let NAME = EXPRESSION;
%%time

Prints the time of the processors (in the code, in the system, together) and
the time on the clock, of running alone. A line for child processes follows
where the code has waited for some, then how many processors were kept busy,
where it took 10 ms or more. `%%time` also tells how long compiling took.

Variables, the result and errors are those of the code without the magic.
`%time` goes as far as one statement does, and works in blocks, functions and
loops too; `%time !command` times a shell line.",
        line: Some(LineEffect::InCode(Expansion::Around(time))),
        cell: Some(time_cell),
    },
    Magic {
        name: "timeit",
        summary: "runs code many times and tells how long it takes on average",
        help: "%timeit [-n LOOPS] [-r RUNS] [-p DIGITS] [-q] [-o] EXPRESSION
let NAME = %timeit EXPRESSION
%%timeit [-n LOOPS] [-r RUNS] [-p DIGITS] [-q] [-o] [SETUP]

Runs the code in loops and prints the mean and the standard deviation over
seven runs. How many loops a run has is found out first, so that it takes 0.2 s
or more; that warms up too. With -n the code runs once before, for that.
The value is given to `black_box`, so that the optimiser can't drop the code.
The lines below `%%timeit` run as the body of the loop, after SETUP, which runs
once; no variable of either stays.

-n LOOPS   loops in each run
-r RUNS    runs, 7 if not given
-p DIGITS  digits to show, 3 if not given
-q         prints nothing
-o         has the measurement as its value: `loops`, `average()`, `all_runs`",
        line: Some(LineEffect::InCode(Expansion::Around(timeit))),
        cell: Some(timeit_cell),
    },
];

fn time(_: &str, _: bool) -> Result<Around, String> {
    Ok(Around {
        options_len: 0,
        before: "threadbook::abi::timing::end(threadbook::abi::timing::begin(::core::file!()), "
            .to_owned(),
        after: ")".to_owned(),
        keeps_let: true,
        awaiting: None,
    })
}

fn time_cell(host: &mut dyn Host, magic: &CellMagic, _: &str) -> Result<(), Diagnostic> {
    if !magic.args.is_empty() {
        return Err(failed(format!(
            "`%%time` stands alone on its line, but `{}` follows (for one line there is `%time`)",
            magic.args
        )));
    }
    let ran = host.run_measured(magic.body.clone());
    let times = match ran.times {
        Some(times) => times,
        // Nothing ran, and the error has the reason.
        None if ran.result.is_err() => return ran.result,
        None => Default::default(),
    };
    let compile = format_time(ran.compile.as_secs_f64(), 3);
    host.print(&format!("{times}compile: {compile}\n"));
    ran.result
}

fn timeit(rest: &str, is_bound: bool) -> Result<Around, String> {
    let (options, options_len) = TimeitOptions::read(rest)?;
    let (before, after) = options.around("&mut || ", "", is_bound);
    Ok(Around {
        options_len,
        before,
        after,
        keeps_let: false,
        awaiting: Some(options.around("async || ", ".await", is_bound)),
    })
}

fn timeit_cell(host: &mut dyn Host, magic: &CellMagic, body: &str) -> Result<(), Diagnostic> {
    let (options, options_len) = TimeitOptions::read(&magic.args)
        .map_err(|message| failed(format!("`%%timeit`: {message}")))?;
    if body.trim().is_empty() {
        return Err(failed("`%%timeit`: there is no Rust below it"));
    }
    let piece =
        |(before, after): (String, String)| (format!("; {before}"), format!("\n{after} }}"));
    let (between, after) = piece(options.around("&mut || ", "", false));
    let awaiting = piece(options.around("async || ", ".await", false));
    let wrap = Wrap {
        keep: options_len
            ..magic
                .args
                .trim_end_matches([' ', ';'])
                .len()
                .max(options_len),
        before: "{ ".to_owned(),
        between,
        after,
        awaiting,
    };
    host.run_wrapped(magic, &wrap).result
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeitOptions {
    loops: u64,
    runs: usize,
    precision: usize,
    quiet: bool,
    value: bool,
}

impl TimeitOptions {
    /// The options at the start of a line, and how long they are.
    fn read(line: &str) -> Result<(TimeitOptions, usize), String> {
        let mut options = TimeitOptions {
            loops: 0,
            runs: 7,
            precision: 3,
            quiet: false,
            value: false,
        };
        let mut rest = line.trim_start();
        while let Some(after) = rest.strip_prefix('-') {
            let Some(letter) = after.chars().next().filter(char::is_ascii_alphabetic) else {
                break;
            };
            let word = after[1..].split_whitespace().next().unwrap_or_default();
            let is_flag = after[1..].is_empty() || after[1..].starts_with(char::is_whitespace);
            match letter {
                'q' if is_flag => options.quiet = true,
                'o' if is_flag => options.value = true,
                't' if is_flag => {}
                'n' | 'r' | 'p' => {
                    let number = number(letter, word)?;
                    match letter {
                        'n' => options.loops = number,
                        'r' => options.runs = usize::try_from(number).unwrap_or(usize::MAX),
                        _ => options.precision = usize::try_from(number.min(17)).unwrap_or(17),
                    }
                }
                'c' if is_flag => {
                    return Err("`-c` is not there (`%time` tells the processors' time)".to_owned());
                }
                'v' => return Err("`-v` is not there (write `let name = %timeit ...`)".to_owned()),
                // As `-x.abs()`: Rust.
                _ => break,
            }
            let taken = match letter {
                'n' | 'r' | 'p' => {
                    let blanks = after[1..].len() - after[1..].trim_start().len();
                    2 + blanks + word.len()
                }
                _ => 2,
            };
            rest = rest[taken..].trim_start();
        }
        Ok((options, line.len() - rest.len()))
    }

    /// What stands before and after the code.
    fn around(self, closure: &str, after: &str, is_bound: bool) -> (String, String) {
        let TimeitOptions {
            loops,
            runs,
            precision,
            quiet,
            value,
        } = self;
        let (function, end) = match after.is_empty() {
            true => ("timeit", ""),
            false => ("timeit_async", after),
        };
        let discard = if value || is_bound { "" } else { ";" };
        (
            format!(
                "{{ threadbook::abi::timing::{function}(threadbook::abi::timing::TimeitOptions {{ anchor: ::core::file!(), \
                 loops: {loops}, runs: {runs}, precision: {precision}, quiet: {quiet} }}, {closure}{{ \
                 ::std::hint::black_box({{ "
            ),
            format!(" }}); }}){end}{discard} }}"),
        )
    }
}

fn number(letter: char, word: &str) -> Result<u64, String> {
    match word.parse() {
        Ok(0) | Err(_) => Err(format!(
            "`-{letter}` takes a number above 0, but `{word}` follows"
        )),
        Ok(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_where_the_code_begins() {
        for (line, loops, runs, code) in [
            ("f(x)", 0, 7, "f(x)"),
            ("-n 10 -r3 f(x)", 10, 3, "f(x)"),
            ("-n10 -q -o -x.abs()", 10, 7, "-x.abs()"),
            ("-1 + 2", 0, 7, "-1 + 2"),
            ("-r 1 ", 0, 1, ""),
        ] {
            let (options, len) = TimeitOptions::read(line).unwrap();
            assert_eq!(
                (options.loops, options.runs, &line[len..]),
                (loops, runs, code),
                "{line}"
            );
        }
        for (line, message) in [
            ("-n f(x)", "`-n` takes a number above 0, but `f(x)` follows"),
            ("-r 0 f", "`-r` takes a number above 0, but `0` follows"),
            ("-c f", "`%time` tells"),
            ("-v t f", "let name = %timeit"),
        ] {
            let error = TimeitOptions::read(line).unwrap_err();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
