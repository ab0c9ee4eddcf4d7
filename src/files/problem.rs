//! What could not be read, and why.

use std::fmt;

dragnet_model::word_enum! {
    /// Why a file, or a part of it, was not read as expected. Reports contain the words.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FileReason {
        /// The file or directory could not be opened or read.
        Unreadable => "unreadable",
        /// A FIFO, socket or device.
        NotRegular => "not-a-regular-file",
        /// A symbolic link that leads out of the directory, or to nothing.
        SymbolicLink => "symbolic-link",
        /// A symbolic link to a file or directory that is read under its own name.
        InnerLink => "inner-symbolic-link",
        /// The size changed while the file was read.
        Changed => "changed-while-read",
        /// The compressed data is damaged or breaks off.
        DamagedCompression => "damaged-compression",
        /// Bytes other than zeros follow the compressed data.
        TrailingData => "trailing-data",
        /// Zeros follow the compressed data, as padding does.
        TrailingZeros => "trailing-zeros",
        /// The content unpacks to more than the limits allow.
        ExpansionLimit => "expansion-limit",
        /// Packings contain each other more deeply than the limit allows.
        NestingLimit => "nesting-limit",
        /// A packing that is not unpacked here.
        Packed => "packed",
        /// An archive that is damaged or breaks off.
        DamagedArchive => "damaged-archive",
        /// A format of logs that is not supported.
        UnsupportedFormat => "unsupported-format",
        /// Neither text nor a known format.
        Binary => "binary",
        /// The content ends inside a record or a list of records.
        CutOff => "cut-off",
        /// A part that looked like JSON is not JSON.
        BrokenJson => "broken-json",
        /// A record is larger than the limit.
        RecordTooLarge => "record-too-large",
        /// Text that is not UTF-8.
        InvalidUtf8 => "invalid-utf-8",
        /// The records are of another account, Region or time than the path says.
        PathDisagrees => "path-disagrees",
        /// The content is not the one whose hash is in a CloudTrail digest.
        Modified => "modified",
        /// A CloudTrail digest lists the log file, and it is not on disk.
        Missing => "missing",
        /// A digest is not on disk, but the next one names it.
        DigestMissing => "digest-missing",
        /// A digest is not the one that the next one names.
        DigestModified => "digest-modified",
        /// A digest, or a part of it, is not as CloudTrail writes it.
        DigestInvalid => "digest-invalid",
        /// The chain of digests starts anew.
        DigestGap => "digest-gap",
    }
}

impl FileReason {
    /// Whether records may have been missed. The other reasons are only worth knowing.
    pub fn may_hide_records(self) -> bool {
        !matches!(
            self,
            Self::InnerLink | Self::TrailingZeros | Self::InvalidUtf8 | Self::PathDisagrees
        )
    }
}

/// One thing that was not read as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// The path of the file or directory, as it was given.
    pub path: String,
    /// The path inside the archive, if the problem is about an entry of one.
    pub entry: Option<String>,
    /// Where in the unpacked content the problem is, in bytes, if it is about a place.
    pub offset: Option<u64>,
    /// Why.
    pub reason: FileReason,
    /// What was found and what to do.
    pub detail: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(entry) = &self.entry {
            write!(f, " ({entry})")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}: {}", self.reason, self.detail)
    }
}
