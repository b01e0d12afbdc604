//! The `threadbook` command as its user meets it: arguments in; exit code, texts and files out.

mod command;
mod doctor;
mod help;
mod install;
mod lab;
mod run;
mod scripted_kernel;
