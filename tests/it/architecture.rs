//! The rules of the house (`src/lib.rs`), checked in its sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::database::root;

/// Which layers a layer may name, besides itself. Whoever adds a layer says here what it stands on.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("error", &[]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("batch", &["error"]),
    ("dataset", &["domain", "error", "clock"]),
    ("store", &["domain", "error", "batch"]),
    ("entitlement", &["domain", "error", "clock", "telemetry", "store"]),
    ("central_node", &["domain", "error", "clock", "store"]),
    ("service", &["domain", "error", "clock", "batch", "store", "entitlement", "central_node", "dataset"]),
    ("auth", &["domain", "error", "clock", "telemetry", "service"]),
    ("http", &["domain", "error", "clock", "telemetry", "service", "auth"]),
    ("worker", &["domain", "error", "clock", "telemetry", "service"]),
    ("mock", &["domain", "error", "clock", "service", "auth", "http", "store", "dataset", "entitlement", "central_node"]),
];

/// What is there for tests alone: it may be named by those of every layer, and names none.
const OF_TESTS: &str = "mangled";

/// What puts the house together, and may name everything.
const ROOF: &[&str] = &["lib", "main", "cli", "config", "server"];

static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcrate::(?:\{([^;]*)\}|([a-z_]+))").unwrap());
static OUTSIDE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^\s*(?:pub )?use super::([a-z_]+)").unwrap());

/// A source file: its path below `src`, its layer, its code without comments.
struct Source {
    path: PathBuf,
    layer: String,
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join("src"), &root().join("src"), &mut found);
    assert!(found.len() > 30);
    found
}

fn collect(top: &Path, dir: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(top, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(top).unwrap().to_owned();
            let layer = path.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            found.push(Source { path, layer, code, lines: text.lines().count() });
        }
    }
}

impl Source {
    /// The layers that the file names: what follows `crate::`, one by one or in braces, and what `super::` reaches from a layer's root.
    fn names(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for found in PATH.captures_iter(&self.code) {
            match (found.get(1), found.get(2)) {
                (Some(list), _) => named.extend(heads(list.as_str())),
                (_, Some(one)) => drop(named.insert(one.as_str().to_owned())),
                _ => {}
            }
        }
        if self.is_root_of_layer() {
            let layers = OUTSIDE.captures_iter(&self.code).map(|found| found[1].to_owned());
            named.extend(layers.filter(|name| LAYERS.iter().any(|(layer, _)| layer == name)));
        }
        named.remove(&self.layer);
        named.remove(OF_TESTS);
        named
    }

    fn is_root_of_layer(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "mod.rs") || self.path.components().count() == 1
    }
}

/// The first names of the paths in a list such as `http, store::{self, Store}`.
fn heads(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut flat = String::new();
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            letter if depth == 0 => flat.push(letter),
            _ => {}
        }
    }
    flat.split(',').map(|path| path.trim().split("::").next().unwrap_or_default().to_owned()).filter(|head| !head.is_empty()).collect()
}

#[test]
fn no_layer_knows_the_one_above() {
    let mut wrong = Vec::new();
    for source in sources() {
        if ROOF.contains(&source.layer.as_str()) {
            continue;
        }
        if source.layer == OF_TESTS {
            assert_eq!(source.names(), BTreeSet::new());
            continue;
        }
        let allowed = LAYERS.iter().find(|(layer, _)| *layer == source.layer);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{} is in no layer that this test knows", source.path.display()));
        for named in source.names() {
            if !allowed.contains(&named.as_str()) {
                wrong.push(format!("{} names {named}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Of `auth`, only the extractors know that there is HTTP and a service.
#[test]
fn tokens_know_nothing_of_services() {
    for source in sources().iter().filter(|source| source.layer == "auth" && !source.path.ends_with("extract.rs")) {
        assert!(!source.names().contains("service"), "{}", source.path.display());
    }
}

#[test]
fn crates_stay_where_they_belong() {
    let mut wrong = Vec::new();
    let text = Regex::new(r#""(\\.|[^"\\])*""#).unwrap();
    let waits = Regex::new(r"\basync\b|\.await\b").unwrap();
    let used = ["sqlx", "axum", "tokio", "reqwest"].map(|name| (name, Regex::new(&format!(r"\b{name}(::|!)|use {name}\b")).unwrap()));
    for source in sources() {
        let path = source.path.to_str().unwrap();
        let code = text.replace_all(&source.code, "");
        for (name, usage) in &used {
            let allowed = match *name {
                "sqlx" => source.layer == "store",
                "axum" => matches!(source.layer.as_str(), "http" | "mock") || matches!(path, "auth/extract.rs" | "server.rs"),
                "tokio" => source.layer != "domain",
                _ => !matches!(source.layer.as_str(), "domain" | "store" | "service" | "http"),
            };
            if !allowed && usage.is_match(&code) {
                wrong.push(format!("{path} uses {name}"));
            }
        }
        if source.layer == "domain" && waits.is_match(&source.code) {
            wrong.push(format!("{path} is async"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short() {
    let long: Vec<_> = sources().into_iter().filter(|source| source.lines > 500).map(|source| (source.path, source.lines)).collect();
    assert!(long.is_empty(), "{long:?}");
}

/// An exception is `#[expect(…, reason = "…")]`: it says why, and the compiler says when it is no longer one.
#[test]
fn exceptions_have_reasons() {
    let attribute = Regex::new(r"(?s)#!?\[(allow|expect)\((.*?)\)\]").unwrap();
    for source in sources() {
        for found in attribute.captures_iter(&source.code) {
            assert!(&found[1] == "expect" && found[2].contains("reason = "), "{}: {}", source.path.display(), &found[0]);
        }
    }
}

/// The image is built with the toolchain that Cargo.toml names.
#[test]
fn the_image_has_the_pinned_rust_version() {
    let of =
        |text: &str, key: &str| text.lines().find_map(|line| line.strip_prefix(key).map(|value| value.trim_matches(['"', ' ']).to_owned()));
    let pinned = of(include_str!("../../Cargo.toml"), "rust-version = ");
    assert!(pinned.is_some());
    assert_eq!(of(include_str!("../../Dockerfile"), "ARG RUST_VERSION="), pinned);
}

/// What Cargo.toml asks for is named somewhere; what is only for tests, in tests.
#[test]
fn every_dependency_is_used() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let name = Regex::new("^([a-z0-9_-]+) = ").unwrap();
    let of = |section: &str| -> Vec<String> {
        let (_, rest) = manifest.split_once(&format!("\n[{section}]\n")).unwrap();
        let lines = rest.lines().take_while(|line| !line.starts_with('['));
        lines.filter_map(|line| Some(name.captures(line)?[1].replace('-', "_"))).collect()
    };
    let program: String = sources().into_iter().map(|source| source.code).collect();
    let mut tests = Vec::new();
    collect(&root().join("tests"), &root().join("tests"), &mut tests);
    let tests = program.clone() + &tests.into_iter().map(|source| source.code).collect::<String>();
    for (section, code) in [("dependencies", program), ("dev-dependencies", tests)] {
        // In a path, and not as a module of ours.
        let is_used = |name: &String| {
            let path = format!("{name}::");
            code.match_indices(&path).any(|(place, _)| !code[..place].ends_with(|c: char| c == ':' || c == '_' || c.is_alphanumeric()))
        };
        let unused: Vec<_> = of(section).into_iter().filter(|name| !is_used(name)).collect();
        assert!(unused.is_empty() && of(section).len() > 4, "{section}: {unused:?}");
    }
}
