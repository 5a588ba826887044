//! Keeps child processes running, and sees to it that none outlives the stack.
//!
//! - [`part`]: one program: started, waited for, restarted when it dies, stopped.
//! - [`probe`]: how one learns that a program is ready.
//! - [`guard`]: a small companion process that ends all children should this
//!   process die without stopping them.

pub(crate) mod guard;
pub(crate) mod part;
pub(crate) mod probe;
