use std::time::Instant;
fn main() {
    let work = models::forest::Workload::new(1, 200_000).unwrap();
    println!("model bytes {}", work.forest().encode().unwrap().len());
    for _ in 0..3 {
        let t = Instant::now(); let s = work.score_in_blocks().unwrap(); let e = t.elapsed();
        println!("blocks {:.0} rows/s (sum {s:.3})", 200_000.0 / e.as_secs_f64());
        let t = Instant::now(); let s = work.score_singly().unwrap(); let e = t.elapsed();
        println!("singly {:.0} rows/s (sum {s:.3})", 200_000.0 / e.as_secs_f64());
    }
}
