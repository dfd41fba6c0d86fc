//! A provider of contacts as a process of its own: works, writes its ledger, and then perhaps does not answer.

use crate::ours::LOOK_PAUSE;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is the provider, to what it takes.
const ROLE: &str = "AURORASYNC_TEST_PROVIDER";
/// Where it writes its ledger.
const LEDGER: &str = "AURORASYNC_TEST_PROVIDER_LEDGER";
/// What it says before its address.
const SERVING: &str = "provider at ";
/// The test that becomes the provider.
const ENTRY: &str = "the_provider_keeps_keys_and_drops_some_replies_after_the_work";
/// One reply in so many is dropped.
const DROPPED_OF: u64 = 10;
/// Longest that calls are waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the provider takes against doing something twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing: what is called twice is done twice.
    Nothing,
    /// Keys: a key that was done is not done again.
    Keys,
    /// Questions: it tells whether a key was done.
    Questions,
}

impl Takes {
    /// The setting `honours` that goes with it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Takes::Nothing => "nothing",
            Takes::Keys => "keys",
            Takes::Questions => "questions",
        }
    }
}

/// The provider, from outside.
pub(crate) struct Provider {
    child: Child,
    url: String,
    ledger: PathBuf,
}

/// What its ledger says.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) calls: u64,
    pub(crate) asked: u64,
    pub(crate) dropped: usize,
    /// Times that the work was done, by key.
    pub(crate) done: BTreeMap<String, u64>,
    pub(crate) wrong: Vec<String>,
}

impl Provider {
    pub(crate) fn start(folder: &Path, takes: Takes) -> Self {
        let ledger = folder.join("provider");
        File::create(&ledger).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", ENTRY, "--nocapture"])
            .env(ROLE, takes.name())
            .env(LEDGER, &ledger)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| {
            line.unwrap().split_once(SERVING).map(|(_, address)| address.to_owned())
        });
        Self { child, url: format!("http://{}", said.expect("the provider says where")), ledger }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its ledger as it is now; a line that is being written does not count yet.
    pub(crate) fn ledger(&self) -> Ledger {
        let text = std::fs::read_to_string(&self.ledger).unwrap();
        let mut ledger = Ledger::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ').unwrap() {
                ("called", _) => ledger.calls += 1,
                ("asked", _) => ledger.asked += 1,
                ("dropped", _) => ledger.dropped += 1,
                ("did", key) => *ledger.done.entry(key.to_owned()).or_default() += 1,
                (_, what) => ledger.wrong.push(what.to_owned()),
            }
        }
        ledger
    }

    /// Waits until it was called so often.
    pub(crate) fn wait_for_calls(&self, calls: u64) {
        let begun = Instant::now();
        while self.ledger().calls < calls {
            assert!(begun.elapsed() < PATIENCE, "the provider was not called {calls} times");
            std::thread::park_timeout(LOOK_PAUSE);
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether this process is to be the provider.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(ROLE).is_some()
}

/// Serves, one request after another, until whoever started this process ends.
pub(crate) fn serve() -> ! {
    std::thread::spawn(|| {
        // Its end is the end of the test that started us.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    let takes = std::env::var(ROLE).unwrap();
    let ledger = File::options().append(true).open(std::env::var_os(LEDGER).unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{SERVING}{}", listener.local_addr().unwrap());
    let mut desk = Desk {
        takes_keys: takes == "keys",
        ledger,
        done: BTreeMap::new(),
        dropped: BTreeSet::new(),
        calls: 0,
    };
    loop {
        let (stream, _) = listener.accept().unwrap();
        // One that ends in the middle of its request is no request.
        drop(desk.serve(stream));
    }
}

struct Desk {
    takes_keys: bool,
    ledger: File,
    done: BTreeMap<String, String>,
    dropped: BTreeSet<String>,
    calls: u64,
}

impl Desk {
    fn serve(&mut self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "idempotency-key" => key = value.to_owned(),
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut parts = request.split(' ');
        match (parts.next(), parts.next()) {
            (Some("POST"), _) => self.called(&key, &body, reader.into_inner()),
            (Some("GET"), Some(path)) => {
                let key = path.trim_start_matches('/').to_owned();
                self.asked(&key, reader.into_inner())
            }
            _ => self.note("wrong", &request),
        }
    }

    fn called(&mut self, key: &str, body: &[u8], stream: TcpStream) -> std::io::Result<()> {
        let body: serde_json::Value = serde_json::from_slice(body)?;
        if key.is_empty() || body["effect_key"] != key {
            return self.note("wrong", &format!("`{key}` with {body}"));
        }
        self.note("called", key)?;
        if !(self.takes_keys && self.done.contains_key(key)) {
            self.note("did", key)?;
            self.done.insert(key.to_owned(), format!("did {key}"));
        }
        self.calls += 1;
        // Which replies are dropped is spread, not drawn. Of one key only one is, else the pauses between attempts,
        // which grow, would outlast the patience of the test.
        let chosen =
            self.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xffff < 0xffff / DROPPED_OF;
        if chosen && self.dropped.insert(key.to_owned()) {
            return self.note("dropped", key);
        }
        self.answer(key, stream)
    }

    fn asked(&mut self, key: &str, mut stream: TcpStream) -> std::io::Result<()> {
        self.note("asked", key)?;
        if self.done.contains_key(key) {
            return self.answer(key, stream);
        }
        stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    fn answer(&self, key: &str, mut stream: TcpStream) -> std::io::Result<()> {
        let body = serde_json::json!({ "reference": self.done[key] }).to_string();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }

    /// Writes one line; it stands before anybody is answered.
    fn note(&mut self, what: &str, of: &str) -> std::io::Result<()> {
        self.ledger.write_all(format!("{what} {}\n", of.trim_end()).as_bytes())
    }
}
