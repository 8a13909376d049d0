//! Every command in every situation that the rules tell apart. `decisions.txt` is the table: each
//! block names a situation, tells how it comes about, and lists what every command does in it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::calendar::Calendar;

/// A time of the week of Monday 17 November 2025 in Madrid: `Mon 14:00`.
fn at(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').unwrap();
    let date = ["Mon", "Tue", "Wed"].iter().position(|name| *name == day).unwrap() + 17;
    format!("2025-11-{date}T{time}:00+01:00").parse().unwrap()
}

fn shown_at(at: Timestamp) -> String {
    let madrid = TimeZone::get("Europe/Madrid").unwrap();
    at.to_zoned(madrid).strftime("%a %H:%M").to_string()
}

/// Of a request made on Monday morning: Tv is 14:00 to 20:00, the cancel limit Tuesday 14:00, the
/// window Wednesday 02:00.
fn registration(created: &str, silence: Silence) -> Registration {
    let schedule = Calendar::new([]).unwrap().schedule(at(created)).unwrap();
    Registration::new(schedule, silence)
}

/// How the table calls the beginnings of a porting.
fn begin(name: &str) -> Porting {
    let registration = registration("Mon 10:00", Silence::Rejects);
    let transition = match name {
        "sent" => Porting::send(at("Mon 07:00"), at("Mon 08:00")),
        "refused" => Porting::refuse(NodeRefusal::Exist, at("Mon 10:00")),
        "registered" => Porting::register(registration),
        "extraordinary" => Porting::register(self::registration("Mon 10:00", Silence::Accepts)),
        "internal" => {
            let schedule = self::registration("Mon 07:00", Silence::Rejects).schedule;
            let schedule = schedule.internal(at("Mon 07:00"));
            Porting::register(Registration::new(schedule, Silence::Rejects))
        }
        outside => {
            let words: Vec<&str> = outside.split([',', ' ']).collect();
            let ["outside", "", answer, "after", minutes, "minutes"] = words[..] else {
                panic!("unknown beginning {name}");
            };
            let after = Duration::from_secs(60 * minutes.parse::<u64>().unwrap());
            Porting::register(registration.answering(Answer::parse(answer).unwrap(), after))
        }
    };
    transition.porting
}

/// How the table calls the commands.
fn commands() -> Vec<(&'static str, Command)> {
    let register = Command::Register(registration("Mon 08:00", Silence::Rejects));
    vec![
        ("Register", register),
        ("RefuseAtNode EXIST", Command::RefuseAtNode(NodeRefusal::Exist)),
        ("Accept", Command::Accept),
        ("Deny IDENT", Command::Deny(DenyCause::Ident)),
        ("Deny PERDI", Command::Deny(DenyCause::Perdi)),
        ("RestartReply", Command::RestartReply),
        ("Cancel ABONA", Command::Cancel(CancelCause::Abona)),
        ("Cancel TECNI", Command::Cancel(CancelCause::Tecni)),
        ("Elapse", Command::Elapse),
    ]
}

/// A situation of the table.
struct Situation {
    name: &'static str,
    porting: Porting,
    now: Timestamp,
    due: &'static str,
    /// What each command does.
    outcomes: Vec<&'static str>,
}

fn situations() -> Vec<Situation> {
    include_str!("decisions.txt").split("\n\n").map(situation).collect()
}

fn situation(block: &'static str) -> Situation {
    let mut lines = block.lines();
    let name = lines.next().unwrap();
    let mut steps = lines.next().unwrap().trim().split(';').map(str::trim);
    let mut porting = begin(steps.next().unwrap());
    let due = steps.next_back().unwrap().strip_prefix("due ").unwrap();
    let now = at(steps.next_back().unwrap().strip_prefix("now ").unwrap());
    for step in steps {
        porting = take_step(&porting, step);
    }
    Situation { name, porting, now, due, outcomes: lines.collect() }
}

/// `Accept Mon 15:00`
fn take_step(porting: &Porting, step: &str) -> Porting {
    let (command, time) = step.split_at(step.len() - "Mon 15:00".len());
    let (_, command) = commands().into_iter().find(|(name, _)| *name == command.trim_end()).unwrap();
    match decide(command, porting, at(time)) {
        Decision::Applied(transition) => transition.porting,
        other => panic!("{step}: {other:?}"),
    }
}

fn shown(decision: &Decision) -> String {
    match decision {
        Decision::AlreadyDone => "already done".to_owned(),
        Decision::Refused(refusal) => format!("refused: {}", shown_refusal(*refusal)),
        Decision::Applied(transition) => shown_transition(transition),
    }
}

fn shown_transition(transition: &Transition) -> String {
    let Record { state, reply_deadline, unsent, .. } = transition.porting.record();
    let mut text = state.to_string();
    if let Some(deadline) = reply_deadline {
        write!(text, ", answer due {}", shown_at(deadline)).unwrap();
    }
    if let Some(unsent) = unsent {
        write!(text, ", {} to be sent {}", unsent.answer, shown_at(unsent.send_at)).unwrap();
    }
    if let Some(Event { message_type, cause, at }) = transition.event {
        let cause = cause.map(|cause| format!(" {cause}")).unwrap_or_default();
        write!(text, "; {message_type}{cause} of {}", shown_at(at)).unwrap();
    }
    text
}

/// The refusal with its instant, if any, as a time of the week.
fn shown_refusal(refusal: Refusal) -> String {
    match refusal {
        Refusal::NodeClosed(at) => format!("NodeClosed until {}", shown_at(at)),
        Refusal::Unsettled(at) => format!("Unsettled since {}", shown_at(at)),
        Refusal::CancelLimitPassed(at) => format!("CancelLimitPassed {}", shown_at(at)),
        Refusal::WindowPassed(at) => format!("WindowPassed {}", shown_at(at)),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_command_in_every_situation() {
    for Situation { name, porting, now, due, outcomes } in situations() {
        assert_eq!(due_at(&porting).map_or("never".to_owned(), shown_at), due, "{name}: due");
        let found: Vec<String> =
            commands().into_iter().map(|(name, command)| format!("    {name:<20}{}", shown(&decide(command, &porting, now)))).collect();
        assert_eq!(found, outcomes, "{name}");
    }
}

#[test]
fn the_table_has_every_state() {
    let found: BTreeSet<State> = situations().iter().map(|situation| situation.porting.state()).collect();
    assert_eq!(found, State::ALL.iter().copied().collect());
}

/// Nobody is told; what waits goes on waiting, and what does not wait never begins to.
#[test]
fn a_request_waits_for_a_later_minute() {
    let (opening, later) = (at("Mon 08:00"), at("Mon 08:01"));
    let Decision::Applied(Transition { porting, event }) = decide(Command::WaitUntil(later), &begin("sent"), opening) else {
        panic!("it does not wait");
    };
    assert_eq!((due_at(&porting), event), (Some(later), None));
    assert_eq!(decide(Command::WaitUntil(opening), &porting, opening), Decision::AlreadyDone);
    assert_eq!(decide(Command::WaitUntil(later), &begin("registered"), opening), Decision::Refused(Refusal::NotWaiting));
}
