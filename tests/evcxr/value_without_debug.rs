
#![allow(unused_imports, unused_mut, dead_code)]
fn five() -> u8 { 5 }
struct Unit;
use std::collections::BTreeSet;
use threadbook::dbg;
use threadbook::eprint;
use threadbook::eprintln;
use threadbook::prelude::*;
use threadbook::print;
use threadbook::println;
use threadbook::thread_local;
            struct EvcxrUserCodeError {}
            impl<T: std::fmt::Display> From<T> for EvcxrUserCodeError {
                fn from(error: T) -> Self {
                    eprintln!("{}", error);
                    println!("{}", evcxr_internal_runtime::USER_ERROR_OCCURRED);
                    EvcxrUserCodeError {}
                }
            }
        
mod evcxr_internal_runtime {
// ...
}
#[unsafe(no_mangle)]
pub extern "C" fn run_user_code_N(
mut evcxr_variable_store: *mut evcxr_internal_runtime::VariableStore)
  -> *mut evcxr_internal_runtime::VariableStore {
if evcxr_variable_store.is_null() {
  evcxr_variable_store = evcxr_internal_runtime::create_variable_store();
}
let evcxr_variable_store = unsafe {&mut *evcxr_variable_store};
{let mut vars_ok = true;
if !vars_ok {return evcxr_variable_store;}}
let mut mutex =
evcxr_variable_store.lazy_arc("evcxr_tokio_runtime", ||
std::sync::Mutex::new(tokio::runtime::Runtime::new().unwrap())); match
mutex.lock() { Ok(guard) => guard, Err(poisoned) => poisoned.into_inner(), }
.block_on(async {
fn evcxr_send_text_plain(text: &str)
{
    use std::io::Write; use std::io::{self}; fn try_send_text(text: &str) ->
    io::Result<()>
    {
        let stdout = io::stdout(); let mut output = stdout.lock();
        output.write_all(b"EVCXR_BEGIN_CONTENT text/plain\n")?;
        output.write_all(text.as_bytes())?;
        output.write_all(b"\nEVCXR_END_CONTENT\n")?; Ok(())
    } if let Err(error) = try_send_text(text)
    {
        eprintln!("Failed to send content to parent: {:?}", error);
        std::process::exit(1);
    }
}
evcxr_send_text_plain(&format!("{:?}",&(
Unit
)));
Ok::<(), EvcxrUserCodeError>(())
});
evcxr_variable_store
}
