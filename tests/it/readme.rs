//! The README, and the page on operating, say what is true: their tables are the code's, their links lead somewhere, and the tour runs.

use std::path::Path;
use std::process::Command;

use clap::Args;
use clap::builder::StyledStr;
use portero::config::ServeConfig;
use portero::error::Kind;
use regex::Regex;
use serde_json::Value;

use crate::support::database::{ScratchDir, root};
use crate::support::process::{Served, in_dir, portero, run, search_path};

const README: &str = "README.md";
const OPERATING: &str = "deploy/README.md";

fn page(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The part of a page below a heading of the second level.
fn section(file: &str, title: &str) -> String {
    let page = page(file);
    let (_, rest) = page.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("{file} has no section '{title}'"));
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The rows of the only table of a section, without its two head lines.
fn table(file: &str, title: &str) -> Vec<String> {
    section(file, title).lines().filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect()
}

#[track_caller]
fn assert_table(title: &str, expected: &[String]) {
    assert!(table(README, title) == expected, "the table of '{title}' in README.md should be\n\n{}\n", expected.join("\n"));
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Each link within the repository is to a file that is there, and to a heading of it.
#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#]*)(?:#([^)]+))?\)").unwrap();
    for file in [README, OPERATING] {
        let text = page(file);
        let links: Vec<_> = link.captures_iter(&text).filter(|link| !link[1].contains("://")).collect();
        assert!(!links.is_empty(), "{file}");
        for link in links {
            let target = if link[1].is_empty() { root().join(file) } else { root().join(file).parent().unwrap().join(&link[1]) };
            let linked = std::fs::read_to_string(&target).unwrap_or_else(|error| panic!("{file}: {}: {error}", &link[0]));
            let headings = linked.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim()));
            let named = link.get(2).map(|heading| heading.as_str());
            assert!(named.is_none_or(|named| headings.into_iter().any(|heading| heading == named)), "{file}: {}", &link[0]);
        }
    }
}

