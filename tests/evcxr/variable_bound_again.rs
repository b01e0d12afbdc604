
#![allow(unused_imports, unused_mut, dead_code)]
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
vars_ok &= evcxr_variable_store.check_variable::<Vec<u8>>(stringify!(numbers));
if !vars_ok {return evcxr_variable_store;}}
let numbers = evcxr_variable_store.take_variable::<Vec<u8>>(stringify!(numbers));
match std::panic::catch_unwind(
  std::panic::AssertUnwindSafe(||{
let mut mutex =
evcxr_variable_store.lazy_arc("evcxr_tokio_runtime", ||
std::sync::Mutex::new(tokio::runtime::Runtime::new().unwrap())); match
mutex.lock() { Ok(guard) => guard, Err(poisoned) => poisoned.into_inner(), }
.block_on(async {
let mut numbers: Vec<Vec<u8>> = vec![numbers];
evcxr_variable_store.put_variable::<Vec<Vec<u8>>>(stringify!(numbers), numbers);
Ok::<(), EvcxrUserCodeError>(())
});
})) { 
  Ok(_) => {}
  Err(_) => {
    println!("EVCXR_PANIC_NOTIFICATION");
}}
evcxr_variable_store
}
