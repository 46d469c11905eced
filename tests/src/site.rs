//! A web server for folders of this machine, on 127.0.0.1 and a port that was free.
//!
//! As plain as a server can be: one thread and one request a connection. What browsers do with kept connections and
//! with pools of threads behind them cannot then hold a test up.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};

/// Bytes of a request that are read, at most.
const LONGEST_REQUEST: u64 = 64 << 10;
/// A connection over which nothing comes for so long is closed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Serves until it is dropped.
pub struct Site {
    port: SocketAddr,
    address: String,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    /// Serves `folders`: the first one that has a file answers for it.
    ///
    /// # Errors
    /// If no port can be opened.
    pub fn serve(folders: &[PathBuf]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the site could not start")?;
        let port = listener.local_addr()?;
        let folders: Arc<[PathBuf]> = folders.into();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = thread::spawn(move || {
            for connection in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let folders = Arc::clone(&folders);
                if let Ok(connection) = connection {
                    // A browser that goes away in the middle of a file is none of our business.
                    thread::spawn(move || answer(&connection, &folders).ok());
                }
            }
        });
        let address = format!("http://{port}/");
        Ok(Self { port, address, over, thread: Some(thread) })
    }

    /// `http://127.0.0.1:…/`
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // One more connection lets the thread see that.
        if TcpStream::connect(self.port).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A thread that panicked has already said so.
            let _ = thread.join();
        }
    }
}

fn answer(connection: &TcpStream, folders: &[PathBuf]) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(connection.take(LONGEST_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head must be read before an answer; nothing in it matters here.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let url = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    let content = url.and_then(relative).and_then(|path| {
        let bytes = folders.iter().find_map(|folder| fs::read(folder.join(&path)).ok())?;
        Some((mime(&path), bytes))
    });
    let (status, mime, bytes) = match content {
        Some((mime, bytes)) => ("200 OK", mime, bytes),
        None => ("404 Not Found", "text/plain", b"no such file".to_vec()),
    };
    let mut connection = connection;
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {mime}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        bytes.len()
    )?;
    connection.write_all(&bytes)
}

/// The file that an address means, below a folder and nowhere else.
fn relative(url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.trim_start_matches('/');
    let path =
        if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let path = PathBuf::from(path);
    path.components().all(|component| matches!(component, Component::Normal(_))).then_some(path)
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
