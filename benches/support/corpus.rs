//! A corpus of CloudTrail objects as an organization trail delivers them. It is made from real
//! records with new ids, times, accounts and Regions, and some of them get a planted indicator. The
//! same records always yield the same corpus.
//!
//! ```text
//! FOLDER/objects/AWSLogs/…   the objects
//! FOLDER/addresses.txt       addresses, of which only the planted one is in the records
//! FOLDER/planted.json        what was planted; written last
//! ```

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use libdeflater::{CompressionLvl, Compressor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The planted address: the source of one record in [`RECORDS_PER_ADDRESS`], on average.
pub(crate) const ADDRESS: &str = "198.51.100.23";
/// The planted key and ARN. Each is in one record of [`RECORDS_PER_KEY`].
pub(crate) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const ARN: &str = "arn:aws:iam::111111111111:user/ben";

const OBJECTS: usize = 5_000;
const DAYS: usize = 5;
const ADDRESSES: usize = 10_000;
const RECORDS_PER_ADDRESS: u32 = 20_000;
const RECORDS_PER_KEY: u64 = 40_000;
const REGIONS: [&str; 4] = ["us-east-1", "eu-central-1", "us-west-2", "eu-west-1"];
const SEED: u64 = 7;
/// The characters at the end of the name of an object.
const NAME_CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Changes with the corpus, so that an older one is not taken for it.
const VERSION: u32 = 1;

/// What a corpus contains.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Planted {
    made_from: String,
    pub objects: u64,
    pub records: u64,
    pub text_bytes: u64,
    pub gzip_bytes: u64,
    pub objects_with_address: u64,
    /// The ids of the records with the address.
    pub address: BTreeSet<String>,
    /// The ids of the records with the key or the ARN.
    pub key_or_arn: BTreeSet<String>,
}

/// A corpus on disk.
pub(crate) struct Corpus {
    pub objects: PathBuf,
    pub addresses: PathBuf,
    pub planted: Planted,
}

impl Corpus {
    /// Opens the corpus in `folder`, or makes it there.
    pub(crate) fn prepare(real_data: &Path, folder: &Path) -> Self {
        let records = read_records(real_data);
        let bytes: usize = records.iter().map(String::len).sum();
        let made_from = format!(
            "version {VERSION}, {} records, {bytes} bytes",
            records.len()
        );
        fs::create_dir_all(folder).unwrap();
        let folder = fs::canonicalize(folder).unwrap();
        let planted_file = folder.join("planted.json");
        let planted: Planted = if let Ok(json) = fs::read(&planted_file) {
            serde_json::from_slice(&json).unwrap()
        } else {
            let planted = Planted {
                made_from: made_from.clone(),
                ..generate(&records, &folder)
            };
            fs::write(planted_file, serde_json::to_vec(&planted).unwrap()).unwrap();
            planted
        };
        assert_eq!(
            planted.made_from,
            made_from,
            "{} contains a corpus of other records; delete it",
            folder.display()
        );
        Self {
            objects: folder.join("objects"),
            addresses: folder.join("addresses.txt"),
            planted,
        }
    }
}

/// A CloudTrail log file.
#[derive(Deserialize)]
struct LogFile {
    #[serde(rename = "Records")]
    records: Vec<Box<RawValue>>,
}

/// All records of all files, as written.
fn read_records(folder: &Path) -> Vec<String> {
    let events = folder.join("events");
    let folder = if events.is_dir() {
        events.as_path()
    } else {
        folder
    };
    let entries = folder.read_dir().unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut records = Vec::new();
    for file in files {
        let file: LogFile = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        records.extend(file.records.iter().map(|record| record.get().to_owned()));
    }
    records
}

/// Writes the corpus.
fn generate(records: &[String], folder: &Path) -> Planted {
    let objects = folder.join("objects");
    assert!(
        !objects.exists(),
        "{} was not written to its end; delete it",
        folder.display()
    );
    let mut generator = Generator {
        records,
        random: fastrand::Rng::with_seed(SEED),
        compressor: Compressor::new(CompressionLvl::new(6).unwrap()),
        planted: Planted::default(),
    };
    for number in 0..OBJECTS {
        generator.write_object(number, &objects);
    }
    fs::write(folder.join("addresses.txt"), address_list(records)).unwrap();
    generator.planted
}

/// Returns a list of addresses, one per line. Only the planted one is in the corpus.
fn address_list(records: &[String]) -> String {
    let is_separator = |c: char| !c.is_ascii_digit() && c != '.';
    let words = records.iter().flat_map(|record| record.split(is_separator));
    let present: HashSet<Ipv4Addr> = words.filter_map(|word| word.parse().ok()).collect();
    // The generator makes private addresses.
    let is_special = |address: Ipv4Addr| {
        address.is_private() || address.is_loopback() || address.is_link_local()
    };
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut addresses: BTreeSet<Ipv4Addr> = BTreeSet::new();
    addresses.insert(ADDRESS.parse().unwrap());
    while addresses.len() < ADDRESSES {
        let address = Ipv4Addr::from(random.u32(0x0100_0000..0xe000_0000));
        if !is_special(address) && !present.contains(&address) {
            addresses.insert(address);
        }
    }
    let lines: Vec<String> = addresses
        .iter()
        .map(|address| format!("{address}\n"))
        .collect();
    lines.concat()
}

