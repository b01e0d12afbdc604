
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
            impl<T: std::fmt::Debug> From<T> for EvcxrUserCodeError {
                fn from(error: T) -> Self {
                    eprintln!("{:?}", error);
                    
                    EvcxrUserCodeError {}
                }
            }
        
fn evcxr_variable_store<T: 'static>(_: T) {}
#[allow(unused_variables)]
async fn evcxr_analysis_wrapper(
) -> Result<(), EvcxrUserCodeError> {
let unknown = Default::default();
evcxr_variable_store(unknown);
Ok(())
}
