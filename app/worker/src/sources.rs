//! Sources that were trained once, kept in the browser's store for this site. A browser that keeps none trains them anew.

use kappa_core::train::Kept;

use crate::browser;

/// Those of these names that are there and whole; one that was changed is removed.
pub async fn load(names: &[String]) -> Vec<Kept> {
    let mut found = Vec::new();
    for name in names {
        let bytes = match browser::kept(name).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(why) => {
                log::warn!("nothing is kept here ({why})");
                break;
            }
        };
        match Kept::read(&bytes) {
            Ok(kept) if kept.name == *name => found.push(kept),
            Ok(_) => forget(name, "it has another name").await,
            Err(why) => forget(name, &why).await,
        }
    }
    found
}

async fn forget(name: &str, why: &str) {
    log::warn!("{name} is trained anew: {why}");
    if let Err(why) = browser::forget(name).await {
        log::warn!("{name} could not be removed ({why})");
    }
}

/// Keeps one, where the browser has room.
pub async fn keep(name: &str, bytes: &[u8]) {
    if let Err(why) = browser::keep(name, bytes).await {
        log::warn!("{name} is not kept ({why})");
    }
}
