//! A web server for folders of this machine, on 127.0.0.1 and a port that was free.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};
use tiny_http::{Header, Request, Response, Server, StatusCode};

/// Requests answered at the same time. A browser that compiles wasm while it arrives reads slowly; other files must
/// not wait for that.
const THREADS: usize = 4;

/// Serves until it is dropped.
pub struct Site {
    server: Arc<Server>,
    threads: Vec<JoinHandle<()>>,
    address: String,
}

impl Site {
    /// Serves `folders`: the first one that has a file answers for it.
    ///
    /// # Errors
    /// If no port can be opened.
    pub fn serve(folders: &[PathBuf]) -> Result<Self> {
        let server =
            Server::http("127.0.0.1:0").map_err(|error| anyhow!("the site could not start: {error}"))?;
        let server = Arc::new(server);
        let address = format!("http://{}/", server.server_addr());
        let folders: Arc<[PathBuf]> = folders.into();
        let work = || {
            let (server, folders) = (Arc::clone(&server), Arc::clone(&folders));
            thread::spawn(move || {
                // Ends with an error when the server is unblocked.
                while let Ok(request) = server.recv() {
                    answer(request, &folders);
                }
            })
        };
        let threads = (0..THREADS).map(|_| work()).collect();
        Ok(Self { server, threads, address })
    }

    /// `http://127.0.0.1:…/`
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has already said so.
            let _ = thread.join();
        }
    }
}

fn answer(request: Request, folders: &[PathBuf]) {
    let content = relative(request.url()).and_then(|path| {
        let bytes = folders.iter().find_map(|folder| fs::read(folder.join(&path)).ok())?;
        Some((mime(&path), bytes))
    });
    // Writing fails when the browser has gone away meanwhile.
    let _ = match content {
        Some((mime, bytes)) => request.respond(
            Response::from_data(bytes)
                // The page counts what has arrived of the engine: it wants the length.
                .with_chunked_threshold(usize::MAX)
                .with_header(header("Content-Type", mime))
                .with_header(header("Cache-Control", "no-store")),
        ),
        None => request.respond(Response::from_string("no such file").with_status_code(StatusCode(404))),
    };
}

/// The file that an address means, below a folder and nowhere else.
fn relative(url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.trim_start_matches('/');
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let path = PathBuf::from(path);
    path.components().all(|component| matches!(component, Component::Normal(_))).then_some(path)
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("plain ASCII")
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "md" | "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_folder_are_served() {
        assert_eq!(relative("/"), Some("index.html".into()));
        assert_eq!(relative("/bench/?batch=8"), Some("bench/index.html".into()));
        assert_eq!(relative("/data/digits.bin#x"), Some("data/digits.bin".into()));
        assert_eq!(relative("/../secret"), None);
        assert_eq!(relative("/data/../../secret"), None);
        assert_eq!(relative("//etc/passwd"), Some("etc/passwd".into()));
    }

    #[test]
    fn a_file_arrives_whole_with_its_kind_and_length() {
        let folder = crate::paths::Scratch::new("site").unwrap();
        fs::write(folder.path().join("a.wasm"), [7; 100_000]).unwrap();
        let site = Site::serve(&[folder.path().to_owned()]).unwrap();
        let agent: ureq::Agent =
            ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().into();
        let mut found = agent.get(format!("{}a.wasm", site.address())).call().unwrap();
        let said = |name: &str| found.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            (said("content-type"), said("content-length")),
            ("application/wasm".into(), "100000".into())
        );
        assert_eq!(found.body_mut().read_to_vec().unwrap(), [7; 100_000]);
        assert_eq!(agent.get(format!("{}b.wasm", site.address())).call().unwrap().status(), 404);
    }
}
