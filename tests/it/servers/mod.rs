//! Tests the binary against servers that others wrote, so that Dragnet's assumptions about AWS are
//! not only tested against its own model of AWS.
//!
//! `.ci/run` starts the servers and sets environment variables to their URLs. If a variable is
//! unset, its tests print a note and pass, so that `cargo test` needs only a Rust toolchain.

#[cfg(feature = "athena")]
mod athena;
mod buckets;
mod contain;
mod contain_actions;
mod dragnet;
mod microburst;
mod ministack;
mod moto;
mod planted;
mod server;
mod sources;
mod template;
mod watch;
