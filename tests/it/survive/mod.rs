//! Runs that are killed, that lack resources, and that read hostile text.

pub(crate) mod binary;
mod descriptors;
mod disk;
mod evidence;
mod handed_over;
mod killed;
mod poison;
mod resume;
mod runs;
pub(crate) mod served;
mod supply;
mod wire;
mod worlds;
