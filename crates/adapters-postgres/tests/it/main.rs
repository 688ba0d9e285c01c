//! The outbound ports on a real PostgreSQL.

mod fixture;
mod journey;
