use std::hint::black_box;
use std::time::Instant;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::borrow::Cow;
fn time(name: &str, n: u32, mut f: impl FnMut()) {
    for _ in 0..n/10 { f(); }
    let mut best = f64::MAX;
    for _ in 0..7 { let t=Instant::now(); for _ in 0..n { f(); } best = best.min(t.elapsed().as_nanos() as f64 / f64::from(n)); }
    println!("{name}: {best:.0} ns");
}
#[derive(serde::Deserialize)]
struct S<'a> { #[allow(dead_code)] t: Cow<'a,str>, #[allow(dead_code)] seq: u64, #[serde(borrow)] #[allow(dead_code)] s: BTreeMap<&'a str, f64> }
#[derive(serde::Deserialize)]
struct R<'a> { #[serde(borrow)] #[allow(dead_code)] t: &'a RawValue, #[serde(borrow)] #[allow(dead_code)]seq: &'a RawValue, #[serde(borrow)] #[allow(dead_code)]s: &'a RawValue }
#[test]
fn bench() {
    let names=["engine_speed","vehicle_speed","coolant_temperature","intake_temperature","battery_voltage","throttle_position","fuel_level","oil_pressure","brake_pad_front","tyre_pressure"];
    let s: Vec<_>=names.iter().enumerate().map(|(i,n)|format!("\"{n}\":{}",12.5+i as f64*3.7)).collect();
    let obj=format!("{{{}}}", s.join(","));
    let one=format!(r#"{{"t":"2026-03-02T06:00:00.250Z","seq":17,"s":{obj}}}"#);
    if std::env::var("LOOP").is_ok() { for _ in 0..1_500_000 { black_box(messages::telemetry::json::parse("demo","VEH001",black_box(one.as_bytes())).unwrap()); } return; }
    time("plain serde struct",100_000,||{black_box(serde_json::from_str::<S>(black_box(&one)).unwrap());});
    time("raw top",100_000,||{black_box(serde_json::from_str::<R>(black_box(&one)).unwrap());});
    time("raw map s",100_000,||{black_box(serde_json::from_str::<BTreeMap<&str,&RawValue>>(black_box(&obj)).unwrap());});
    time("f64 map s",100_000,||{black_box(serde_json::from_str::<BTreeMap<&str,f64>>(black_box(&obj)).unwrap());});
    time("ignore",100_000,||{black_box(serde_json::from_str::<serde::de::IgnoredAny>(black_box(&obj)).unwrap());});
    time("ts",100_000,||{black_box("2026-03-02T06:00:00.250Z".parse::<messages::Timestamp>().unwrap());});
    time("f64 x10",100_000,||{for i in ["12.5","16.2","19.9","23.6","27.3","31","34.7","38.400000000000006","42.1","45.8"] {black_box(black_box(i).parse::<f64>().unwrap());}});
    time("utf8",100_000,||{black_box(std::str::from_utf8(black_box(one.as_bytes())).unwrap());});
}
