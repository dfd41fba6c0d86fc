//! Misconduct on the wall's clock: raw steps with an agent's credential are refused at once and contained.

use crate::process::run;

#[test]
fn raw_steps_with_an_agents_credential_are_refused_and_contained_on_the_walls_clock() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["--vehicles", "4", "--seconds", "2", "--rounds", "1", "-o", "json"];
    let kinds = ["bench", "containment", "--kinds", "scope_abuse,raw_steps"];
    let ran = run(folder.path(), &[&kinds[..], &few].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let measured = ran.json();
    let attacks = measured["attacks"].as_array().unwrap();
    assert_eq!(attacks.len(), 2, "{measured}");
    for attack in attacks {
        assert_eq!(attack["steps"], attack["refused"], "every step is refused: {attack}");
        let refused = attack["refused_after_ms"][0].as_f64().unwrap();
        assert!(attack["contained_after_ms"][0].as_f64().unwrap() >= refused, "{attack}");
        assert_eq!(attack["others_contained"], 0, "{attack}");
        for slices in ["quiet", "attacked"] {
            let felt = &attack["others_append_until_durable"][slices];
            assert!(felt["count"].as_u64().unwrap() > 0, "{attack}");
        }
    }
}
