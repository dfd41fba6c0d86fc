//! Scripts with something taken out of them or called otherwise, as texts: the language reads them like any other.

use scenarios::scripts::{SCRIPTS, find};

/// The text of a script that comes with the program.
pub(crate) fn text(name: &str) -> &'static str {
    let known = || SCRIPTS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    find(name).unwrap_or_else(|| panic!("`{name}` is not among {:?}", known()))
}

/// The same story with no past, and nothing that rests on one. Where there was one the fault takes twice its three days:
/// a trend that nothing quiet went before is an emergency at once, and that is another story.
pub(crate) fn without_past(text: &str) -> String {
    let slower = match text.contains("history: { days") {
        true => text.replace("ramp: 3d", "ramp: 6d").replace("within: 3d", "within: 6d"),
        false => text.to_owned(),
    };
    let mut kept = String::new();
    let mut given = false;
    for line in without_capas(&slower).lines() {
        given = line == "given:" || (given && line.starts_with(' '));
        let head = line.split("history:").next().unwrap_or_default();
        if given {
            continue;
        }
        if line.trim_start().starts_with("history:") && line.contains("days") {
            kept += head;
            kept += "history: none";
        } else {
            kept += line;
        }
        kept.push('\n');
    }
    kept
}

/// The text up to where a CAPA that the past opened is expected, and what is done at the end.
fn without_capas(text: &str) -> String {
    let past = text.contains("history: { days");
    let Some(act) = text.find("  - expect: { event: capa.opened").filter(|_| past) else {
        return text.to_owned();
    };
    let always = text.find("\nalways:").expect("what is injected is cleared at the end");
    text[..act].to_owned() + &text[always + 1..]
}

/// The same story where the fault called `name` is neither injected nor cleared.
pub(crate) fn without_fault(text: &str, name: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let named = lines.iter().position(|line| line.trim() == format!("as: {name}"));
    let named = named.unwrap_or_else(|| panic!("no fault is called `{name}`"));
    assert!(lines[named - 1].contains("- inject:"), "{}", lines[named - 1]);
    let clears = format!("- clear: \"${{{name}}}\"");
    let dropped = |(number, line): &(usize, &&str)| {
        ![named - 1, named].contains(number) && line.trim() != clears
    };
    let mut left: Vec<&str> =
        lines.iter().enumerate().filter(dropped).map(|(_, line)| *line).collect();
    // An empty list of what is done at the end is no list.
    if left.last().is_some_and(|line| line.trim() == "always:") {
        left.pop();
    }
    left.join("\n") + "\n"
}

/// Names of the faults that a script injects.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let injected = lines.windows(2).filter(|pair| pair[0].contains("- inject:"));
    injected.filter_map(|pair| Some(pair[1].trim().strip_prefix("as: ")?.to_owned())).collect()
}

#[test]
fn every_script_is_shipped_and_every_shipped_one_is_read_without_its_faults_and_past() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/scripts");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> =
        files.map(|name| name.to_string_lossy().trim_end_matches(".yaml").to_owned()).collect();
    names.sort();
    assert_eq!(names, SCRIPTS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    for (name, text) in SCRIPTS {
        let mut bare = without_past(text);
        assert!(!bare.contains("history: {") && !bare.contains("given:"), "{bare}");
        for fault in faults(text) {
            bare = without_fault(&bare, &fault);
        }
        assert!(!bare.contains("- inject:"), "{name} names each of its faults");
        crate::theatre::read(name, &bare).unwrap_or_else(|error| panic!("{error}"));
    }
}
