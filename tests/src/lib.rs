//! What the end-to-end tests and the benchmark stand on: the built page served on this machine, and a real browser
//! that opens it.
//!
//! | module | is |
//! |---|---|
//! | [`paths`] | where the built things are |
//! | [`site`] | a web server for them, on a port of its own |
//! | [`webdriver`] | the few words of the WebDriver protocol that we speak |
//! | [`browser`] | Chromium with or without WebGPU, fresh for every test |
//! | [`lab`] | the page of Kappa Lab, as a person or its own engine sees it |
//! | [`trial`] | one test: a browser, a page, and a report if it fails |

pub mod browser;
pub mod lab;
pub mod paths;
pub mod site;
pub mod trial;
pub mod webdriver;
