//! A database that is there and yet is not: what may stand between a server and it, clients that
//! vanish, clocks that jump. The measured times are in docs/faults.md.

#[cfg(target_os = "linux")]
mod clocks;
mod outages;
mod presence;
mod scene;
mod traffic;
mod vanishing;
