//! Room `local-stack`.

pub mod realtime;
