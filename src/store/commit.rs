//! Writes entries to the tables of `run.db`.

use rusqlite::{Connection, params};

use super::checksums::{TrackedDatabase, TrackedTransaction};
use super::entry::{
    CoverageRow, Entry, FileFindings, InsightsQuery, Page, ReadFiles, ScopedAccount, UnitRow,
};
use super::ids::{CoverageId, UnitId};
use super::row::to_sql_integer;
use super::run_facts::RunFacts;
use super::{StoreError, count, evidence, object_counts, passthrough_rows, searched_files};
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{AccountId, ApiCall, DeniedBy, Engine, LogGroupClass, Outcome, Reason, Region};

/// Commits the batch in one transaction.
pub(super) fn commit_batch(
    database: &mut TrackedDatabase,
    batch: &[Entry],
) -> Result<(), StoreError> {
    database.change(|transaction| {
        batch
            .iter()
            .try_for_each(|entry| write_entry(transaction, entry))
    })
}

fn write_entry(transaction: &TrackedTransaction<'_>, entry: &Entry) -> Result<(), StoreError> {
    match entry {
        Entry::Facts(facts) => insert_facts(transaction, facts),
        Entry::Account(account) => insert_account(transaction, account),
        Entry::CoverageRow(row) => insert_coverage_row(transaction, row),
        Entry::Units(units) => insert_units(transaction, units),
        Entry::Restarted(unit) => restart(transaction, *unit),
        Entry::Cut { unit, to_ms, rest } => {
            restart(transaction, *unit)?;
            transaction.execute(
                "UPDATE unit SET to_ms = ?2 WHERE id = ?1",
                params![unit.0, to_ms],
            )?;
            insert_units(transaction, rest)
        }
        Entry::Page(page) => insert_page(transaction, page),
        Entry::Files(files) => insert_files(transaction, files),
        Entry::Ended {
            coverage_id: id,
            outcome,
        } => set_outcome(transaction, *id, outcome),
        Entry::Remark {
            coverage_id: id,
            text,
        } => add_detail(transaction, *id, text),
        Entry::Engine { unit, engine } => {
            restart(transaction, *unit)?;
            transaction.execute(
                "UPDATE unit SET engine = ?2 WHERE id = ?1",
                params![unit.0, engine.as_str()],
            )?;
            Ok(())
        }
        Entry::Passthrough(rows) => passthrough_rows::insert(transaction, rows),
        Entry::Query(query) => insert_query(transaction, query),
        Entry::SourceLookup(lookup) => evidence::insert_source_lookup(transaction, lookup),
        Entry::LogSource(source) => evidence::insert_log_source(transaction, source),
        Entry::Call(call) => insert_call(transaction, call),
    }
}

/// Returns the round in which a run continues. A run that ended starts again with round 0.
pub(super) fn prepare_round_to_resume(transaction: &Connection) -> Result<i64, StoreError> {
    transaction.execute(
        "DELETE FROM fact WHERE key = 'follow_round'
         AND EXISTS (SELECT 1 FROM fact WHERE key = 'ended' AND value IN ('swept', 'failed'))",
        [],
    )?;
    let round = transaction.query_row(
        "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'follow_round'), 0)",
        [],
        |row| row.get(0),
    )?;
    Ok(round)
}

pub(super) fn insert_facts(transaction: &Connection, facts: &RunFacts) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO fact (key, value) VALUES (?1, ?2)")?;
    for (key, text) in facts.texts() {
        insert.execute(params![key, text])?;
    }
    Ok(())
}

fn insert_account(transaction: &Connection, account: &ScopedAccount) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO account (id, name, standing) VALUES (?1, ?2, ?3)",
    )?;
    insert.execute(params![
        account.id.to_string(),
        account.name,
        account.membership.as_str()
    ])?;
    Ok(())
}

fn insert_coverage_row(transaction: &Connection, row: &CoverageRow) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO place (id, account, account_name, region, source, location, class, detail, elsewhere, round)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', ?8,
                 coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE key = 'follow_round'), 0))",
    )?;
    insert.execute(params![
        row.id.0,
        row.account.to_string(),
        row.account_name,
        row.region.as_ref().map(Region::as_str),
        row.place.as_ref().map(|place| place.source.as_str()),
        row.place.as_ref().map(|place| place.location.as_str()),
        row.class.as_ref().map(LogGroupClass::to_string),
        row.out_of_scope,
    ])?;
    match &row.outcome {
        Some(outcome) => set_outcome(transaction, row.id, outcome),
        None => Ok(()),
    }
}

