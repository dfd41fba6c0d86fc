//! The clients of `bench facade`: they read, wait and follow, and count what they see.

use super::wire::{Wire, field};
use super::{FLEET, LAST_EVENT_TIMEOUT, asset};
use crate::cli::{Answer, Session};
use crate::error::CliError;
use crate::exit::Exit;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Connections that read as fast as they are answered.
const READERS: usize = 32;
/// What they read: the whole fleet, or a page of it.
const READ: &str = "/v1/assets?limit=1000";
/// What an event carries its number in.
const NUMBER: &str = "\"score\":";

/// Flags of `bench facade-clients`.
#[derive(Args, Debug)]
pub struct ClientsArgs {
    /// Where the facade is.
    #[arg(long)]
    address: SocketAddr,
    /// Assets that are shown.
    #[arg(long)]
    assets: u64,
    /// How long each kind of reading is measured, in seconds.
    #[arg(long)]
    seconds: u64,
    /// Streams of everything.
    #[arg(long)]
    streams: usize,
    /// Streams of one asset each.
    #[arg(long)]
    filtered: usize,
    #[command(flatten)]
    answer: Answer,
}

/// What a follower has seen.
#[derive(Debug, Default)]
struct Seen {
    last_by_asset: BTreeMap<String, u64>,
    events: u64,
    repeats: u64,
    misses: u64,
    resyncs: u64,
}

impl Seen {
    /// An event of `asset` with its number.
    fn event(&mut self, asset: &str, number: u64) {
        self.events += 1;
        let last = match self.last_by_asset.get_mut(asset) {
            Some(last) => last,
            None => self.last_by_asset.entry(asset.to_owned()).or_default(),
        };
        if number <= *last {
            self.repeats += 1;
        } else {
            self.misses += number - *last - 1;
            *last = number;
        }
    }

    /// Whether everything was seen of `assets` up to number `rounds`.
    fn is_whole(&self, assets: usize, rounds: u64) -> bool {
        self.last_by_asset.len() == assets
            && self.last_by_asset.values().all(|last| *last >= rounds)
    }

    /// Counts what never came as missed.
    fn close(&mut self, assets: usize, rounds: u64) {
        let silent = assets.saturating_sub(self.last_by_asset.len()) as u64;
        let short: u64 = self.last_by_asset.values().map(|last| rounds.saturating_sub(*last)).sum();
        self.misses += silent * rounds + short;
    }

    fn add(&mut self, other: &Seen) {
        self.events += other.events;
        self.repeats += other.repeats;
        self.misses += other.misses;
        self.resyncs += other.resyncs;
    }

    fn shown(&self, clients: usize) -> Value {
        let Seen { events, repeats, misses, resyncs, .. } = self;
        json!({
            "clients": clients, "events": events, "misses": misses, "repeats": repeats,
            "resyncs": resyncs,
        })
    }
}

pub(in crate::commands::bench) fn perform(
    args: &ClientsArgs,
    session: &Session,
) -> Result<Exit, CliError> {
    let threads = tokio::runtime::Runtime::new()
        .map_err(|source| CliError::System { what: "threads cannot be started", source })?;
    let time = Duration::from_secs(args.seconds);
    let not_modified =
        threads.block_on(read(args.address, time, true)).map_err(CliError::failed)?;
    let bodies = threads.block_on(read(args.address, time, false)).map_err(CliError::failed)?;
    let followers = threads.block_on(follow(args, || {
        let read = json!({ "not_modified": not_modified, "bodies": bodies });
        session.console.object(crate::output::Format::Jsonl, &read)
    }))?;
    session.console.object(crate::output::Format::Jsonl, &followers)?;
    threads.shutdown_background();
    Ok(Exit::Ok)
}

/// Reads the list from every connection for `time`, with or without its tag.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; readers end with it")]
async fn read(address: SocketAddr, time: Duration, conditional: bool) -> io::Result<Value> {
    let mut readers = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..READERS {
        readers.spawn(async move {
            let mut wire = Wire::open(address).await?;
            let first = wire.get(READ, "").await?;
            let tag = field(first.head, "etag").unwrap_or_default().to_owned();
            let header =
                if conditional { format!("if-none-match: {tag}\r\n") } else { String::new() };
            let expected = if conditional { 304 } else { 200 };
            let (mut answers, mut bytes) = (0_u64, 0);
            while begun.elapsed() < time {
                let answer = wire.get(READ, &header).await?;
                if answer.status != expected {
                    return Err(io::Error::other(format!("answered {}", answer.head)));
                }
                answers += 1;
                bytes = answer.body.len();
            }
            Ok((answers, bytes))
        });
    }
    let (mut answers, mut bytes) = (0, 0);
    while let Some(reader) = readers.join_next().await {
        let (count, length) = reader.map_err(io::Error::other)??;
        answers += count;
        bytes = length;
    }
    let per_second = answers as f64 / begun.elapsed().as_secs_f64();
    Ok(json!({ "per_second": per_second.round(), "bytes": bytes, "connections": READERS }))
}

