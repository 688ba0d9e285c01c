//! What every program needs that sends thousands of fans to a server: a client that costs little, a
//! stage with a server and a PostgreSQL of its own, chance that can be repeated.

pub mod dice;
pub mod durations;
pub mod http;
pub mod latency;
pub mod pool;
pub mod stage;
