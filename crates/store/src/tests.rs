//! The laws of the store: what is written is read, nothing changes an answer, and no crash loses
//! what was acknowledged or invents what was not sent.

mod at_rest;
mod concurrent;
mod corruption;
mod crash;
mod damage;
mod damaged_parts;
mod days;
mod deletion;
mod disk_full;
mod durability;
mod evolution;
mod following;
mod formats;
mod harness;
mod maintenance;
mod many_writers;
pub(crate) mod probes;
mod reading;
pub(crate) mod realistic;
mod segments;
mod sim_files;
mod sim_objects;
mod size;
