//! Owners over HTTP: what is personal never comes near the log.

use crate::site::Site;
use messages::guard::AuditRecorded;
use messages::registry::OwnerRegistered;
use messages::sealed::{Key, Keyring, Opened};
use messages::{Message, Stream};
use runtime::store::{Partition, ReadLimit, Store};

const NAME: &str = "Sample Owner";
const PHONE: &str = "+10000000000";
const EMAIL: &str = "sample@example.org";

fn body() -> String {
    format!(
        r#"{{"owner":"owner-1","name":"{NAME}","phone":"{PHONE}","email":"{EMAIL}","zone":"Asia/Kolkata","language":"en"}}"#
    )
}

/// Every record of every stream, with its data.
fn records(site: &Site) -> Vec<messages::Envelope> {
    let partitions =
        Stream::ALL.into_iter().flat_map(|it| site.deployment.router().partitions_of(it));
    let read = |it: Partition| site.store.read(it, 0, ReadLimit::default()).unwrap();
    partitions.flat_map(read).map(|delivery| (*delivery.envelope).clone()).collect()
}

fn keyring(site: &Site) -> Keyring {
    let bytes: [u8; 32] = site.store.blob("key/owner-1").unwrap().unwrap().try_into().unwrap();
    let mut keyring = Keyring::default();
    keyring.insert("owner-1", Key::new(bytes)).unwrap();
    keyring
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_plaintext_of_an_owner_is_on_the_log_or_in_an_answer() {
    let site = Site::empty().await;
    let reply = site.post("/v1/owners", body()).await;
    assert_eq!(reply.expect(201)["owner"], "owner-1");
    let events = site.get("/v1/events").await;
    let records = records(&site);
    let names: Vec<&str> = records.iter().map(|record| &*record.name).collect();
    assert_eq!(names, [OwnerRegistered::NAME, AuditRecorded::NAME]);
    for text in [NAME, PHONE, EMAIL, "Sample", "example.org"] {
        assert!(!contains(&reply.body, text) && !contains(&events.body, text), "{text}");
        for record in &records {
            let whole = serde_json::to_vec(record).unwrap();
            assert!(!contains(&record.data, text) && !contains(&whole, text), "{text}");
        }
    }
    let registered: OwnerRegistered = records[0].open().unwrap();
    let opened = registered.name.open(&keyring(&site)).unwrap();
    assert!(opened == Opened::Value(NAME.to_owned()), "it is there for who has the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_keeps_one_key_and_no_nonce_is_used_twice() {
    let site = Site::empty().await;
    for _ in 0..2 {
        site.post("/v1/owners", body()).await.expect(201);
    }
    let keyring = keyring(&site);
    let mut nonces = Vec::new();
    for record in records(&site).iter().filter(|it| it.name == OwnerRegistered::NAME) {
        let registered: OwnerRegistered = record.open().unwrap();
        let email = registered.email.unwrap();
        assert!(email.open(&keyring).unwrap() == Opened::Value(EMAIL.to_owned()));
        nonces.extend([registered.name.nonce, registered.phone.unwrap().nonce, email.nonce]);
    }
    let count = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!((count, nonces.len()), (6, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_key_was_destroyed_is_not_known_again() {
    let site = Site::empty().await;
    let destroyed = vec![("key/owner-1".to_owned(), Some(Vec::new()))];
    let request = runtime::committer::Request::Blobs(destroyed);
    site.deployment.committer().commit(request).await.unwrap();
    site.post("/v1/owners", body()).await.problem(410, "gone");
    assert!(records(&site).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_is_named_but_not_repeated() {
    let site = Site::empty().await;
    for (field, right, wrong) in [
        ("phone", PHONE, "0171-secret"),
        ("email", EMAIL, "secret"),
        ("zone", "Asia/Kolkata", "secret zone"),
        ("language", "\"en\"", "\"secret_x\""),
    ] {
        let reply = site.post("/v1/owners", body().replace(right, wrong)).await;
        let detail = reply.problem(400, "malformed")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(field) && !detail.contains("secret"), "{detail}");
    }
    assert!(records(&site).is_empty());
}
