//! Dragnet sweeps an AWS organization (every account, every Region, every CloudWatch log group) for an
//! indicator, and says what it could not search; then it blocks a principal everywhere, proves it, and puts
//! everything back. This page is the map of the house.
//!
//! # The promise
//! It never says "clean" when it is not. Coverage is a result, as important as the sightings: every
//! account × Region × log group in scope ends in one row with its reason ([`model::Outcome`]), and only a
//! reason that proves absence counts as covered ([`model::Reason::proves_absence`]).
//!
//! # The way of the data
//! ```text
//! scope ─ directory ─ session ─ Regions ─ log groups ─ plan ─ reading ─ match ─ journal ─ merge ─ report
//!         accounts    AssumeRole per account           pure   pages     exact   SQLite    sorted  csv json
//! ```
//! Every stage streams into the next: an account whose session is ready goes on while others still wait.
//! Nothing collects the whole organization, and nothing holds all sightings in memory.
//!
//! # Rooms and floors
//! A room uses only what lies on floors below it; rooms on one floor do not use each other. A test reads
//! the `use` lines and keeps it so.
//!
//! | floor | rooms |
//! | --- | --- |
//! | 8 | [`commands`]: one file a command: builds the parts, runs the job, prints |
//! | 7 | [`progress`]: shows how far a sweep is · [`watch`]: job 3: schedule, watermarks, alerts (pure); driver, outbox, sinks |
//! | 6 | [`sweep`]: job 1: directory, access, evidence, plan, reading, merge |
//! | 5 | [`search`]: indicators, coarse patterns, the exact match (pure) · [`contain`]: job 2: plan, guards (pure), apply, verify, undo, the journal |
//! | 4 | [`report`]: rows to CSV, JSON and the terminal (pure) · [`aws`]: the only room that names `aws_sdk_*` · [`cli`]: arguments, and settings resolved once |
//! | 3 | [`store`]: `run.db` and a run's directory · [`throttle`]: quotas · [`config`]: the configuration file · [`range`]: the practice range |
//! | 2 | [`query`]: the Logs Insights language: parse, evaluate, merge aggregates (pure) |
//! | 1 | [`model`]: the field's words as types |
//! | 0 | [`time`]: the one clock |
//!
//! # Decisions
//! - **A run is one SQLite file.** One writer task owns it and commits in batches, of what comes within 25 ms: a commit
//!   costs more than all that is written by it. A page's sightings, which its reader has packed (`store/sightings`), and
//!   its next token are one transaction. Reports are views of it and can be made again.
//! - **A run goes on where it ended** ([`commands::Resumable`]): `run.db` has its settings, and for each log
//!   group the next page's token. Accounts and Regions are asked again, finished groups are not. A run has one
//!   writer, who holds a lock that ends with the process ([`store::RunLock`]).
//! - **What is there is asked twice**: a target's groups are listed again when all are read, so that one that
//!   came or went meanwhile is said. That is one call more a target, or one in fifty of those that read.
//! - **`run.db` keeps what happened, the coverage is a view of it**: gaps that the configuration accepts are
//!   judged when reports are made ([`sweep::judged_coverage`]), as of the day on which the run began.
//! - **An answer is bounded and whole, or no answer**: the SDK would read without end, and takes XML that
//!   breaks off for a shorter list (`aws/envelope.rs`). An answer that lacks the list which AWS always writes is a broken
//!   answer, not an empty list (`aws/required_members.rs`).
//! - **Only listed accounts are entered** ([`sweep::member_to_enter`]): those of Organizations and of the configuration, and
//!   the caller's own. What a trail or a flow log names elsewhere is told as not entered.
//! - **The shard is the quota's domain**, account × Region ([`model::Target`]): no two share a limiter.
//! - **A quota permit first, a slot second** (`aws/gate.rs`): a slow Region cannot fill the slots.
//! - **Thousands of calls under way, few answers in memory** (`aws/intake.rs`, `aws/sockets.rs`): descriptors bound the
//!   calls, and an answer is read when there is a place for it, which it keeps until it is written down.
//! - **A page of events is read by serde, and the SDK judges what is not usual** (`aws/event_page.rs`): its own reading
//!   would be a third of the work on an event.
//! - **Most messages end at a quick look** that finds all that a full reading would, unless an escape hides it, and then
//!   sees the escape (`search/matcher.rs`). It is one pass for a few short texts where it can be (`glance.rs`), and tells
//!   where something may be (`places.rs`). The match and what a sighting tells read one `document.rs`: one pass tells its
//!   keys and values apart (`skim.rs`), and their outline answers for paths and fields (`outline.rs`).
//! - **What would end last is begun first, and cut**: units of a target wait in one queue, the longest first, and one is
//!   begun whenever its quota has a permit to spare. A unit that would outlast the others is cut into slices of time, which
//!   are read anew (`sweep/reading`): a guess about the work left decides how fast events are read, never which.
//! - **Own retries**: the SDK's are off, since accounts of a Region would share its retry bucket. A
//!   throttled page is asked again with its own token.
//! - **Coarse outside, exact inside**: a server-side pattern may only narrow ([`search::coarse_pattern`]);
//!   the match here decides and names the field ([`search::Matcher`]). More indicators than one pattern
//!   holds are looked for by reading everything once.
//! - **Two engines, one answer** (`sweep/engine.rs`, `sweep/reading/{batches,inquiry,queries}.rs`): Insights is asked for events,
//!   whole, behind a condition that may only narrow, and they are matched here like those of `FilterLogEvents`; so neither its
//!   200 fields nor its aggregates can make a difference. A unit keeps its engine when a run goes on. What Insights cannot
//!   give is cut by time, group and stream, and what it refuses is handed to the filter engine. Times are narrowed to the
//!   millisecond here, not by the query: whatever the service makes of a condition on `@timestamp`, nothing is lost by it.
//! - **Money is asked for before it is spent**: an estimate is set aside for each group and settled with what AWS says was
//!   scanned. `--engine insights` plans everything first ([`sweep::plan`], which `--dry-run` shows) and may refuse; `auto`
//!   never plans for more than it may, so it need not wait for the list to be whole.
//! - **A hunt is an Insights query**, compiled to a coarse pattern and evaluated exactly here
//!   ([`search::Questions`]). Its rows are sightings; what it counts is kept by page and place, and merged so that
//!   each record counts once ([`sweep::merged_counts`]).
//! - **Lists of indicators are configuration** ([`config::load_indicators`]): a wrong value refuses the file
//!   before the first AWS call, and what cannot be looked for is told.
//! - **Groups are not evidence.** Every target is asked what records it; the log groups that trails deliver
//!   to join the plan wherever they are, each once; and a target whose CloudTrail nothing that was searched
//!   keeps makes a run incomplete (`sweep/evidence`). What is told of a trail is its owner's word, and
//!   only the run's own coverage says that its group was searched.
//! - **Where and when it happened** comes from the record, else from where it is stored. Logs are read
//!   with a margin for late arrival ([`sweep::LATE_ARRIVAL`]). Only in a trail's own log streams does the record alone
//!   decide what is in scope; what is stored anywhere else also counts where and when it is stored (`sweep/trust.rs`).
//! - **Copies fold only if they tell the same.** The design folds by account and event id; here the
//!   whole message must say the same too, so that a forged line cannot hide a record by taking its id.
//! - **One seam to the outside, at the wire**: the SDK's HTTP client. In practice and in tests it leads to
//!   the [`range`] in the same process, so the real SDK, its signing, parsing and errors run in every test.
//! - **Time is passed in** ([`time::Clock`]); tests run on paused tokio time.
//! - **One code, one session**: an MFA code makes one `GetSessionToken` session, and every role is assumed from
//!   it. It is asked for before there is a run, never in the middle of one unless the session ends.
//! - **Only named operations are called** ([`model::Operation`]): session policies, the roles to deploy and
//!   `doctor` are made from the same list, so none of them can fall behind the code.
//! - **AWS says the same of a missing role, a wrong `ExternalId` and a missing code.** So a refusal says what was
//!   given along, and its advice begins with what was not ([`sweep::Refusal`]).
//! - **Plan, then apply** ([`contain`]): a containment plan is made without writing anything, is hashed, and
//!   leaves no choice to apply. Its journal has the intent on disk before each write, and takes only legal
//!   transitions ([`contain::State`]): after a crash, applying again goes on, and undo puts back what the plan saw.
//! - **What must not be blocked is refused twice** ([`contain::Guard`]), in the plan and when it is applied, and
//!   by account, kind and name as IAM tells principals apart: no path and no letter case leads around it.
//! - **A watch reads what is stored, not what happened** ([`sweep::Windows`]): windows follow a watermark for each log
//!   group, so that nothing is left out or read twice, and no line can claim to be of another time. An activation is
//!   concluded in one transaction, watermarks and alerts together (`watch/conclude.rs`).
//! - **The allocator is mimalloc**: a call by the SDK makes hundreds of small allocations, and with the system's they took a
//!   quarter of a sweep's processor time.
//! - **Secrets** never reach logs, errors, files or arguments. Only our own events are logged, not the SDK's.

pub mod aws;
pub mod cli;
pub mod commands;
pub mod config;
pub mod contain;
pub mod model;
pub mod progress;
pub mod query;
pub mod range;
pub mod report;
pub mod search;
pub mod store;
pub mod sweep;
pub mod throttle;
pub mod time;
pub mod watch;

// Here, not in the binary, so that tests and benchmarks run on what users run on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
