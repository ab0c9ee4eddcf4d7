//! The field's words as types. They parse at the boundary; after that a wrong account id cannot exist.

mod account;
mod api_call;
mod arn;
mod coverage;
mod indicator;
mod known_regions;
mod log_group;
mod operation;
mod policy;
mod region;
mod run_id;
mod sighting;
mod target;
mod window;

pub use account::{Account, AccountId, AccountState, InvalidAccountId};
pub use api_call::ApiCall;
pub use arn::{Arn, InvalidArn, RoleArn};
pub use coverage::{Coverage, DeniedBy, Outcome, Reason, Status};
pub use indicator::{Indicator, IndicatorKind, IndicatorValue, InvalidIndicator};
pub use known_regions::KNOWN_REGIONS;
pub use log_group::{LogGroup, LogGroupClass};
pub use operation::Operation;
pub use policy::Policy;
pub use region::{InvalidRegion, Partition, Region, UnknownPartition};
pub use run_id::{InvalidRunId, RunId};
pub use sighting::{Happening, Sighting, Stored};
pub use target::Target;
pub use window::{EmptyWindow, TimeWindow};
