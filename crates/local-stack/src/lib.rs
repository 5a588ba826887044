//! Room `local-stack`.
