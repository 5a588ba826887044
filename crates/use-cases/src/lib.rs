//! Room `use-cases`.