/// A kind of follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    LongPoll,
    Stream,
    Filtered,
}

/// Who follows, and how many assets it hears of.
struct Follower {
    way: Way,
    asset: Option<String>,
    assets: usize,
}

fn followers(args: &ClientsArgs) -> Vec<Follower> {
    let of =
        |way, number: u64| Follower { way, asset: Some(asset(number % args.assets)), assets: 1 };
    let mut all: Vec<Follower> = (0..args.assets).map(|number| of(Way::LongPoll, number)).collect();
    all.extend((0..args.filtered as u64).map(|number| of(Way::Filtered, number)));
    let whole = |_| Follower { way: Way::Stream, asset: None, assets: args.assets as usize };
    all.extend((0..args.streams).map(whole));
    all
}

/// Follows in every way until all was seen, or for too long after the last was said.
async fn follow(
    args: &ClientsArgs,
    begun: impl FnOnce() -> io::Result<()>,
) -> Result<Value, CliError> {
    let all = followers(args);
    let ready = Arc::new(Barrier::new(all.len() + 1));
    let (end, ending) = watch::channel(None::<u64>);
    let mut count_by_way: BTreeMap<Way, usize> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    for follower in all {
        *count_by_way.entry(follower.way).or_default() += 1;
        let (address, ready, ending) = (args.address, ready.clone(), ending.clone());
        tasks.spawn(async move { (follower.way, one(address, follower, ready, ending).await) });
    }
    ready.wait().await;
    begun().map_err(CliError::failed)?;
    let rounds = tokio::task::spawn_blocking(rounds).await.map_err(CliError::failed)?;
    end.send_replace(Some(rounds.map_err(CliError::failed)?));
    let mut seen_by_way: BTreeMap<Way, Seen> = BTreeMap::new();
    let mut failures = Vec::new();
    while let Some(task) = tasks.join_next().await {
        let (way, (seen, failure)) = task.map_err(CliError::failed)?;
        seen_by_way.entry(way).or_default().add(&seen);
        failures.extend(failure);
    }
    let mut whole = Seen::default();
    seen_by_way.values().for_each(|seen| whole.add(seen));
    let shown = |way| {
        let clients = count_by_way.get(&way).copied().unwrap_or(0);
        seen_by_way.get(&way).map_or(Value::Null, |seen| seen.shown(clients))
    };
    Ok(json!({
        "long_polls": shown(Way::LongPoll),
        "streams": shown(Way::Stream),
        "filtered_streams": shown(Way::Filtered),
        "misses": whole.misses,
        "repeats": whole.repeats,
        "resyncs": whole.resyncs,
        "failures": failures.len(),
        "first_failure": failures.first(),
    }))
}

/// How often each asset was spoken of, once the facade's process knows.
fn rounds() -> io::Result<u64> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    line.trim().parse().map_err(io::Error::other)
}

/// One follower, until it has seen everything; with what made it end early.
async fn one(
    address: SocketAddr,
    follower: Follower,
    ready: Arc<Barrier>,
    mut ending: watch::Receiver<Option<u64>>,
) -> (Seen, Option<String>) {
    let mut seen = Seen::default();
    let mut rounds = None;
    let following = async {
        match follower.way {
            Way::LongPoll => poll(address, &follower, &ready, &mut seen, &ending).await,
            Way::Stream | Way::Filtered => {
                stream(address, &follower, &ready, &mut seen, &ending).await
            }
        }
    };
    let too_long = async {
        rounds = ending.clone().wait_for(Option::is_some).await.ok().and_then(|it| *it);
        // Nothing is sent on it any more: it only lets the time pass.
        tokio::time::timeout(LAST_EVENT_TIMEOUT, std::future::pending::<()>()).await.ok();
    };
    let failure = tokio::select! {
        biased;
        ended = following => ended.err().map(|error| error.to_string()),
        () = too_long => Some("not everything came in time".to_owned()),
    };
    let rounds = match rounds {
        Some(rounds) => Some(rounds),
        None => ending.wait_for(Option::is_some).await.ok().and_then(|it| *it),
    };
    seen.close(follower.assets, rounds.unwrap_or(0));
    (seen, failure)
}

