//! A user who may do everything, in an organization whose trail records every call.

use super::world::World;
use crate::scenario::User;
use crate::world::SMALL;

pub(super) const ACCOUNT: &str = "222222222222";
pub(super) const EVE: &str = "arn:aws:iam::222222222222:user/eve";
pub(super) const KEY: &str = "AKIAEVE2222222222222";

/// Creates the organization with more tables.
pub(super) fn world(more: &str) -> World {
    let eve = User::new(ACCOUNT, "eve")
        .access_keys([KEY])
        .attached(["arn:aws:iam::aws:policy/AdministratorAccess"]);
    World::from_scenario(&format!("{SMALL}{eve}{more}"))
}

/// Contains the user with these actions, and returns the id of the containment.
pub(super) async fn contain_eve(world: &World, actions: &[&str]) -> String {
    let plan = world.plan(&[&["--user", EVE], actions].concat()).await;
    let containment = world.apply(&plan).await;
    assert_eq!(containment.overall_status(), "contained");
    containment.id
}
