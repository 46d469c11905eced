//! The engine's files under an address that changes with them.
//!
//! Trunk puts a hash into the names of the page's files, but a worker and what it loads keep theirs. Browsers keep files
//! too: after a deployment a new page would meet the engine of yesterday. So what tells the page where its engine is
//! gets a version, `engine.js?v=…`, which `engine.js` hands on to all that it loads.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Loads the engine.
const LOADER: &str = "engine.js";
/// Made by wasm-bindgen; imports the snippets below.
const MODULE: &str = "kappa-worker.js";
/// The engine.
const WASM: &str = "kappa-worker_bg.wasm";

/// Writes the version into a built page.
pub fn stamp(dist: &Path) -> Result<()> {
    let (module, index) = (dist.join(MODULE), dist.join("index.html"));
    let (imports, page) = (read(&module)?, read(&index)?);
    let plain = format!("data-engine=\"{LOADER}\"");
    ensure!(page.matches(&plain).count() == 1, "{} does not say {plain} once", index.display());
    ensure!(
        imports.lines().any(is_import_of_snippet),
        "{} imports no snippet: does wasm-bindgen write it otherwise now?",
        module.display()
    );
    let version = version(dist)?;
    let imports: String = imports.lines().map(|line| with_version(line, &version) + "\n").collect();
    fs::write(&module, imports)?;
    fs::write(&index, page.replace(&plain, &format!("data-engine=\"{LOADER}?v={version}\"")))?;
    Ok(())
}

fn is_import_of_snippet(line: &str) -> bool {
    line.starts_with("import ") && line.contains("./snippets/")
}

/// An import with the version behind its file. All of them get it: another address would be another module, with a state
/// of its own.
fn with_version(line: &str, version: &str) -> String {
    if !is_import_of_snippet(line) {
        return line.to_owned();
    }
    ["'", "\""].iter().fold(line.to_owned(), |line, quote| {
        line.replace(&format!(".js{quote}"), &format!(".js?v={version}{quote}"))
    })
}

/// Sixteen letters that change whenever one of the engine's files does.
fn version(dist: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = [LOADER, MODULE, WASM].iter().map(|name| dist.join(name)).collect();
    let module = read(&dist.join(MODULE))?;
    for line in module.lines().filter(|line| is_import_of_snippet(line)) {
        let path = line.split(['\'', '"']).find(|part| part.starts_with("./snippets/"));
        files.push(dist.join(path.with_context(|| format!("an import without a file: {line}"))?));
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(&file).with_context(|| file.display().to_string())?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPORTS: &str = "import { probe } from './snippets/kappa-worker-1f/src/glue.js';\n\
         import * as import1 from \"./snippets/kappa-worker-1f/src/glue.js\"\n\
         const other = './snippets/none.js';\n";

    /// What trunk leaves, as far as it matters here; goes away with its owner.
    struct Built(PathBuf);

    impl Built {
        fn new(name: &str, wasm: &str) -> Self {
            let dist = std::env::temp_dir().join(format!("kappa-stamp-{name}-{}", std::process::id()));
            fs::create_dir_all(dist.join("snippets/kappa-worker-1f/src")).unwrap();
            let script = "<script src=\"boot.js\" data-engine=\"engine.js\"></script>";
            for (file, text) in [
                ("index.html", script),
                (LOADER, "init"),
                (MODULE, IMPORTS),
                (WASM, wasm),
                ("snippets/kappa-worker-1f/src/glue.js", "export"),
            ] {
                fs::write(dist.join(file), text).unwrap();
            }
            Self(dist)
        }

        fn text(&self, file: &str) -> String {
            read(&self.0.join(file)).unwrap()
        }

        fn stamped(&self) -> String {
            stamp(&self.0).unwrap();
            let index = self.text("index.html");
            let (_, version) = index.split_once("data-engine=\"engine.js?v=").expect("a version");
            version.split('"').next().unwrap().to_owned()
        }
    }

    impl Drop for Built {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_page_and_every_import_get_the_same_version() {
        let built = Built::new("same", "wasm");
        let version = built.stamped();
        assert_eq!(version.len(), 16);
        let expected = IMPORTS
            .replace("src/glue.js'", &format!("src/glue.js?v={version}'"))
            .replace("src/glue.js\"", &format!("src/glue.js?v={version}\""));
        assert_eq!(built.text(MODULE), expected);
        assert!(expected.contains("'./snippets/none.js'"), "only imports are changed");
    }

    #[test]
    fn another_engine_has_another_version_and_the_same_has_the_same() {
        let versions = ["wasm", "wasm", "wasn"].map(|wasm| Built::new("other", wasm).stamped());
        assert_eq!(versions[0], versions[1]);
        assert_ne!(versions[0], versions[2]);
    }

    #[test]
    fn a_build_that_looks_otherwise_is_an_error_and_not_passed_over() {
        let built = Built::new("otherwise", "wasm");
        built.stamped();
        assert!(stamp(&built.0).unwrap_err().to_string().contains("data-engine"), "stamped twice");
        let built = Built::new("otherwise", "wasm");
        fs::write(built.0.join(MODULE), "const none = 1;\n").unwrap();
        assert!(stamp(&built.0).unwrap_err().to_string().contains("snippet"));
    }
}
