//! The configurations in `deploy/nats`: each starts as it stands, but for addresses and folders, and does its work.

use crate::support::{bus, entries, ids, ids_on_log};
use nats::permissions::{ACCOUNT, OPERATOR, configuration, grants, keys, options};
use nats::streams::{self, Layout};
use nats::{Connection, Options, server};
use runtime::bus::Bus;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// The configuration `name`, with each of `changes` made in it, in a folder of its own beside `permissions`.
fn deployed(folder: &Path, name: &str, permissions: &str, changes: &[(&str, String)]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nats").join(name);
    let mut text = fs::read_to_string(source).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "`{name}` says nothing of `{from}`");
        text = text.replace(from, to);
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("permissions.conf"), permissions).unwrap();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name)
}

fn start(configuration: &Path, name: &str) -> Running {
    let command = Command::new(server::find().unwrap())
        .arg("-c")
        .arg(configuration)
        .env("NATS_NAME", name)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Running(command.unwrap())
}

fn permissions(keys_folder: &Path) -> String {
    let grants = grants([]);
    let public = keys::public_keys(keys_folder, grants.iter().map(|it| &*it.user)).unwrap();
    configuration(ACCOUNT, &grants, &public, &[]).unwrap()
}

async fn connect(urls: &str, keys_folder: &Path, user: &str) -> Connection {
    let connection = Connection::open_patiently(&options(urls, keys_folder, user)).await.unwrap();
    connection.watch().wait_for(|link| link.is_connected).await.unwrap();
    connection
}

/// Makes the streams as soon as the servers have agreed on who leads them.
async fn make(operator: &Connection, layout: &Layout) {
    let mut interval = tokio::time::interval(std::time::Duration::from_millis(250));
    loop {
        interval.tick().await;
        if streams::create(operator, layout).await.is_ok() {
            return;
        }
    }
}

#[tokio::test]
async fn one_server_as_deployed_takes_the_permissions_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let keys_folder = folder.path().join("keys");
    let [port, http] = free_ports();
    let changes = [
        ("127.0.0.1:4222", format!("127.0.0.1:{port}")),
        ("127.0.0.1:8222", format!("127.0.0.1:{http}")),
        ("/var/lib/nats", folder.path().join("store").display().to_string()),
    ];
    let configuration =
        deployed(folder.path(), "single.conf", &permissions(&keys_folder), &changes);
    let _running = start(&configuration, "aurora");
    let url = format!("nats://127.0.0.1:{port}");
    make(&connect(&url, &keys_folder, OPERATOR).await, &Layout::default()).await;
    let facade = bus(connect(&url, &keys_folder, "facade").await, "facade", 1);
    facade.append(entries("facade", 0..3)).await.unwrap();
    assert_eq!(ids_on_log(&facade).await, ids("facade", 0..3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_as_deployed_lose_nothing_when_one_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let keys_folder = folder.path().join("keys");
    let permissions = permissions(&keys_folder);
    let clients: [u16; 3] = free_ports();
    let (routes, monitors): ([u16; 3], [u16; 3]) = (free_ports(), free_ports());
    let mut running = Vec::new();
    for index in 0..3 {
        let name = format!("nats-{}", index + 1);
        let own = folder.path().join(&name);
        let mut changes = vec![
            ("0.0.0.0:4222", format!("127.0.0.1:{}", clients[index])),
            ("0.0.0.0:6222", format!("127.0.0.1:{}", routes[index])),
            ("127.0.0.1:8222", format!("127.0.0.1:{}", monitors[index])),
            ("/var/lib/nats", own.join("store").display().to_string()),
        ];
        let named = ["nats://nats-1:6222", "nats://nats-2:6222", "nats://nats-3:6222"];
        for (name, port) in named.iter().zip(routes) {
            changes.push((name, format!("nats://127.0.0.1:{port}")));
        }
        let configuration = deployed(&own, "cluster.conf", &permissions, &changes);
        running.push((start(&configuration, &name), configuration, name));
    }
    let urls = clients.map(|port| format!("nats://127.0.0.1:{port}")).join(",");
    let layout = Layout { replicas: 3, ..Layout::default() };
    make(&connect(&urls, &keys_folder, OPERATOR).await, &layout).await;
    let facade = bus(connect(&urls, &keys_folder, "facade").await, "facade", 1);
    let mut next = 0;
    for _ in 0..3 {
        let (victim, configuration, name) = running.remove(0);
        facade.append(entries("facade", next..next + 5)).await.unwrap();
        drop(victim);
        // Two of three agree, after an election if the leader was the victim.
        facade.append(entries("facade", next + 5..next + 10)).await.unwrap();
        next += 10;
        let again = start(&configuration, &name);
        running.push((again, configuration, name));
    }
    assert_eq!(ids_on_log(&facade).await, ids("facade", 0..next));
}

#[tokio::test]
async fn a_leaf_as_deployed_starts_while_its_hub_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let seeds = folder.path().join("keys");
    keys::public_keys(&seeds, ["site"]).unwrap();
    let [port, hub] = free_ports();
    let changes = [
        ("127.0.0.1:4222", format!("127.0.0.1:{port}")),
        ("hub:7422", format!("127.0.0.1:{hub}")),
        ("/var/lib/nats", folder.path().join("store").display().to_string()),
    ];
    let configuration = deployed(folder.path(), "leaf.conf", "", &changes);
    let seed = fs::read_to_string(keys::path(&seeds, "site")).unwrap();
    fs::write(folder.path().join("seed.conf"), format!("SITE_SEED: {:?}\n", seed.trim())).unwrap();
    let _running = start(&configuration, "site");
    let stranger = Options::new(format!("nats://127.0.0.1:{port}"), "test");
    let connection = Connection::open_patiently(&stranger).await.unwrap();
    connection.watch().wait_for(|link| link.is_connected).await.unwrap();
    make(&connection, &Layout::default()).await;
    let bus = bus(connection, "master", 1);
    bus.append(entries("master", 0..3)).await.unwrap();
    assert_eq!(ids_on_log(&bus).await, ids("master", 0..3));
}
