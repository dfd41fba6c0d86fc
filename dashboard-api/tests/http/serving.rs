//! Addresses, slow clients and the end of serving.

use crate::client::Ask;
use crate::site::{Site, any_port};
use dashboard_api::routes::{Body, ROUTES};
use dashboard_api::{BindError, FacadeOptions, Timeouts};
use runtime::Catalog;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// So long without a read the log is at rest.
const QUIET: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_an_error_that_names_it() {
    let site = Site::empty().await;
    let refused = site.facade.bind(site.address).await.err().unwrap();
    assert!(
        matches!(&refused, BindError::Busy { address } if *address == site.address),
        "{refused}"
    );
    let free = site.facade.bind(any_port()).await.unwrap();
    assert_ne!(free.address(), site.address);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_others_can_reach_is_refused() {
    let site = Site::empty().await;
    let everywhere: [SocketAddr; 3] = [
        (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Ipv6Addr::UNSPECIFIED, 0).into(),
        (Ipv4Addr::new(192, 0, 2, 1), 0).into(),
    ];
    for address in everywhere {
        let refused = site.facade.bind(address).await.err().unwrap();
        assert!(matches!(refused, BindError::NotLoopback { .. }), "{refused}");
        assert!(refused.to_string().contains("127.0.0.1"), "{refused}");
    }
}

async fn impatient() -> Site {
    let patience = Duration::from_millis(100);
    let timeouts = Timeouts { header: patience, body: patience, ..Timeouts::default() };
    Site::with(Catalog::default(), |options| FacadeOptions { timeouts, ..options }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_finishes_its_headers_is_cut_off() {
    let site = impatient().await;
    for bytes in ["", "GET /livez HTTP/1.1\r\nhost: "] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "the connection ends by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_finishes_its_body_is_answered_408_on_every_route() {
    let site = impatient().await;
    for route in ROUTES.iter().filter(|route| route.body != Body::None) {
        let path = route.path.replace(['{', '}'], "");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{",
            site.address
        );
        let reply = crate::client::say(site.address, head.as_bytes()).await;
        reply.problem(408, "timeout");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_lets_those_who_only_wait_go_and_holds_nothing() {
    let mut site = Site::empty().await;
    let address = site.address;
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut reads = site.store.reads();
    // Whoever follows the log has read it before the request comes that is waited for here.
    while tokio::time::timeout(QUIET, site.store.read_after(reads)).await.is_ok() {
        reads = site.store.reads();
    }
    let mut waiting = JoinSet::new();
    waiting.spawn(async move { Ask::get("/v1/events?after=end&wait=30s").send(address).await });
    site.store.read_after(reads).await;
    site.end().await;
    let reply = waiting.join_next().await.unwrap().unwrap();
    assert_eq!(reply.expect(200)["items"], serde_json::json!([]), "answered, not cut off");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "an idle connection is closed");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    site.deployment.drain().await.unwrap();
}
