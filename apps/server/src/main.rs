//! Boxoffice, the concert reservation server: the one program that puts everything together.
//!
//! [`cli`] says what can be typed, [`config`] what can be set, [`serve`] how the parts are wired.

mod audit;
mod cli;
mod commands;
mod config;
mod data_dir;
mod database;
mod ids;
mod keys;
mod logging;
mod migrate;
mod private;
mod schedulers;
mod seed;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("boxoffice: {}", commands::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
