//! The print macros of cells.
//!
//! They stand in for std's, take the same arguments, and pass on which cell's code prints: a thread started in one cell
//! prints under that cell while another runs. What they print shows at once, also without the end of a line.

use std::cell::RefCell;
use std::fmt;
use std::fmt::Write;

use crate::wire::Kind;
use crate::wire::Report;
use crate::worker;

/// As `std::print!`; shows under the cell whose code prints.
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => {
        $crate::printing::out(::core::file!(), ::core::format_args!($($arg)*))
    };
}

/// As `std::println!`; shows under the cell whose code prints.
#[macro_export]
macro_rules! println {
    () => {
        $crate::printing::out(::core::file!(), ::core::format_args!("\n"))
    };
    ($($arg:tt)*) => {
        $crate::printing::out(::core::file!(), ::core::format_args!("{}\n", ::core::format_args!($($arg)*)))
    };
}

/// As `std::eprint!`; shows under the cell whose code prints.
#[macro_export]
macro_rules! eprint {
    ($($arg:tt)*) => {
        $crate::printing::err(::core::file!(), ::core::format_args!($($arg)*))
    };
}

/// As `std::eprintln!`; shows under the cell whose code prints.
#[macro_export]
macro_rules! eprintln {
    () => {
        $crate::printing::err(::core::file!(), ::core::format_args!("\n"))
    };
    ($($arg:tt)*) => {
        $crate::printing::err(::core::file!(), ::core::format_args!("{}\n", ::core::format_args!($($arg)*)))
    };
}

/// As `std::dbg!`, with the place in the cell in place of one in generated code.
#[macro_export]
macro_rules! dbg {
    () => {
        $crate::printing::debug("")
    };
    ($value:expr $(,)?) => {
        match $value {
            value => {
                $crate::printing::debug(&::std::format!("{} = {:#?}", ::core::stringify!($value), &value));
                value
            }
        }
    };
    ($($value:expr),+ $(,)?) => {
        ($($crate::dbg!($value)),+,)
    };
}

#[doc(hidden)]
pub fn out(anchor: &'static str, arguments: fmt::Arguments<'_>) {
    if !worker::is_open() {
        std::print!("{arguments}");
    } else if let Some(text) = arguments.as_str() {
        worker::print(Kind::Stdout, anchor, text);
    } else {
        formatted(arguments, |text| worker::print(Kind::Stdout, anchor, text));
    }
}

#[doc(hidden)]
pub fn err(anchor: &'static str, arguments: fmt::Arguments<'_>) {
    if worker::is_open() {
        formatted(arguments, |text| worker::print(Kind::Stderr, anchor, text));
    } else {
        std::eprint!("{arguments}");
    }
}

#[doc(hidden)]
#[track_caller]
pub fn debug(text: &str) {
    let place = std::panic::Location::caller();
    if worker::is_open() {
        worker::report(&Report::Debug {
            text: text.to_owned(),
            place: worker::place_of(place),
        });
    } else {
        std::eprintln!("[{place}] {text}");
    }
}

/// Formats into a buffer that the thread keeps.
fn formatted(arguments: fmt::Arguments<'_>, print: impl FnOnce(&str)) {
    std::thread_local! {
        static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
    }
    // Taken out, since formatting a value may itself print; a thread that is ending has no buffer any more.
    let mut text = BUFFER.try_with(RefCell::take).unwrap_or_default();
    // A `Display` that fails prints what it wrote before, as std's macros panic over; here the rest is worth showing.
    let failed = text.write_fmt(arguments).is_err();
    print(&text);
    text.clear();
    let _ = BUFFER.try_with(|buffer| buffer.replace(text));
    assert!(
        !failed,
        "a formatting trait implementation returned an error"
    );
}
