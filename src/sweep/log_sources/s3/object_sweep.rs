//! What all folders of a sweep share.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::public_keys::PublicKeyCache;
use super::read_limit::ReadLimit;
use crate::digests::IntegritySummary;
use crate::files::{FileReader, RECORD_MARKS};
use crate::search::ContentScan;
use crate::store::{Entry, JournalClosed, ScopeMembership, ScopedAccount};
use crate::sweep::context::SweepContext;
use crate::sweep::evidence::event_names::EventNames;
use crate::sweep::evidence::trail_integrity::{self, TamperingFinder};
use crate::sweep::member::Members;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{
    Account, AccountId, AccountState, AthenaUse, Outcome, Reason, Status, TimeWindow,
};

/// How many folders are read at the same time. Each waits for its lists, and reads many objects at
/// once; more would only wait longer for the quota of the bucket.
const FOLDERS: usize = 64;

/// More threads than this examine objects no faster: the journal has one writer.
const MOST_THREADS: usize = 8;

/// What the folders share.
pub(super) struct ObjectSweep {
    pub shared: Arc<SweepContext>,
    pub members: Members,
    /// The permits for folders that are being read.
    pub folders: Semaphore,
    /// How many objects are read and examined at the same time.
    pub reads: Arc<ReadLimit>,
    /// For records whose object was selected by its time of delivery, or that have no time.
    pub any_time: TimeFilter,
    /// The outcome of every folder, if nothing of the search can be evaluated on objects.
    pub unsupported: Option<Outcome>,
    /// The public keys of CloudTrail.
    pub public_keys: PublicKeyCache,
    /// What the digests say about all folders, if the user asks for it.
    pub integrity: Mutex<IntegritySummary>,
    /// The queries of Athena.
    pub athena: tokio::sync::Mutex<AthenaUse>,
    /// Finds the candidates of the search in log files, and the records.
    pub content_scan: ContentScan,
    tampering: TamperingFinder,
    /// The event names of tampering calls.
    pub(super) tampering_names: EventNames,
    /// Readers that are not in use, with their memory.
    readers: Mutex<Vec<FileReader>>,
    /// The accounts that have left the organization and were recorded.
    left_accounts: Mutex<BTreeSet<AccountId>>,
}

impl ObjectSweep {
    pub(super) fn new(shared: &Arc<SweepContext>, members: Members) -> Self {
        let window = shared.settings.window;
        let any_time = TimeWindow::new(Timestamp::MIN, Timestamp::MAX).unwrap_or(window);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            unsupported: unsupported_search(shared),
            content_scan: shared.search_set.content_scan(RECORD_MARKS),
            shared: Arc::clone(shared),
            members,
            folders: Semaphore::new(FOLDERS),
            reads: Arc::new(ReadLimit::new(cores.min(MOST_THREADS))),
            any_time: TimeFilter::EventTime(any_time),
            public_keys: PublicKeyCache::default(),
            integrity: Mutex::default(),
            athena: tokio::sync::Mutex::new(shared.checkpoint.lock().athena().clone()),
            tampering: TamperingFinder::new(),
            tampering_names: EventNames::new(trail_integrity::event_names()),
            readers: Mutex::default(),
            left_accounts: Mutex::default(),
        }
    }

    /// Whether a content may contain a tampering call, if they are searched for.
    pub(super) fn may_tamper(&self, content: &[u8]) -> bool {
        self.shared.settings.check_trail_integrity && self.tampering.may_tamper(content)
    }

    /// Calls `read` with a reader, which stops once the sweep is cancelled.
    pub(super) fn with_reader<T>(&self, read: impl FnOnce(&mut FileReader) -> T) -> T {
        let known = self.readers.lock().pop();
        let new = || FileReader::default().with_cancel(self.shared.cancel.clone());
        let mut reader = known.unwrap_or_else(new);
        let result = read(&mut reader);
        self.readers.lock().push(reader);
        result
    }

    /// Returns an account as coverage rows name it.
    pub(super) fn account(&self, id: AccountId) -> Account {
        match self.members.get(&id) {
            Some(member) => member.account.clone(),
            None => Account {
                id,
                name: String::new(),
                state: AccountState::Active,
            },
        }
    }

    /// Records an account that has left the organization as one in scope, once: reports leave out
    /// the records of accounts that a run does not know.
    pub(super) async fn record_left_account(&self, id: AccountId) -> Result<(), JournalClosed> {
        if self.members.contains_key(&id) || !self.left_accounts.lock().insert(id) {
            return Ok(());
        }
        let account = ScopedAccount {
            id,
            name: String::new(),
            membership: ScopeMembership::InScope,
        };
        self.shared.journal.write(Entry::Account(account)).await
    }
}

/// Returns the outcome if nothing of the search can be evaluated on objects.
fn unsupported_search(shared: &SweepContext) -> Option<Outcome> {
    let search_set = &shared.search_set;
    let detail = if search_set.has_filter_pattern() {
        "only CloudWatch Logs evaluates filter patterns"
    } else if search_set.is_passthrough_only() {
        "only Logs Insights runs passthrough queries"
    } else {
        return None;
    };
    Some(Outcome::with_reason(
        Status::Unsearchable,
        Reason::OnlyInLogGroups,
        detail,
    ))
}
