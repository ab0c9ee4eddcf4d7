//! The types of the domain. Values are parsed at the boundary, so an invalid account id, for
//! example, cannot exist inside the program.

mod account;
mod api_call;
mod arn;
mod coverage;
mod denied_by;
mod engine;
mod event_details;
mod event_lookup;
pub mod format;
mod hunt;
mod indicator;
mod known_regions;
mod log_group;
mod log_group_arn;
mod log_kind;
mod log_source;
mod operation;
mod organization;
mod outcome;
mod policy;
mod principal;
mod reason;
mod region;
mod run_id;
mod selection;
mod sighting;
mod slowed_rate;
mod source;
mod status;
mod storage_kind;
mod tampering;
mod target;
pub mod time;
mod trail_scope;
mod trail_stream;
mod window;
mod word_enum;

pub use account::{Account, AccountId, AccountState, InvalidAccountId};
pub use api_call::ApiCall;
pub use arn::{Arn, InvalidArn, RoleArn};
pub use coverage::Coverage;
pub use denied_by::DeniedBy;
pub use engine::Engine;
pub use event_details::{EventDetails, UserIdentity};
pub use event_lookup::{EventAttribute, EventLookup};
pub use hunt::{Hunt, HuntSource, Severity};
pub use indicator::{
    Candidate, Extraction, Indicator, IndicatorKind, IndicatorValue, InvalidIndicator, extract,
    indicator_names, is_file_name, recognize,
};
pub use known_regions::KNOWN_REGIONS;
pub use log_group::{LogGroup, LogGroupClass};
pub use log_group_arn::LogGroupArn;
pub use log_kind::{LogKind, RequiredKinds};
pub use log_source::{Delivery, Destination, LogSource, SourceKind, SourceLookup, SourceState};
pub use operation::Operation;
pub use organization::Organization;
pub use outcome::Outcome;
pub use policy::Policy;
pub use principal::{InvalidPrincipal, Principal, PrincipalKind};
pub use reason::Reason;
pub use region::{InvalidRegion, Partition, Region, UnknownPartition};
pub use run_id::{InvalidRunId, RunId};
pub use selection::{ManagementEvents, Selection};
pub use sighting::{OwnCall, Sighting, Stored};
pub use slowed_rate::SlowedRate;
pub use source::{EVENT_HISTORY, Source, SourceStatus};
pub use status::Status;
pub use storage_kind::{SourceSelection, StorageKind};
pub use tampering::{HourOfRecords, TAMPERING, TamperingCall};
pub use target::Target;
pub use trail_scope::TrailScope;
pub use trail_stream::TrailStreamOwner;
pub use window::{EmptyWindow, TimeWindow, WindowEnd};
