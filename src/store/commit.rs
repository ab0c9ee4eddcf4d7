//! Writes entries to the tables of `run.db`.

use rusqlite::{Connection, Transaction, params};

use super::entry::{CoverageId, CoverageRow, Entry, InsightsQuery, Page, UnitId, UnitRow};
use super::{StoreError, count, evidence, written};
use crate::model::{AccountId, ApiCall, DeniedBy, LogGroupClass, Outcome, Reason, Region};
use crate::time::rfc3339_ms;

/// Commits the whole batch in one transaction.
pub(super) fn all(connection: &mut Connection, batch: &[Entry]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for entry in batch {
        match entry {
            Entry::Fact { key, value } => {
                let mut insert = transaction
                    .prepare_cached("INSERT OR REPLACE INTO fact (key, value) VALUES (?1, ?2)")?;
                insert.execute(params![key, value])?;
            }
            Entry::Account(account) => {
                let mut insert = transaction.prepare_cached(
                    "INSERT OR REPLACE INTO account (id, name, standing) VALUES (?1, ?2, ?3)",
                )?;
                insert.execute(params![
                    account.id.to_string(),
                    account.name,
                    account.standing.as_str()
                ])?;
            }
            Entry::Place(place) => insert_place(&transaction, place)?,
            Entry::Units(units) => units
                .iter()
                .try_for_each(|unit| insert_unit(&transaction, unit))?,
            Entry::Restarted(unit) => restart(&transaction, *unit)?,
            Entry::Cut { unit, to_ms, rest } => {
                restart(&transaction, *unit)?;
                transaction.execute(
                    "UPDATE unit SET to_ms = ?2 WHERE id = ?1",
                    params![unit.0, to_ms],
                )?;
                rest.iter()
                    .try_for_each(|unit| insert_unit(&transaction, unit))?;
            }
            Entry::Page(page) => insert_page(&transaction, page)?,
            Entry::Ended { place, outcome } => end_place(&transaction, *place, outcome)?,
            Entry::Remark { place, text } => {
                let mut update = transaction.prepare_cached(
                    "UPDATE place SET detail = iif(detail = '', ?2, detail || '; ' || ?2)
                     WHERE id = ?1 AND instr(detail, ?2) = 0",
                )?;
                update.execute(params![place.0, text])?;
            }
            Entry::Engine { unit, engine } => {
                restart(&transaction, *unit)?;
                transaction.execute(
                    "UPDATE unit SET engine = ?2 WHERE id = ?1",
                    params![unit.0, engine.as_str()],
                )?;
            }
            Entry::Passthrough(rows) => written::insert(&transaction, rows)?,
            Entry::Query(query) => insert_query(&transaction, query)?,
            Entry::SourceLookup(cell) => evidence::insert_cell(&transaction, cell)?,
            Entry::LogSource(recorder) => evidence::insert_recorder(&transaction, recorder)?,
            Entry::Call(call) => insert_call(&transaction, call)?,
        }
    }
    Ok(transaction.commit()?)
}

fn insert_place(transaction: &Transaction<'_>, place: &CoverageRow) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO place (id, account, account_name, region, log_group, class, detail, elsewhere)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7)",
    )?;
    insert.execute(params![
        place.id.0,
        place.account.to_string(),
        place.account_name,
        place.region.as_ref().map(Region::as_str),
        place.log_group,
        place.class.as_ref().map(LogGroupClass::to_string),
        place.elsewhere,
    ])?;
    place
        .outcome
        .as_ref()
        .map_or(Ok(()), |outcome| end_place(transaction, place.id, outcome))
}

fn insert_unit(transaction: &Transaction<'_>, unit: &UnitRow) -> Result<(), StoreError> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO unit (id, place, pass, engine, from_ms, to_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let pass = unit.pass.as_str();
    let engine = unit.engine.as_str();
    insert.execute(params![
        unit.id.0,
        unit.place.0,
        pass,
        engine,
        unit.from_ms,
        unit.to_ms
    ])?;
    Ok(())
}

fn end_place(
    transaction: &Transaction<'_>,
    place: CoverageId,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let mut update = transaction.prepare_cached(
        "UPDATE place SET status = ?2, reason = ?3, detail = ?4, denied_by = ?5 WHERE id = ?1",
    )?;
    update.execute(params![
        place.0,
        outcome.status.as_str(),
        outcome.reason.map(Reason::as_str),
        outcome.detail,
        outcome.denied_by.map(DeniedBy::as_str),
    ])?;
    Ok(())
}

/// Resets a work unit, because its findings so far will be found again. The chunks of deleted
/// sightings stay and are not read again.
fn restart(transaction: &Transaction<'_>, unit: UnitId) -> Result<(), StoreError> {
    transaction
        .prepare_cached("DELETE FROM written_rows WHERE unit = ?1")?
        .execute([unit.0])?;
    let pages: i64 =
        transaction.query_row("SELECT pages FROM unit WHERE id = ?1", [unit.0], |row| {
            row.get(0)
        })?;
    if pages == 0 {
        // Avoids a search through all sightings for rows that cannot exist.
        return Ok(());
    }
    for forget in [
        "DELETE FROM sighting WHERE unit = ?1",
        "DELETE FROM hunt_count WHERE unit = ?1",
        "DELETE FROM hour WHERE unit = ?1",
        "UPDATE unit SET token = NULL, token_ms = NULL, pages = 0, events = 0, bytes = 0, sightings = 0,
         read_to_end = 0 WHERE id = ?1",
    ] {
        transaction.execute(forget, [unit.0])?;
    }
    Ok(())
}

fn insert_page(transaction: &Transaction<'_>, page: &Page) -> Result<(), StoreError> {
    page.found.insert(transaction, page.unit)?;
    count::insert(transaction, page.unit, &page.counts)?;
    evidence::insert_traces(transaction, page.unit, &page.traces)?;
    let mut update = transaction.prepare_cached(
        "UPDATE unit SET token = ?2, token_ms = ?3, pages = pages + 1, events = events + ?4, bytes = bytes + ?5,
         sightings = sightings + ?6, read_to_end = ?7 WHERE id = ?1",
    )?;
    update.execute(params![
        page.unit.0,
        page.next_token,
        page.read_at_ms,
        whole(page.events),
        whole(page.bytes),
        whole(page.found.number()),
        page.next_token.is_none(),
    ])?;
    Ok(())
}

fn insert_query(transaction: &Transaction<'_>, query: &InsightsQuery) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO insights_query VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let InsightsQuery {
        target,
        log_groups,
        bytes,
        usd,
    } = query;
    insert.execute(params![
        target.account.to_string(),
        target.region.as_str(),
        whole(*log_groups),
        whole(*bytes),
        usd
    ])?;
    Ok(())
}

fn insert_call(transaction: &Transaction<'_>, call: &ApiCall) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO call VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    insert.execute(params![
        rfc3339_ms(call.time),
        call.account.as_ref().map(AccountId::to_string),
        call.region.as_str(),
        call.operation,
        call.status,
        call.request_id,
        call.attempt,
        whole(call.milliseconds),
    ])?;
    Ok(())
}

/// Converts a count to SQLite's integer type.
pub(super) fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
