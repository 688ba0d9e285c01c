//! Boxoffice, the concert reservation server: the one program that puts everything together.
//!
//! [`cli`] says what can be typed, [`config`] what can be set, [`serve`] how the parts are wired.

mod audit;
mod cli;
mod commands;
mod concerts;
mod config;
mod data_dir;
mod database;
mod doctor;
mod ids;
mod keys;
mod logging;
mod measuring;
mod migrate;
mod paper;
mod private;
mod progress;
mod ready;
mod schedulers;
mod seed;
mod serve;
mod signals;
mod traces;

use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::typed();
    match runtime().and_then(|runtime| runtime.block_on(commands::run(cli))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("boxoffice: {}", commands::sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// What runs the lanes, the connections to the database and the schedulers. Requests have threads of
/// their own, one a processor, and wait for a lane most of the time: half as many are enough here, and
/// a batch is not handed from one to the other.
fn runtime() -> anyhow::Result<Runtime> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build()
        .context("the threads cannot be started")
}
