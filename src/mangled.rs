//! What strangers may write: good texts with mistakes in them, which find more than chance alone. For the tests of whatever reads them, all of
//! which are named `any_text_is_answered`: `PROPTEST_CASES=1000000 cargo test --release --lib any_text_is_answered` runs them at length.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What parsers trip over: separators, escapes, other alphabets' digits, letters of two and four bytes and without a fixed case, controls.
const TRAPS: &[&str] = &[
    "",
    " ",
    "\t",
    "\r\n",
    "\0",
    "\u{7f}",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ",",
    ";",
    ":",
    ".",
    "=",
    "-",
    "+",
    "/",
    "%",
    "%00",
    "%ff",
    "%F0%9F",
    "&",
    "?",
    "#",
    "*",
    "_",
    "~",
    "0",
    "9",
    "00000000000000000000",
    "99999999999999999999",
    "-1",
    "1e999",
    "NaN",
    "null",
    "true",
    "é",
    "ß",
    "İ",
    "٣",
    "９",
    "𝟛",
    "💥",
    "\u{feff}",
    "\u{202e}",
    "\u{301}",
    "\u{10ffff}",
];

/// The most of a text that one mistake repeats.
const LONGEST_REPEATED: usize = 64;

/// One of these texts, which are good, with up to eight mistakes; now and then, any text at all.
pub fn mangled(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let with_mistakes = (select(good), vec(mistake(good), 0..=8)).prop_map(|(text, mistakes)| {
        let mut text: Vec<char> = text.chars().collect();
        for mistake in &mistakes {
            mistake.make(&mut text);
        }
        text.into_iter().collect()
    });
    prop_oneof![9 => with_mistakes, 1 => any::<String>()]
}

/// The same as bytes, of which up to four are any others, so that they need not be UTF-8.
pub fn mangled_bytes(good: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    (mangled(good), vec((any::<Index>(), any::<u8>()), 0..=4)).prop_map(|(text, others)| {
        let mut bytes = text.into_bytes();
        for (place, byte) in others {
            let place = place.index(bytes.len() + 1);
            bytes.splice(place..(place + 1).min(bytes.len()), [byte]);
        }
        bytes
    })
}

/// A mistake in the part of a text between two places, wherever they are in it.
#[derive(Debug, Clone)]
struct Mistake {
    places: [Index; 2],
    slip: Slip,
}

#[derive(Debug, Clone)]
enum Slip {
    Left,
    Cut,
    Repeated(usize),
    Reversed,
    Replaced(String),
    Inserted(String),
    Shouted,
}

fn mistake(good: &'static [&'static str]) -> impl Strategy<Value = Mistake> {
    let word = prop_oneof![3 => select(TRAPS).prop_map(str::to_owned), 2 => any::<char>().prop_map(String::from), 1 => part(good)].boxed();
    let slip = prop_oneof![
        2 => Just(Slip::Left),
        1 => Just(Slip::Cut),
        2 => (2..5_usize).prop_map(Slip::Repeated),
        1 => Just(Slip::Reversed),
        3 => word.clone().prop_map(Slip::Replaced),
        3 => word.prop_map(Slip::Inserted),
        1 => Just(Slip::Shouted),
    ];
    (any::<[Index; 2]>(), slip).prop_map(|(places, slip)| Mistake { places, slip })
}

/// A part of a good text.
fn part(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(good), any::<[Index; 2]>()).prop_map(|(text, places)| {
        let text: Vec<char> = text.chars().collect();
        let (from, to) = span(&places, text.len());
        text[from..to].iter().collect()
    })
}

/// A part, more often a short one than a long one.
fn span(places: &[Index; 2], length: usize) -> (usize, usize) {
    let from = places[0].index(length + 1);
    let longest = length - from;
    (from, from + places[1].index(longest + 1).min(places[1].index(8)))
}

impl Mistake {
    fn make(&self, text: &mut Vec<char>) {
        let (from, to) = span(&self.places, text.len());
        match &self.slip {
            Slip::Left => drop(text.drain(from..to)),
            Slip::Cut => text.truncate(from),
            Slip::Repeated(times) => {
                let part = text[from..(from + LONGEST_REPEATED).min(text.len())].repeat(*times);
                text.splice(from..from, part);
            }
            Slip::Reversed => text[from..to].reverse(),
            Slip::Replaced(word) => drop(text.splice(from..to, word.chars())),
            Slip::Inserted(word) => drop(text.splice(from..from, word.chars())),
            Slip::Shouted => text[from..to].iter_mut().for_each(|letter| *letter = letter.to_ascii_uppercase()),
        }
    }
}
