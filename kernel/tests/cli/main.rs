//! The `threadbook` command from the user's view: arguments as input; exit code, texts and files as output.

mod command;
mod doctor;
mod help;
mod install;
mod lab;
mod run;
mod scripted_kernel;
