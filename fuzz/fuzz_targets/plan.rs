//! Any text gives a plan or an error without a panic, and lines keep their places.

#![no_main]

use libfuzzer_sys::fuzz_target;
use threadbook_kernel::cell;
use threadbook_kernel::magics;

fuzz_target!(|text: &str| {
    cell::check_reading(text, &magics::RegistryFacts);
    let _ = cell::is_complete(text, &magics::RegistryFacts, magics::takes_rust);
});
