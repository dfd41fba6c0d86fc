//! One connection to a server or a cluster: how it is made, how it comes back, and what is known of it.

use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, ServerError};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Pause before each attempt to reconnect.
pub const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// Longest time that one attempt to connect may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Between two pings; a server that answers none is given up.
pub const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Longest wait for the answer to a request, and for the acknowledgement of a publish.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Publishes that may wait for their acknowledgement; the next waits for room.
pub const ACKS_INFLIGHT_MAX: usize = 4_096;

/// Where to connect and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Addresses of one server, or of servers of one cluster, such as `nats://a:4222,nats://b:4222`.
    pub url: String,
    /// Name of the connection, as `nats server report connections` shows it.
    pub name: String,
    /// As whom.
    pub credentials: Credentials,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// What its inboxes begin with, where the user may hear only its own.
    pub inbox: Option<String>,
}

impl Options {
    /// Without credentials and encryption.
    #[must_use]
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self { url: url.into(), name: name.into(), ..Self::default() }
    }
}

/// As whom one connects. Secrets are read from files, never taken from the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// As nobody in particular.
    #[default]
    None,
    /// A `.creds` file: a user's JWT and seed.
    Creds(PathBuf),
    /// A file that holds an nkey seed (`SU…`).
    Nkey(PathBuf),
    /// A user and a file that holds the password.
    User {
        /// The user.
        name: String,
        /// The file.
        password: PathBuf,
    },
}

/// How the connection is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Refuse to speak in the clear, whatever the address says.
    pub is_required: bool,
    /// Certificates that the server's must lead to, besides those of the system (PEM).
    pub authorities: Option<PathBuf>,
    /// The client's certificate and key (PEM).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// What is known of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Whether it stands.
    pub is_connected: bool,
    /// How often it was made, the first time included.
    pub connects: u64,
    /// What the server refused to this user; the permissions are wrong and stay so, whatever is tried again.
    pub denied: Option<String>,
    /// The last thing that went wrong otherwise.
    pub trouble: Option<String>,
}

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A file could not be read.
    #[error("file `{path}` cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nobody answered, or not as hoped.
    #[error(
        "no connection to `{url}`: {source}; is the server there, and are the credentials its own?"
    )]
    Refused {
        /// The addresses.
        url: String,
        /// What the client said.
        source: async_nats::ConnectError,
    },
}

/// A connection that comes back by itself.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    jetstream: Context,
    link: watch::Receiver<Link>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("link", &*self.link.borrow()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects; fails when nobody answers now. Once made, a lost connection is sought again without end.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn open(options: &Options) -> Result<Self, ConnectError> {
        Self::open_with(options, false).await
    }

    /// Like [`Connection::open`], but a server that is not there yet is waited for.
    ///
    /// # Errors
    /// [`ConnectError`], not for a server that is not there.
    pub async fn open_patiently(options: &Options) -> Result<Self, ConnectError> {
        Self::open_with(options, true).await
    }

    async fn open_with(options: &Options, is_patient: bool) -> Result<Self, ConnectError> {
        let (sender, link) = watch::channel(Link::default());
        let sender = Arc::new(sender);
        let mut connect = authenticate(&options.credentials)?
            .name(&options.name)
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_INTERVAL)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .max_reconnects(None)
            .reconnect_delay_callback(|_| RECONNECT_PAUSE)
            .require_tls(options.tls.is_required)
            .event_callback(move |event| {
                let sender = sender.clone();
                async move {
                    sender.send_modify(|link| note(link, &event));
                }
            });
        if let Some(authorities) = &options.tls.authorities {
            connect = connect.add_root_certificates(authorities.clone());
        }
        if let Some((certificate, key)) = &options.tls.identity {
            connect = connect.add_client_certificate(certificate.clone(), key.clone());
        }
        if let Some(inbox) = &options.inbox {
            connect = connect.custom_inbox_prefix(inbox);
        }
        if is_patient {
            connect = connect.retry_on_initial_connect();
        }
        let addresses: Vec<&str> = options.url.split(',').map(str::trim).collect();
        let client = connect
            .connect(addresses)
            .await
            .map_err(|source| ConnectError::Refused { url: options.url.clone(), source })?;
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .ack_timeout(REQUEST_TIMEOUT)
            .max_ack_inflight(ACKS_INFLIGHT_MAX)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Self { client, jetstream, link })
    }

    /// The client itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// JetStream over it.
    #[must_use]
    pub fn jetstream(&self) -> &Context {
        &self.jetstream
    }

    /// Follows how the connection is.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Says everything that was said, then ends.
    ///
    /// # Errors
    /// The client's, when the connection had ended already.
    pub async fn drain(&self) -> Result<(), async_nats::client::DrainError> {
        self.client.drain().await
    }
}

fn authenticate(credentials: &Credentials) -> Result<ConnectOptions, ConnectError> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path);
        text.map_err(|source| ConnectError::File { path: path.clone(), source })
    };
    Ok(match credentials {
        Credentials::None => ConnectOptions::new(),
        Credentials::Creds(path) => ConnectOptions::with_credentials(&read(path)?)
            .map_err(|source| ConnectError::File { path: path.clone(), source })?,
        Credentials::Nkey(path) => ConnectOptions::with_nkey(read(path)?.trim().to_owned()),
        Credentials::User { name, password } => ConnectOptions::with_user_and_password(
            name.clone(),
            read(password)?.trim_end_matches(['\r', '\n']).to_owned(),
        ),
    })
}

/// Takes `event` into what is known.
fn note(link: &mut Link, event: &Event) {
    match event {
        Event::Connected => {
            link.is_connected = true;
            link.connects += 1;
        }
        Event::Disconnected | Event::Closed => link.is_connected = false,
        Event::ServerError(ServerError::Other(text))
            if text.to_lowercase().starts_with("permissions violation") =>
        {
            tracing::error!(%text, "the server denies this user something");
            link.denied = Some(text.clone());
        }
        Event::ServerError(ServerError::AuthorizationViolation) => {
            link.denied = Some("the server does not know this user".to_owned());
        }
        Event::ServerError(_) | Event::ClientError(_) | Event::SlowConsumer(_) => {
            link.trouble = Some(event.to_string());
        }
        Event::LameDuckMode | Event::Draining => {}
    }
    tracing::debug!(%event, "connection");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_publish_is_told_from_trouble_that_passes() {
        let mut link = Link::default();
        note(&mut link, &Event::Connected);
        note(&mut link, &Event::ServerError(ServerError::SlowConsumer(1)));
        assert_eq!((link.is_connected, link.connects, link.denied.clone()), (true, 1, None));
        assert!(link.trouble.is_some());
        let said = r#"Permissions Violation for Publish to "aurora.v1.log.x""#;
        note(&mut link, &Event::ServerError(ServerError::Other(said.to_owned())));
        assert_eq!(link.denied.as_deref(), Some(said));
        note(&mut link, &Event::Disconnected);
        assert!(!link.is_connected);
    }

    #[test]
    fn a_missing_secret_is_named() {
        let missing = Credentials::Nkey(PathBuf::from("/nowhere/seed"));
        let error = authenticate(&missing).err().unwrap().to_string();
        assert!(error.contains("/nowhere/seed"), "{error}");
    }
}
