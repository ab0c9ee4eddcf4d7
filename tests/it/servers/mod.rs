//! The binary against servers that somebody else wrote: what Dragnet believes about AWS must not be
//! tested against Dragnet's own idea of AWS alone.
//!
//! `.ci/run` starts the servers and names them in the environment. Where a variable is unset, its tests
//! say so and pass, so that `cargo test` needs nothing but a Rust toolchain.

mod contain;
mod dragnet;
mod microburst;
mod ministack;
mod moto;
mod planted;
mod server;
mod sources;
mod template;
mod watch;
