//! Pages of the repository whose examples are tests.

#[doc = include_str!("../docs/other-apps.md")]
pub mod other_apps {}
