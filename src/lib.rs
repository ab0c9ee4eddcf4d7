//! Dragnet searches an AWS organization for indicators of compromise: every account, every Region and every CloudWatch
//! log group. It reports what it found and what it could not search. It can then block a principal in every account,
//! verify and undo that, and repeat the search on a schedule. These three jobs are called **sweep**, **contain** and
//! **watch**.
//!
//! Dragnet never reports "nothing found" for something that it did not search. Coverage is a result, as important as the
//! sightings: every account-Region and log group in scope gets one row with its outcome ([`dragnet_model::Outcome`]). Only a
//! reason that proves absence counts as covered ([`dragnet_model::Reason::proves_absence`]).
//!
//! # Data flow of a sweep
//! ```text
//! scope → directory → session → Regions → log groups → plan → scan → match → journal → merge → report
//!         accounts    AssumeRole per account           pure   pages  exact   SQLite    sorted  csv json
//! ```
//! Each stage streams into the next: an account whose session is ready continues while others still wait. No stage
//! collects the whole organization first, and no stage holds all sightings in memory.
//!
//! # Rooms and floors
//! A room is a top-level module. It may use only rooms on lower floors; rooms on the same floor do not use each other.
//! `tests/it/floors.rs` reads the `use` lines and enforces this. "Pure" means: no I/O, no clock, no async.
//!
//! | floor | rooms |
//! | --- | --- |
//! | 9 | [`commands`]: one file per command: builds the parts, runs the job, prints |
//! | 8 | [`cli`]: the arguments, and how they resolve to settings; only it, [`commands`] and `main` know clap |
//! | 7 | [`progress`]: shows the progress of a sweep · [`watch`]: job 3: schedule, watermarks, alerts (pure); driver, outbox, sinks · [`shard`]: a sweep on several machines: plan, balance, seals (pure) |
//! | 6 | [`sweep`]: job 1: directory, access, log sources, plan, scan, merge |
//! | 5 | [`search`]: indicators, hunts, prefilters, exact matcher (pure) · [`contain`]: job 2: plan, guard, states (pure); apply, verify, undo, journal · [`follow`]: rounds, open ends and graph of a lineage (pure) |
//! | 4 | [`report`]: rows to CSV, JSON, HTML and the terminal (pure) · [`aws`]: the only room that names `aws_sdk_*` · [`settings`]: what a job needs to know, resolved once |
//! | 3 | [`store`]: `run.db` and the run directory · [`throttle`]: rate limiters · [`config`]: the configuration file |
//! | 2 | [`lineage`]: what descends from an identity, according to CloudTrail records (pure) · [`files`]: reads copies of logs on disk: walk, unpack, recognise, split · [`s3_layout`]: the keys of log objects in S3 (pure) · [`digests`]: what CloudTrail's digests list, and whether log files agree (pure) · [`geoip`]: countries and networks of addresses, from files of the user |
//! | 1 | `byte_scan`: finds short sequences of bytes with SIMD (pure) |
//!
//! Below the rooms are the crates of the workspace, none of which knows the product or the AWS SDK: [`dragnet_model`]
//! has the types of the domain and the clock, [`insights_ql`] the query language, [`cw_filter_pattern`] the filter
//! patterns, and [`dragnet_range`] the practice range.
//!
//! # Where to read on
//! - `docs/glossary.md`: every term, with the type that implements it
//! - `docs/decisions/`: why the design is as it is, one record per decision
//! - `CONTRIBUTING.md`: build, test, commit, and recipes for common changes
//! - `config/dragnet.toml`: every setting, with comments
//! - [`sweep`], [`contain`] and [`watch`]: the module documentation of the three jobs

pub mod aws;
mod byte_scan;
pub mod cli;
pub mod commands;
pub mod config;
pub mod contain;
pub mod digests;
pub mod files;
pub mod follow;
pub mod geoip;
pub mod lineage;
pub mod progress;
pub mod report;
pub mod s3_layout;
pub mod search;
pub mod settings;
pub mod shard;
pub mod store;
pub mod sweep;
pub mod throttle;
pub mod watch;

// Set here and not in the binary, so that tests and benchmarks use the allocator that users use.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
