//! Kappa Lab end to end: the built page in a real browser, and the built command line.
//!
//! `cargo xtask test page` builds both and runs these. Tests take turns.

mod auto;
mod checkpoints;
mod command_line;
mod cpu;
mod gpu;
mod lessons;
mod links;
mod looks;
mod loss_of_device;
mod same_numbers;
mod sources;
mod tuning;
mod variants;
