//! A sweep in shards: whatever is killed, and in whatever order, the merged run is that of one
//! undisturbed process; what is not committed is a gap.

#[cfg(feature = "athena")]
mod athena;
mod bucket_store;
mod commits;
mod deploy;
mod load;
mod random;
mod rejected;
mod sharded;
mod slices;
mod spanning;
