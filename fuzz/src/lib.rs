//! The fuzz targets. Their code is in `tests/support/targets`, so that the tests can replay it.

#[path = "../../tests/support/targets/mod.rs"]
pub mod targets;
