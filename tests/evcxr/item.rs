#![allow(unused_imports, unused_mut, dead_code)]
fn five() -> u8 { 5 }
use threadbook::dbg;
use threadbook::eprint;
use threadbook::eprintln;
use threadbook::prelude::*;
use threadbook::print;
use threadbook::println;
use threadbook::thread_local;
#[unsafe(no_mangle)]
pub extern "C" fn run_user_code_N(
mut x: *mut std::os::raw::c_void) -> *mut std::os::raw::c_void {x}
