//! A simulation of the engine: the code that ships, over the twin of the database, in a time of its
//! own, where everything that can go wrong does.
//!
//! Everything that is left to chance comes from one seed, so that a seed that finds a fault finds
//! it again. [`simulate`] runs one; [`checker`] judges a history, simulated or recorded.
//! To let something else go wrong: a field of `Weather` in `stage`, and a place that asks it.
//! To have something else checked: a rule in [`checker`], and a mutant that breaks it.

pub mod checker;
pub mod history;

mod chance;
mod executor;
mod isolate;
mod models;
mod network;
mod remote;
mod simulation;
mod site;
mod stage;
mod users;

pub use simulation::{Options, Report, simulate};
pub use use_cases::in_memory::Mutant;
