//! The identity with which Dragnet calls: MFA once, role chains, and sessions with only the
//! permissions that they need.

pub(crate) mod device;
mod doctor;
mod entry;
mod mfa;
mod scoped;
mod sessions;

use crate::scenario::Role;
use crate::world::World;
use device::Device;

/// An organization that has a trail and its management account. Tests append to it.
pub(crate) const HEAD: &str = r#"
name = "identity"
now = "2026-03-02T12:00:00Z"
[organization]
management = "111111111111"
regions = ["us-east-1"]
opt_in_regions = ["ap-east-1"]
[[accounts]]
id = "111111111111"
name = "management"
[[trails]]
name = "organization"
account = "111111111111"
home = "us-east-1"
organization = true
log_group = "/trail"
"#;

pub(crate) const MEMBER: &str = r#"
[[accounts]]
id = "222222222222"
name = "prod"
"#;

/// A log group of [`MEMBER`].
pub(crate) const GROUP: &str = r#"
[[groups]]
account = "prod"
region = "us-east-1"
name = "/app"
"#;

/// Returns the role of Dragnet in every member account, with what a sweep needs.
fn reader() -> Role {
    Role::new("DragnetRead").allow([
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeRegions",
        "logs:DescribeLogGroups",
        "logs:FilterLogEvents",
    ])
}

pub(crate) const SERIAL: &str = "arn:aws:iam::111111111111:mfa/responder";

fn with_serial(more: &str) -> String {
    format!(
        r#"
[identity]
mfa_serial = "{SERIAL}"
{more}"#
    )
}

/// Returns the world with the MFA device of its practice user.
pub(crate) fn with_mfa_device(world: World) -> (World, std::sync::Arc<Device>) {
    let device = Device::new(world.range());
    (world.with_codes(device.clone()), device)
}
