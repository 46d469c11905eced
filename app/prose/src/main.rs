//! Writes the lessons into the page that is being built: trunk calls this after everything else (`Trunk.toml`), and says where.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), String> {
    let page = env::var_os("TRUNK_STAGING_DIR").ok_or("TRUNK_STAGING_DIR says where the page is built")?;
    for file in kappa_prose::files(&kappa_prose::recordings()?)? {
        let path = Path::new(&page).join(&file.path);
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(path.parent().expect("a file of the page has a folder")).map_err(wrong)?;
        fs::write(&path, file.text).map_err(wrong)?;
    }
    Ok(())
}
