//! HTTP as far as a client that counts needs it: few allocations, nothing that hides what was received.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// A connection that asks one thing after another.
pub(super) struct Wire {
    stream: TcpStream,
    address: SocketAddr,
    bytes: Vec<u8>,
}

/// An answer.
pub(super) struct Answer<'w> {
    pub(super) status: u16,
    pub(super) head: &'w str,
    pub(super) body: &'w [u8],
}

impl Wire {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, bytes: Vec::new() })
    }

    /// Asks for `target`; the answer says how long it is.
    pub(super) async fn get(&mut self, target: &str, header: &str) -> io::Result<Answer<'_>> {
        let ask = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n{header}\r\n", self.address);
        self.stream.write_all(ask.as_bytes()).await?;
        self.bytes.clear();
        let head = loop {
            if let Some(end) = find(&self.bytes, b"\r\n\r\n") {
                break end;
            }
            self.read().await?;
        };
        let text = text(&self.bytes[..head])?;
        let length = field(text, "content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
        let status = text.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        let length = if status == 304 { 0 } else { length };
        let end = head + 4 + length;
        while self.bytes.len() < end {
            self.read().await?;
        }
        let head = std::str::from_utf8(&self.bytes[..head]).map_err(io::Error::other)?;
        Ok(Answer { status, head, body: &self.bytes[end - length..end] })
    }

    /// Asks for a stream; gives it behind its head. HTTP/1.0, so that it comes without chunks.
    pub(super) async fn stream(mut self, target: &str) -> io::Result<Self> {
        let ask = format!("GET {target} HTTP/1.0\r\nhost: {}\r\n\r\n", self.address);
        self.stream.write_all(ask.as_bytes()).await?;
        loop {
            if let Some(end) = find(&self.bytes, b"\r\n\r\n") {
                let head = text(&self.bytes[..end])?;
                if head.split(' ').nth(1) != Some("200") {
                    return Err(io::Error::other(format!("not a stream: {head}")));
                }
                self.bytes.drain(..end + 4);
                return Ok(self);
            }
            self.read().await?;
        }
    }

    /// Calls `seen` with each whole event that has come.
    pub(super) async fn events(&mut self, seen: &mut (dyn FnMut(&str) + Send)) -> io::Result<()> {
        self.read().await?;
        let Some(end) = self.bytes.windows(2).rposition(|two| two == b"\n\n") else {
            return Ok(());
        };
        for event in text(&self.bytes[..end])?.split("\n\n") {
            seen(event);
        }
        self.bytes.drain(..end + 2);
        Ok(())
    }

    async fn read(&mut self) -> io::Result<()> {
        self.bytes.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.bytes).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            _ => Ok(()),
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|some| some == wanted)
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(bytes).map_err(io::Error::other)
}

/// The value of a header.
pub(super) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
