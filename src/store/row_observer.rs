//! Passes sightings on as soon as they are on disk, while the run goes on.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::StoreError;
use super::entry::ScopeMembership;
use super::sightings::{StoredRow, newest_chunk, pass_new_rows};

/// A sighting that has just been stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSighting {
    /// The sighting with its origin.
    pub row: StoredRow,
    /// The name of the event account, if it is known.
    pub account_name: String,
    /// Whether the event account is in scope, if it is known.
    pub membership: Option<ScopeMembership>,
}

/// What receives each sighting when it is on disk. It is called in the thread that writes, which
/// waits for it.
pub type UseNewSighting = Box<dyn FnMut(NewSighting) + Send>;

/// The receiver of the sightings of a run, if it has one; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct RowObserver(Arc<Mutex<Option<Observer>>>);

struct Observer {
    /// The newest chunk of messages whose sightings were passed on, once it is known. Chunks are
    /// never deleted, so their ids only grow.
    newest_chunk: Option<i64>,
    use_sighting: UseNewSighting,
}

impl fmt::Debug for RowObserver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RowObserver")
    }
}

impl RowObserver {
    /// Sets the receiver. It gets the sightings that are written from now on.
    pub(super) fn set(&self, use_sighting: UseNewSighting) {
        *self.0.lock() = Some(Observer {
            newest_chunk: None,
            use_sighting,
        });
    }

    /// Notes which sightings are older. Called before every commit.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(observer) = self.0.lock().as_mut()
            && observer.newest_chunk.is_none()
        {
            observer.newest_chunk = Some(newest_chunk(connection)?);
        }
        Ok(())
    }

    /// Passes on what the last commit added.
    pub(super) fn pass_new(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut guard = self.0.lock();
        let Some(observer) = guard.as_mut() else {
            return Ok(());
        };
        let newest = newest_chunk(connection)?;
        let known = observer.newest_chunk.unwrap_or(newest);
        if newest > known {
            let use_sighting = &mut observer.use_sighting;
            pass_new_rows(connection, known, &mut |columns, row| {
                let name: Option<String> = columns.get("event_account_name")?;
                let membership: Option<String> = columns.get("membership")?;
                use_sighting(NewSighting {
                    row,
                    account_name: name.unwrap_or_default(),
                    membership: membership.as_deref().and_then(ScopeMembership::from_word),
                });
                Ok(())
            })?;
        }
        observer.newest_chunk = Some(newest);
        Ok(())
    }
}
