//! Turns the catalog's experiments into JSON while the crate is built, so that the page needs no parser of TOML.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    write_out(Path::new("experiments"), "experiments.rs");
    // Editions that the catalog has had before, which links still start from.
    write_out(Path::new("experiments/earlier"), "earlier.rs");
}

/// The files of a folder, by name.
fn write_out(folder: &Path, name: &str) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files =
        fs::read_dir(folder).expect("there is a folder of experiments").flatten().map(|file| file.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();

    let mut table = String::from("&[\n");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let id = file.file_stem().expect("an experiment has a name").to_string_lossy();
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tree: serde_json::Value =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        writeln!(table, "    ({id:?}, {:?}),", tree.to_string()).expect("text can be appended to");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join(name);
    fs::write(out, table).expect("the output folder can be written to");
}