/// What the records of an object have in common.
struct Common {
    account: String,
    region: &'static str,
    day: usize,
    hour: u32,
}

struct Generator<'r> {
    records: &'r [String],
    random: fastrand::Rng,
    compressor: Compressor,
    planted: Planted,
}

impl Generator<'_> {
    fn write_object(&mut self, number: usize, objects: &Path) {
        let count = self.record_count();
        let account = 100_000_000_000 + self.random.u64(0..40) * 1_111_111_111;
        let common = Common {
            account: account.to_string(),
            region: REGIONS[self.random.usize(0..REGIONS.len())],
            day: 1 + number * DAYS / OBJECTS,
            hour: self.random.u32(0..24),
        };
        let minute = self.random.u32(0..12) * 5;
        let planted_before = self.planted.address.len();
        let records: Vec<String> = (0..count).map(|_| self.record(&common)).collect();
        let text = format!(r#"{{"Records":[{}]}}"#, records.join(","));
        let mut gzip = vec![0; self.compressor.gzip_compress_bound(text.len())];
        let compressed = self.compressor.gzip_compress(text.as_bytes(), &mut gzip);
        gzip.truncate(compressed.unwrap());
        let Common {
            account,
            region,
            day,
            hour,
        } = common;
        let folder = objects.join(format!(
            "AWSLogs/o-exampleorgid/{account}/CloudTrail/{region}/2026/11/{day:02}"
        ));
        fs::create_dir_all(&folder).unwrap();
        let unique = self.unique_name();
        let name = format!(
            "{account}_CloudTrail_{region}_202611{day:02}T{hour:02}{minute:02}Z_{unique}.json.gz"
        );
        fs::write(folder.join(name), &gzip).unwrap();
        self.planted.objects += 1;
        self.planted.text_bytes += text.len() as u64;
        self.planted.gzip_bytes += gzip.len() as u64;
        self.planted.objects_with_address += u64::from(self.planted.address.len() > planted_before);
    }

    /// The number of records of an object. Its logarithm is about normally distributed, and its
    /// median 221.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is positive and small"
    )]
    fn record_count(&mut self) -> usize {
        let deviation = (0..12).map(|_| self.random.f64()).sum::<f64>() - 6.0;
        let count = (5.4 + deviation).exp() as usize;
        count.clamp(5, 6_000)
    }

    /// Returns a random record with new values.
    fn record(&mut self, common: &Common) -> String {
        let index = self.random.usize(0..self.records.len());
        let mut record = self.records[index].clone();
        let id = self.uuid();
        set_member(&mut record, "eventID", &id);
        let request = if self.random.bool() {
            self.uuid()
        } else {
            self.hexadecimal(16).to_uppercase()
        };
        set_member(&mut record, "requestID", &request);
        let minute = self.random.u32(0..60);
        let second = self.random.u32(0..60);
        let Common { day, hour, .. } = common;
        let time = format!("2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        set_member(&mut record, "eventTime", &time);
        set_member(&mut record, "recipientAccountId", &common.account);
        set_member(&mut record, "awsRegion", common.region);
        if self.random.u32(0..3) == 0 {
            let [b, c, d] = [(); 3].map(|()| self.random.u8(..));
            set_member(&mut record, "sourceIPAddress", &format!("10.{b}.{c}.{d}"));
        }
        self.plant(&mut record, id);
        record
    }

    /// Plants an indicator in some records.
    fn plant(&mut self, record: &mut String, id: String) {
        let is_chosen = self.random.u32(0..RECORDS_PER_ADDRESS) == 0;
        if is_chosen && set_member(record, "sourceIPAddress", ADDRESS) {
            self.planted.address.insert(id.clone());
        }
        let number = self.planted.records % RECORDS_PER_KEY;
        let has_key = number == 0 && set_member(record, "accessKeyId", KEY);
        let has_arn = number == RECORDS_PER_KEY / 2 && set_member(record, "arn", ARN);
        if has_key || has_arn {
            self.planted.key_or_arn.insert(id);
        }
        self.planted.records += 1;
    }

    fn uuid(&mut self) -> String {
        let groups: Vec<String> = [8, 4, 4, 4, 12]
            .into_iter()
            .map(|digits| self.hexadecimal(digits))
            .collect();
        groups.join("-")
    }

    fn hexadecimal(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from_digit(self.random.u32(0..16), 16).unwrap())
            .collect()
    }

    fn unique_name(&mut self) -> String {
        let mut character = || NAME_CHARACTERS[self.random.usize(0..NAME_CHARACTERS.len())];
        (0..16).map(|_| char::from(character())).collect()
    }
}

/// Replaces the value of the first member of this name. Returns whether there is one.
fn set_member(record: &mut String, name: &str, value: &str) -> bool {
    let key = format!("\"{name}\":\"");
    let Some(found) = record.find(&key) else {
        return false;
    };
    let start = found + key.len();
    let length = record[start..].find('"').unwrap();
    record.replace_range(start..start + length, value);
    true
}
