//! Where credentials come from, and how the network is reached.

mod member_roles;
mod network;
mod permission_sets;
mod profiles;
