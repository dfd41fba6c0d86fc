//! What the documents say of the language is read by the program itself.

use crate::theatre::read;

const REFERENCE: &str = include_str!("../../docs/scenarios.md");

/// What a script begins with, for blocks that show a part of one.
const HEAD: &str = "apiVersion: aurorasync/scenario.v1\nname: shown\nsummary: A part of one.\nseed: 42\n\
    clock: { mode: virtual, start: \"2026-03-02T02:30:00Z\" }\n\
    fleet: { profile: vehicle, size: 10, sample: 5s, history: none }\n";

/// The blocks of YAML, each with the line where it begins.
fn blocks(document: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in document.lines().enumerate() {
        match (open, line) {
            (false, "```yaml") => {
                blocks.push((number + 1, String::new()));
                open = true;
            }
            (true, "```") => open = false,
            (true, line) => {
                let (_, block) = blocks.last_mut().expect("a block is open");
                *block += line;
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

#[test]
fn every_block_of_the_reference_is_read() {
    let blocks = blocks(REFERENCE);
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    for (line, block) in blocks {
        let text = match () {
            () if block.starts_with("apiVersion:") => block,
            () if block.starts_with("  - ") => format!("{HEAD}steps:\n{block}"),
            () => format!("{HEAD}{block}steps:\n  - start: fleet\n"),
        };
        if let Err(error) = read(&format!("docs/scenarios.md:{line}"), &text) {
            panic!("{error}\nin\n{text}");
        }
    }
}

#[test]
fn the_reference_names_every_verb_and_every_measure() {
    let schema = scenarios::language::schema();
    let steps = schema["$defs"]["step"]["oneOf"].as_array().expect("a step has one of the verbs");
    assert!(steps.len() >= 16, "{} verbs", steps.len());
    for step in steps {
        let verb = step["required"][0].as_str().expect("a step needs its verb");
        assert!(REFERENCE.contains(&format!("`{verb}`")), "`{verb}` is not in the reference");
    }
    for (measure, ..) in scenarios::measure::VOCABULARY.measures.expect("there are measures") {
        assert!(REFERENCE.contains(measure), "`{measure}` is not in the reference");
    }
}
