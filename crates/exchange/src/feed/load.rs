//! From an operator's files to the files that are stored.

use std::collections::BTreeMap;
use std::io::Read as _;

use torana_domain::time::Date;
use torana_instruments::lists::{Merged, PublicList, merge};
use torana_instruments::master::HEADER;
use torana_instruments::rules::{PROTECTION_HEADER, TICKS_HEADER};
use torana_instruments::{DataError, Master, ProtectionTable, TickTable};

use super::files::{LISTS_MAX, MarketFile, read_actions, read_calendar, read_files};

/// Longest text of a file, unpacked, in bytes. The exchanges' own are a third of it.
const TEXT_MAX: usize = 64 << 20;
/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file as the operator has it.
pub struct Given {
    /// Its name, for refusals; the beginning says whose list it is where no column does.
    pub name: String,
    /// Its content, packed with gzip or not.
    pub content: Vec<u8>,
}

/// What is to be stored.
#[derive(Debug)]
pub struct Loaded {
    /// Files to write.
    pub write: BTreeMap<MarketFile, String>,
    /// The oldest lists, which make room.
    pub remove: Vec<MarketFile>,
    /// A line for each file: what it is, from when on, and what it changes.
    pub report: Vec<String>,
}

/// What a text is, by how it begins.
enum Kind {
    Calendar,
    CorporateActions,
    Ticks,
    Protection,
    Securities,
    PublicList,
}

/// Checks an operator's files as a whole, over what is stored: whatever is refused, nothing changes. Lists of
/// securities are in force from the day `from` on; calendar, slabs and actions have their dates in themselves.
///
/// # Errors
/// The file, its line and what is wrong there.
pub fn load(stored: &BTreeMap<MarketFile, String>, given: &[Given], from: Date) -> Result<Loaded, DataError> {
    let mut loaded = Loaded {
        write: BTreeMap::new(),
        remove: Vec::new(),
        report: Vec::new(),
    };
    let (mut own_list, mut public_lists) = (None, Vec::new());
    for Given { name, content } in given {
        let text = text_of(name, content)?;
        let (file, report) = match kind_of(&text) {
            Some(Kind::Calendar) => {
                read_calendar(name, &text)?;
                (MarketFile::Calendar, "calendar")
            }
            Some(Kind::CorporateActions) => {
                read_actions(name, &text)?;
                (MarketFile::CorporateActions, "corporate actions")
            }
            Some(Kind::Ticks) => {
                TickTable::parse(name, &text)?;
                (MarketFile::Ticks, "ticks")
            }
            Some(Kind::Protection) => {
                ProtectionTable::parse(name, &text)?;
                (MarketFile::Protection, "protection")
            }
            Some(Kind::Securities) => {
                own_list = Some((name, text));
                continue;
            }
            Some(Kind::PublicList) => {
                public_lists.push(PublicList::parse(name, &text)?);
                continue;
            }
            None => return Err(unknown(name)),
        };
        if loaded.write.insert(file, text).is_some() {
            return Err(refuse(name, format!("a second file of its kind ({report})")));
        }
        loaded.report.push(format!("{report} at once {name}"));
    }
    if own_list.is_some() || !public_lists.is_empty() {
        add_list(&mut loaded, stored, own_list, &public_lists, from)?;
    }
    Ok(loaded)
}

/// A list of our own replaces everything; public lists are read over it, or over the list in force on `from`.
fn add_list(
    loaded: &mut Loaded,
    stored: &BTreeMap<MarketFile, String>,
    own_list: Option<(&String, String)>,
    public_lists: &[PublicList],
    from: Date,
) -> Result<(), DataError> {
    // Of the stored lists only the one in force on that day matters.
    let of_that_day = MarketFile::Securities(from);
    let mut files: BTreeMap<MarketFile, String> = stored.clone();
    files.retain(|file, _| !matches!(file, MarketFile::Securities(_)));
    files.extend(loaded.write.clone());
    let in_force = stored.range(..=of_that_day.clone()).next_back();
    files.extend(
        in_force
            .filter(|(file, _)| matches!(file, MarketFile::Securities(_)))
            .map(|(file, text)| (file.clone(), text.clone())),
    );
    let data = read_files(&files)?;
    let in_force = data.master_on(from);
    let own;
    let base: &Master = match &own_list {
        Some((name, text)) => {
            let (ticks, protection) = (in_force.ticks().clone(), in_force.protection().clone());
            own = Master::parse(name, text, ticks, protection)?;
            loaded.report.push(format!(
                "securities {from} {name}: {} listings",
                own.iter().count()
            ));
            &own
        }
        None => in_force,
    };
    let text = if public_lists.is_empty() {
        base.to_file()
    } else {
        let Merged {
            master,
            added,
            updated,
            removed,
        } = merge(base, public_lists)?;
        let left_out: usize = public_lists.iter().map(|list| list.left_out).sum();
        loaded.report.push(format!(
            "securities {from}: {added} added, {updated} updated, {removed} removed, {left_out} rows of other \
             markets left out"
        ));
        master.to_file()
    };
    loaded.write.insert(MarketFile::Securities(from), text);
    let is_list = |file: &&MarketFile| matches!(file, MarketFile::Securities(_));
    let mut lists: Vec<MarketFile> = stored
        .keys()
        .chain(loaded.write.keys())
        .filter(is_list)
        .cloned()
        .collect();
    lists.sort();
    lists.dedup();
    lists.truncate(lists.len().saturating_sub(LISTS_MAX));
    if lists.contains(&MarketFile::Securities(from)) {
        let name = own_list.map_or("lists", |(name, _)| name.as_str());
        return Err(refuse(
            name,
            format!("{LISTS_MAX} lists of later days are loaded, more are not kept"),
        ));
    }
    loaded.remove = lists;
    Ok(())
}

fn kind_of(text: &str) -> Option<Kind> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let is = |header: &[&str]| first == header.join(",");
    if is(&HEADER) {
        return Some(Kind::Securities);
    }
    if is(&TICKS_HEADER) {
        return Some(Kind::Ticks);
    }
    if is(&PROTECTION_HEADER) {
        return Some(Kind::Protection);
    }
    if PublicList::is_known(text) {
        return Some(Kind::PublicList);
    }
    let begins = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    if begins("[[timetable]]") || begins("[[year]]") {
        return Some(Kind::Calendar);
    }
    begins("[[action]]").then_some(Kind::CorporateActions)
}

fn unknown(name: &str) -> DataError {
    refuse(
        name,
        "not a file that Torana knows: allowed are a calendar or corporate actions (TOML), ticks, protection or \
         securities with the header of `torana market show`, EQUITY_L.csv, SME_EQUITY_L.csv, \
         NSE_CM_security_ddmmyyyy.csv and BSE_EQ_SCRIP_ddmmyyyy.csv",
    )
}

fn refuse(name: &str, reason: impl Into<String>) -> DataError {
    DataError {
        file: name.to_owned(),
        line: 1,
        reason: reason.into(),
    }
}

/// The text of a file, unpacked.
fn text_of(name: &str, content: &[u8]) -> Result<String, DataError> {
    let mut bytes = Vec::new();
    if content.starts_with(&GZIP) {
        let limit = TEXT_MAX as u64 + 1;
        flate2::read::MultiGzDecoder::new(content)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| refuse(name, format!("gzip: {error}")))?;
    } else {
        bytes.extend_from_slice(content);
    }
    if bytes.len() > TEXT_MAX {
        return Err(refuse(name, format!("longer than {TEXT_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        DataError {
            file: name.to_owned(),
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            reason: "not UTF-8 text".to_owned(),
        }
    })
}
