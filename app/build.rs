//! What the page knows of the files beside it: which recorded runs there are, and a version of them all.

use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    for folder in [kappa_prose::lessons_folder(), kappa_prose::recordings_folder()] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    let recordings = kappa_prose::recordings().unwrap_or_else(|problem| panic!("{problem}"));
    // The page offers a recorded run where there is one, without asking the server.
    let ids: Vec<&str> = recordings.iter().map(|recording| recording.id.as_str()).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("recordings.rs");
    fs::write(out, format!("&{ids:?}")).expect("the output folder can be written to");

    // Browsers keep files: after a deployment a page must not meet those of yesterday.
    let mut hasher = DefaultHasher::new();
    for file in kappa_prose::files(&recordings).unwrap_or_else(|problem| panic!("{problem}")) {
        hasher.write(file.text.as_bytes());
    }
    for id in ids {
        let file = kappa_prose::recordings_folder().join(id).with_extension("json");
        hasher.write(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
    println!("cargo::rustc-env=KAPPA_FILES_VERSION={:016x}", hasher.finish());
}
