//! The practice range, through the real SDK and in this process.

mod clients;
mod insights;
mod logs;
mod patterns;
mod sessions;
