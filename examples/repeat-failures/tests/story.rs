//! A story in which the agent plays beside all others, told by the program itself.

use std::process::Command;

#[test]
fn the_story_comes_true() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/story.yaml");
    let told = Command::new(env!("CARGO_BIN_EXE_repeat-failures"))
        .args(["scenario", "run", script, "--out"])
        .arg(folder.path())
        .output()
        .expect("the program runs");
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success(), "{out}{err}");
}
