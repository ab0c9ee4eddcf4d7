//! The practice range, through the real SDK and in this process.

mod clients;
mod logs;
mod sessions;
