//! The start page: whole, harmless, and without any other site.

use crate::client::Ask;
use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_whole_without_its_script_and_asks_nobody_else() {
    let site = Site::open().await;
    site.register("VEH001").await;
    crate::capas::open(&site).await;
    let reply = site.get("/").await;
    assert_eq!(
        (reply.status, reply.headers["content-type"].as_str()),
        (200, "text/html; charset=utf-8")
    );
    let text = reply.text();
    for part in [
        "<b>1</b> assets",
        "<b>1</b> open CAPAs",
        "<b>0</b> contained",
        "<b>0</b> dead letters so far",
        "No case is open.",
        "witness",
        "/v1/changes",
        "<h1>AuroraSync</h1>",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("{{"), "everything is filled in");
    for outside in ["http://", "https://", "//cdn", "src="] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_script_and_style_may_run_each_time_under_another_nonce() {
    let site = Site::empty().await;
    let policy = |reply: &crate::client::Reply| reply.headers["content-security-policy"].clone();
    let (one, other) = (site.get("/").await, site.get("/").await);
    assert_ne!(policy(&one), policy(&other));
    let nonce = policy(&one).split("'nonce-").nth(1).unwrap()[..32].to_owned();
    assert!(policy(&one).starts_with("default-src 'none'; "));
    assert_eq!(one.text().matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    assert!(!one.text().contains("onclick") && !one.text().contains("style=\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_cannot_become_part_of_the_page() {
    let site = Site::empty().await;
    let accept = Ask::get("/").header("accept", "application/json");
    site.ask(accept).await.problem(406, "not-acceptable");
}
