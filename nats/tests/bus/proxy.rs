//! A network between client and server that a test can spoil: cut, swallow one or both ways, or lose answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the network does to what goes through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Bytes of the client vanish.
    pub swallows_questions: bool,
    /// Bytes of the server vanish.
    pub swallows_answers: bool,
    /// Each so-many-th acknowledgement of a write vanishes; 0 for none.
    pub loses_each: u64,
    /// Connections of an earlier generation are cut.
    pub generation: u64,
}

pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    counts: Arc<Counts>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    swallowed_bytes: AtomicU64,
    acknowledgements: AtomicU64,
    lost: AtomicU64,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Stands in front of the server at `port`.
    #[expect(
        clippy::disallowed_methods,
        reason = "ended with the proxy, or with the test's runtime"
    )]
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, follow) = watch::channel(Weather::default());
        let counts = Arc::<Counts>::default();
        let shared = counts.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                // A server that is away refuses the connection; so does this.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                    tokio::spawn(carry(client, server, follow.clone(), shared.clone()));
                }
            }
        });
        Self { address, weather, counts, task }
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    pub fn set(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// Cuts every connection; new ones are as they were.
    pub fn cut(&self) {
        self.set(|weather| weather.generation += 1);
    }

    /// Bytes that vanished.
    pub fn swallowed_bytes(&self) -> u64 {
        self.counts.swallowed_bytes.load(Ordering::Relaxed)
    }

    /// Acknowledgements that vanished.
    pub fn lost(&self) -> u64 {
        self.counts.lost.load(Ordering::Relaxed)
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    mut weather: watch::Receiver<Weather>,
    counts: Arc<Counts>,
) {
    let generation = weather.borrow().generation;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (questions, answers) = (weather.clone(), weather.clone());
    // Whichever ends first ends both: dropping the halves closes the connections.
    tokio::select! {
        biased;
        _ = weather.wait_for(|now| now.generation != generation) => {}
        _ = ask(from_client, to_server, questions, &counts) => {}
        _ = answer(from_server, to_client, answers, &counts) => {}
    }
}

async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    weather: watch::Receiver<Weather>,
    counts: &Counts,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if weather.borrow().swallows_questions {
            counts.swallowed_bytes.fetch_add(count as u64, Ordering::Relaxed);
        } else {
            to.write_all(&bytes[..count]).await?;
        }
    }
}

/// Carries what the server says line by line, and what a line announces with it.
async fn answer(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    weather: watch::Receiver<Weather>,
    counts: &Counts,
) -> std::io::Result<()> {
    let mut from = BufReader::new(from);
    loop {
        let mut frame = Vec::new();
        if from.read_until(b'\n', &mut frame).await? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&frame).trim_end().to_owned();
        if line.starts_with("MSG ") || line.starts_with("HMSG ") {
            let size: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
            let start = frame.len();
            frame.resize(start + size + 2, 0);
            from.read_exact(&mut frame[start..]).await?;
        }
        let weather = *weather.borrow();
        if weather.swallows_answers {
            counts.swallowed_bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
        } else if !is_lost(&frame, weather, counts) {
            to.write_all(&frame).await?;
        }
    }
}

/// Whether `frame` is an acknowledgement of a write, and one that vanishes.
fn is_lost(frame: &[u8], weather: Weather, counts: &Counts) -> bool {
    let is_acknowledgement = String::from_utf8_lossy(frame).contains("\r\n{\"stream\":");
    if !is_acknowledgement || weather.loses_each == 0 {
        return false;
    }
    let number = counts.acknowledgements.fetch_add(1, Ordering::Relaxed) + 1;
    let is_lost = number.is_multiple_of(weather.loses_each);
    counts.lost.fetch_add(u64::from(is_lost), Ordering::Relaxed);
    is_lost
}