fn is_over(seen: &Seen, follower: &Follower, ending: &watch::Receiver<Option<u64>>) -> bool {
    ending.borrow().is_some_and(|rounds| seen.is_whole(follower.assets, rounds))
}

async fn poll(
    address: SocketAddr,
    follower: &Follower,
    ready: &Barrier,
    seen: &mut Seen,
    ending: &watch::Receiver<Option<u64>>,
) -> io::Result<()> {
    let mut wire = Wire::open(address).await?;
    let asset = follower.asset.as_deref().unwrap_or_default();
    let mut cursor = cursor_of(wire.get("/v1/changes?after=end", "").await?.body)?;
    ready.wait().await;
    while !is_over(seen, follower, ending) {
        let target = format!("/v1/changes?after={cursor}&asset={asset}&wait=5s");
        let answer = wire.get(&target, "").await?;
        match answer.status {
            200 => {
                let text = std::str::from_utf8(answer.body).map_err(io::Error::other)?;
                numbers(text).for_each(|number| seen.event(asset, number));
                cursor = cursor_of(answer.body)?;
            }
            410 => {
                seen.resyncs += 1;
                cursor = cursor_of(wire.get("/v1/changes?after=end", "").await?.body)?;
            }
            _ => return Err(io::Error::other(answer.head.to_owned())),
        }
    }
    Ok(())
}

/// The position at the end of a page.
fn cursor_of(body: &[u8]) -> io::Result<String> {
    let text = std::str::from_utf8(body).map_err(io::Error::other)?;
    let cursor = text.rsplit_once("\"next_cursor\":\"").map(|(_, rest)| rest);
    let cursor = cursor.and_then(|rest| rest.strip_suffix("\"}"));
    cursor.map(str::to_owned).ok_or_else(|| io::Error::other(format!("no cursor in {text}")))
}

async fn stream(
    address: SocketAddr,
    follower: &Follower,
    ready: &Barrier,
    seen: &mut Seen,
    ending: &watch::Receiver<Option<u64>>,
) -> io::Result<()> {
    let filter = match &follower.asset {
        Some(asset) => format!("asset={asset}"),
        None => format!("fleet={FLEET}"),
    };
    // Everything is asked for without a filter.
    let filter = if follower.way == Way::Stream { String::new() } else { format!("?{filter}") };
    let mut wire = Wire::open(address).await?.stream(&format!("/v1/stream{filter}")).await?;
    ready.wait().await;
    while !is_over(seen, follower, ending) {
        wire.events(&mut |event| {
            if event.starts_with("event: resync") {
                seen.resyncs += 1;
            }
            let Some(number) = numbers(event).next() else { return };
            let asset = follower.asset.as_deref().or_else(|| asset_of(event)).unwrap_or_default();
            seen.event(asset, number);
        })
        .await?;
    }
    Ok(())
}

/// The numbers of the events in `text`.
fn numbers(text: &str) -> impl Iterator<Item = u64> {
    text.match_indices(NUMBER).filter_map(|(at, _)| {
        let rest = &text[at + NUMBER.len()..];
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    })
}

/// The asset of an event.
fn asset_of(event: &str) -> Option<&str> {
    let (_, rest) = event.split_once("\"asset\":\"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_a_repetition_and_an_end_that_never_came_are_counted() {
        let mut seen = Seen::default();
        for number in [1, 2, 4, 4, 3, 5] {
            seen.event("VEH1", number);
        }
        assert_eq!((seen.events, seen.misses, seen.repeats), (6, 1, 2));
        assert!(seen.is_whole(1, 5) && !seen.is_whole(1, 6) && !seen.is_whole(2, 5));
        seen.close(2, 7);
        assert_eq!(seen.misses, 1 + 2 + 7);
    }

    #[test]
    fn numbers_and_assets_are_found_in_what_is_sent() {
        let event =
            "id: log/0:9\ndata: {\"asset\":\"VEH1\",\"data\":{\"asset\":\"VEH1\",\"score\":12.0}}";
        assert_eq!(numbers(event).collect::<Vec<_>>(), [12]);
        assert_eq!(asset_of(event), Some("VEH1"));
    }
}