#[test]
fn the_table_of_errors() {
    let row = |kind: &Kind| format!("| {} | `{}` | {} |", kind.status(), kind.id(), kind.msg());
    assert_table("Errors", &Kind::ALL.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_table_of_settings() {
    let command = ServeConfig::augment_args(clap::Command::new("serve"));
    let row = |setting: &clap::Arg| {
        let help = setting.get_help().map(StyledStr::to_string).unwrap_or_default();
        let default = setting.get_default_values().first().map(|value| format!("`{}`", value.to_str().unwrap())).unwrap_or_default();
        let (long, env) = (setting.get_long().unwrap(), setting.get_env().unwrap().to_str().unwrap());
        format!("| `--{long}` | `{env}` | {default} | {} |", help.replace('|', "\\|"))
    };
    assert_table("Settings", &command.get_arguments().map(row).collect::<Vec<_>>());
}

/// Who may call what is shown by tests that exist.
#[test]
fn the_table_of_threats() {
    let rows = table(OPERATING, "Who may call what");
    assert!(rows.len() > 10);
    for row in rows {
        let tests: Vec<_> = row.split('|').nth(4).unwrap().split('`').filter(|text| text.contains("::")).collect();
        assert!(!tests.is_empty(), "{row}");
        for test in tests {
            let (path, name) = test.rsplit_once("::").unwrap();
            let file = |path: &str| std::fs::read_to_string(root().join("tests/it").join(path)).ok();
            let path = path.replace("::", "/");
            let text = file(&format!("{path}.rs")).or_else(|| file(&format!("{path}/mod.rs"))).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}(")), "{test} is no test");
        }
    }
}

/// Each metric is explained, with its name as Prometheus shows it.
#[test]
fn the_table_of_metrics() {
    let types = crate::metrics::types().into_iter();
    let mut known: Vec<_> = types.map(|(name, kind)| if kind == "counter" { name + "_total" } else { name }).collect();
    let section = section(OPERATING, "Health, log, metrics, traces");
    let mut told: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("| `portero_")?.split_once('`')).collect();
    known.sort_unstable();
    told.sort_unstable();
    assert_eq!(told.iter().map(|(name, _)| format!("portero_{name}")).collect::<Vec<_>>(), known);
}

/// Each alert is explained, and whatever metric the page on operating or an alert names, there is.
#[test]
fn the_table_of_alerts() {
    let alerts = page("deploy/alerts.yaml");
    let written: Vec<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let rows = table(OPERATING, "Alerts");
    let explained: Vec<_> = rows.iter().map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(explained, written);
    let known = crate::metrics::series();
    let metric = Regex::new(r"portero_(?:[a-z]+_)+[a-z]+").unwrap();
    for text in [alerts, page(OPERATING)] {
        let names: Vec<_> = metric.find_iter(&text).map(|name| name.as_str()).collect();
        assert!(names.len() > 8);
        let unknown: Vec<_> = names.iter().filter(|name| !known.contains(**name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

/// A step of the tour: a block of shell and what it prints.
struct Step {
    shell: String,
    language: String,
    output: String,
}

/// The pairs of a `sh` block and the `json` or `text` block that follows it.
fn steps(section: &str) -> Vec<Step> {
    let mut blocks = Vec::new();
    let mut fenced: Option<(String, Vec<&str>)> = None;
    for line in section.lines() {
        match (line.strip_prefix("```"), &mut fenced) {
            (Some(_), Some((language, lines))) => {
                blocks.push((std::mem::take(language), lines.join("\n")));
                fenced = None;
            }
            (Some(language), None) => fenced = Some((language.trim().to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    let mut steps = Vec::new();
    let mut blocks = blocks.into_iter().peekable();
    while let Some((language, shell)) = blocks.next() {
        assert_eq!(language, "sh", "a block of output without a block of shell: {shell}");
        let (language, output) = blocks.next_if(|(language, _)| language != "sh").unwrap_or_default();
        steps.push(Step { shell, language, output });
    }
    steps
}

/// Every block of the tour but the first, which starts the server and sets the variables that the others use: here the test does that.
#[test]
fn the_tour() {
    let steps = steps(&section(README, "A tour"));
    assert!(steps.len() > 5 && steps[0].shell.contains("portero serve") && steps[0].shell.contains("portero token --org masmovil"));
    walk(&steps[1..]);
}

#[test]
fn a_world_for_each_test() {
    let steps = steps(&section(README, "A world for each test"));
    assert_eq!(steps.len(), 3);
    walk(&steps);
}

/// Runs each step in the same directory, against one fresh server on a free port, and compares what it prints.
fn walk(steps: &[Step]) {
    let dir = ScratchDir::new();
    let served = Served::from(&mut in_dir(&dir, &["serve", "--listen", "127.0.0.1:0"]));
    let token = run(&mut portero(&["token", "--org", "masmovil"])).stdout;
    let program = Path::new(env!("CARGO_BIN_EXE_portero")).parent().unwrap();
    let path = format!("{}:{}", program.display(), search_path().unwrap().1);
    for step in steps {
        assert!(!step.output.is_empty(), "nothing is said about what this prints:\n{}", step.shell);
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &step.shell]).current_dir(&*dir);
        shell.env("PATH", &path).env("URL", &served.url).env("TOKEN", token.trim_end());
        let output = run(&mut shell);
        assert_eq!(output.code, 0, "{}\n{}", step.shell, output.stderr);
        let printed = output.stdout.trim_end();
        if step.language == "json" {
            let (expected, printed): (Value, Value) = (serde_json::from_str(&step.output).unwrap(), serde_json::from_str(printed).unwrap());
            assert!(agrees(&expected, &printed), "{}\nprints\n{printed:#}\nbut the README says\n{}", step.shell, step.output);
        } else {
            assert_eq!(printed, step.output, "{}", step.shell);
        }
    }
}

/// Whether two values are the same, where `"…"` stands for any.
fn agrees(expected: &Value, printed: &Value) -> bool {
    match (expected, printed) {
        (Value::String(text), _) if text == "…" => true,
        (Value::Object(expected), Value::Object(printed)) => {
            expected.len() == printed.len()
                && expected.iter().all(|(name, value)| printed.get(name).is_some_and(|other| agrees(value, other)))
        }
        (Value::Array(expected), Value::Array(printed)) => {
            expected.len() == printed.len() && expected.iter().zip(printed).all(|(value, other)| agrees(value, other))
        }
        (expected, printed) => expected == printed,
    }
}