fn insert_units(transaction: &Connection, units: &[UnitRow]) -> Result<(), StoreError> {
    units
        .iter()
        .try_for_each(|unit| insert_unit(transaction, unit))
}

fn insert_unit(transaction: &Connection, unit: &UnitRow) -> Result<(), StoreError> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO unit (id, place, pass, engine, lookup, from_ms, to_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let pass = unit.pass.as_str();
    let engine = unit.engine.map(Engine::as_str);
    let lookup = unit.lookup.as_ref().map(ToString::to_string);
    insert.execute(params![
        unit.id.0,
        unit.coverage_id.0,
        pass,
        engine,
        lookup,
        unit.from_ms,
        unit.to_ms
    ])?;
    Ok(())
}

fn set_outcome(
    transaction: &Connection,
    id: CoverageId,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let mut update = transaction.prepare_cached(
        "UPDATE place SET status = ?2, reason = ?3, detail = ?4, denied_by = ?5 WHERE id = ?1",
    )?;
    update.execute(params![
        id.0,
        outcome.status.as_str(),
        outcome.reason.map(Reason::as_str),
        outcome.detail,
        outcome.denied_by.map(DeniedBy::as_str),
    ])?;
    Ok(())
}

/// Adds a text to the detail of a coverage row, unless the detail contains it.
fn add_detail(transaction: &Connection, id: CoverageId, text: &str) -> Result<(), StoreError> {
    let mut update = transaction.prepare_cached(
        "UPDATE place SET detail = iif(detail = '', ?2, detail || '; ' || ?2)
         WHERE id = ?1 AND instr(detail, ?2) = 0",
    )?;
    update.execute(params![id.0, text])?;
    Ok(())
}

/// Resets a work unit, because its findings so far will be found again. The chunks of deleted
/// sightings stay and are not read again.
pub(super) fn restart(transaction: &Connection, unit: UnitId) -> Result<(), StoreError> {
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
    for statement in [
        "DELETE FROM sighting WHERE unit = ?1",
        "DELETE FROM hunt_count WHERE unit = ?1",
        "DELETE FROM hour WHERE unit = ?1",
        "DELETE FROM object_count WHERE unit = ?1",
        "UPDATE unit SET token = NULL, token_ms = NULL, pages = 0, events = 0, bytes = 0, sightings = 0,
         read_to_end = 0 WHERE id = ?1",
    ] {
        transaction.execute(statement, [unit.0])?;
    }
    Ok(())
}

fn insert_page(transaction: &TrackedTransaction<'_>, page: &Page) -> Result<(), StoreError> {
    page.found.insert(transaction, page.unit)?;
    count::insert(transaction, page.unit, &page.counts)?;
    evidence::insert_integrity_findings(transaction, page.unit, &page.integrity_findings)?;
    object_counts::insert(transaction, page.unit, &page.objects)?;
    page.flow_headers
        .iter()
        .try_for_each(|header| searched_files::insert_header(transaction, header))?;
    let mut update = transaction.prepare_cached(
        "UPDATE unit SET token = ?2, token_ms = ?3, pages = pages + 1, events = events + ?4, bytes = bytes + ?5,
         sightings = sightings + ?6, read_to_end = ?7 WHERE id = ?1",
    )?;
    update.execute(params![
        page.unit.0,
        page.next_token,
        page.read_at_ms,
        to_sql_integer(page.events),
        to_sql_integer(page.bytes),
        to_sql_integer(page.found.number()),
        page.next_token.is_none(),
    ])?;
    Ok(())
}

fn insert_files(transaction: &TrackedTransaction<'_>, read: &ReadFiles) -> Result<(), StoreError> {
    for findings in &read.findings {
        searched_files::upsert_unit(transaction, findings)?;
        let FileFindings { unit, page, .. } = findings;
        page.found.insert(transaction, unit.id)?;
        count::insert(transaction, unit.id, &page.counts)?;
        evidence::insert_integrity_findings(transaction, unit.id, &page.integrity_findings)?;
    }
    read.finished
        .iter()
        .try_for_each(|unit| searched_files::finish_unit(transaction, unit))?;
    read.problems
        .iter()
        .try_for_each(|row| insert_coverage_row(transaction, row))?;
    searched_files::insert(transaction, read)
}

fn insert_query(transaction: &Connection, query: &InsightsQuery) -> Result<(), StoreError> {
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
        to_sql_integer(*log_groups),
        to_sql_integer(*bytes),
        usd
    ])?;
    Ok(())
}

fn insert_call(transaction: &Connection, call: &ApiCall) -> Result<(), StoreError> {
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
        to_sql_integer(call.milliseconds),
    ])?;
    Ok(())
}
