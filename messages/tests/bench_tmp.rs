use messages::telemetry::{Telemetry, json};
use messages::{record, Message};
use std::hint::black_box;
use std::time::Instant;
fn time(name: &str, n: u32, mut f: impl FnMut()) {
    for _ in 0..n/10 { f(); }
    let mut best = f64::MAX;
    for _ in 0..5 { let t=Instant::now(); for _ in 0..n { f(); } best = best.min(t.elapsed().as_nanos() as f64 / f64::from(n)); }
    println!("{name}: {best:.0} ns");
}
#[test]
fn bench() {
    let names=["engine_speed","vehicle_speed","coolant_temperature","intake_temperature","battery_voltage","throttle_position","fuel_level","oil_pressure","brake_pad_front","tyre_pressure"];
    let s: Vec<_>=names.iter().enumerate().map(|(i,n)|format!("\"{n}\":{}",12.5+i as f64*3.7)).collect();
    let one=format!(r#"{{"t":"2026-03-02T06:00:00.250Z","seq":17,"s":{{{}}}}}"#, s.join(","));
    println!("one sample {} B", one.len());
    time("parse one",100_000,||{black_box(json::parse("demo","VEH001",black_box(one.as_bytes())).unwrap());});
    let many=format!(r#"{{"boot":1,"samples":[{}]}}"#, vec![one.clone();100].join(","));
    time("parse frame of 100, per sample x100",2_000,||{black_box(json::parse("demo","VEH001",black_box(many.as_bytes())).unwrap());});
    let f1=json::parse("demo","VEH001",one.as_bytes()).unwrap().frame;
    let f100=json::parse("demo","VEH001",many.as_bytes()).unwrap().frame;
    let b1=record::encode(&f1).unwrap(); let b100=record::encode(&f100).unwrap();
    println!("postcard one {} B, 100 {} B", b1.len(), b100.len());
    time("postcard encode 1",100_000,||{black_box(record::encode(black_box(&f1)).unwrap());});
    time("postcard decode 1",100_000,||{black_box(record::decode::<Telemetry>(black_box(&b1)).unwrap());});
    time("postcard encode 100",5_000,||{black_box(record::encode(black_box(&f100)).unwrap());});
    time("postcard decode 100",5_000,||{black_box(record::decode::<Telemetry>(black_box(&b100)).unwrap());});
    time("identity by content",100_000,||{black_box(f1.reading_identity(black_box(&f1.samples[0])));});
    let env=messages::Envelope::new(messages::MessageId::named("a","b"),"x",&f100).unwrap();
    let eb=postcard::to_stdvec(&env).unwrap();
    time("envelope of 100 decode",20_000,||{black_box(postcard::from_bytes::<messages::Envelope>(black_box(&eb)).unwrap());});
    time("envelope headers",50_000,||{black_box(messages::cloudevents::to_headers(black_box(&env)).unwrap());});
    let _ = Telemetry::NAME;
}
