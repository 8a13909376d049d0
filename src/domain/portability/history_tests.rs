//! Whole lives of portings: the Central Node's own, then random ones.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::calendar::{Calendar, oracle};

/// A porting and what happened to it, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
struct Life {
    porting: Porting,
    events: Vec<Event>,
}

impl Life {
    fn begin(transition: Transition) -> Self {
        let event = transition.event.unwrap();
        check_change(None, &transition);
        Self { porting: transition.porting, events: vec![event] }
    }

    /// Everything that is due happens; `node` decides on a request that waited.
    fn settle(&mut self, now: Timestamp, node: &Command) {
        while let Some(due) = due_at(&self.porting).filter(|due| *due <= now) {
            let command = if self.porting.state() == State::Aenv { node.clone() } else { Command::Elapse };
            let Decision::Applied(transition) = decide(command, &self.porting, now) else {
                panic!("nothing happened to {:?}, due {due}", self.porting);
            };
            assert_eq!(transition.event.unwrap().at, due, "stamped with the time at which it was due");
            self.take(transition);
        }
    }

    fn give(&mut self, command: Command, now: Timestamp) -> Decision {
        let decision = decide(command, &self.porting, now);
        if let Decision::Applied(transition) = &decision {
            self.take(transition.clone());
        }
        decision
    }

    fn take(&mut self, transition: Transition) {
        check_change(Some(&self.porting), &transition);
        self.events.extend(transition.event);
        self.porting = transition.porting;
    }
}

/// Whether the change is one of those that a porting may make, and its event fits it.
fn check_change(from: Option<&Porting>, Transition { porting, event }: &Transition) {
    use MessageType as M;
    use State::{Acan, Acon, Aenv, Apor, Arec, Asol};
    let states = (from.map(Porting::state), porting.state());
    let Some(event) = event else {
        assert!(matches!(states, (Some(Asol), Asol) | (Some(Aenv), Aenv)), "only an unsent answer and a wait change without an event");
        return;
    };
    let legal = match event.message_type {
        M::EnvioAlta => matches!(states, (None, Aenv)),
        M::SolicitudAlta => matches!(states, (None | Some(Aenv), Asol)),
        M::RechazoAlta => matches!(states, (None | Some(Aenv | Asol), Arec)),
        M::ConfirmacionAlta => matches!(states, (Some(Asol), Acon)),
        M::CancelacionAlta => matches!(states, (Some(Aenv | Asol | Acon), Acan)),
        M::PortabilidadEfectiva => matches!(states, (Some(Acon), Apor)),
        M::ReinicioRespuesta => matches!(states, (Some(Acon | Arec), Asol)),
    };
    assert!(legal, "{states:?} by {event:?}");
    assert_eq!(event.cause, porting.cause());
    check_time(from, porting, event);
}

/// Whether the event lies in the period that the Node allows for it.
fn check_time(from: Option<&Porting>, porting: &Porting, event: &Event) {
    let (Some(from), Some(schedule)) = (from, porting.schedule()) else {
        return;
    };
    let deadline = from.record().reply_deadline;
    let in_time = match (event.message_type, event.cause) {
        (MessageType::RechazoAlta, Some(Cause::NoReply)) => deadline == Some(event.at),
        (MessageType::ConfirmacionAlta, _) if from.record().silence == Some(Silence::Accepts) => {
            schedule.tv().start <= event.at && deadline >= Some(event.at)
        }
        (MessageType::ConfirmacionAlta | MessageType::RechazoAlta, _) => schedule.tv().start <= event.at && deadline > Some(event.at),
        (MessageType::CancelacionAlta, _) => event.at < schedule.cancel_limit(),
        (MessageType::PortabilidadEfectiva, _) => event.at == schedule.window(),
        (MessageType::ReinicioRespuesta, _) => event.at < schedule.window(),
        _ => true,
    };
    assert!(in_time, "{event:?} after {from:?}");
}

/// Nothing can happen any more; a donor's refusal can still be taken back.
fn is_over(porting: &Porting) -> bool {
    match porting.state() {
        State::Acan | State::Apor => true,
        State::Arec => !matches!(porting.cause(), Some(Cause::Denied(_))),
        State::Aenv | State::Asol | State::Acon => false,
    }
}

/// The Node's processes, but the one that is a number return, come to their state at the time at
/// which they did.
#[test]
fn lives_at_the_central_node() {
    let calendar = Calendar::new([]).unwrap();
    let mut compared = 0;
    for row in oracle::rows() {
        let Some(window) = row.window else { continue };
        let schedule = calendar.schedule(row.created).unwrap();
        let schedule = calendar.choose_window(schedule, window).unwrap();
        let node = Command::RefuseAtNode(NodeRefusal::Exist);
        let mut life = Life::begin(Porting::register(Registration::new(schedule, Silence::Rejects)));
        let at = row.state_at.unwrap_or(row.created);
        life.settle(at, &node);
        let command = match Cause::parse(row.cause) {
            Some(Cause::Denied(cause)) => Some(Command::Deny(cause)),
            Some(Cause::Cancelled(cause)) => Some(Command::Cancel(cause)),
            _ => (row.state == "APOR").then_some(Command::Accept),
        };
        if let Some(command) = command {
            assert!(matches!(life.give(command, at), Decision::Applied(_)), "{}", row.reference);
        }
        assert_eq!(life.events.last().unwrap().at, at, "{}", row.reference);
        if row.state == "APOR" {
            life.settle(window, &node);
        }
        assert_eq!(life.porting.state().as_str(), row.state, "{}", row.reference);
        assert_eq!(life.porting.cause().map(Cause::as_str), Some(row.cause).filter(|cause| !cause.is_empty()));
        compared += 1;
    }
    assert_eq!(compared, 16);
}

/// How a random life begins, and what the Node makes of it if it waits.
#[derive(Clone, Debug)]
struct Birth {
    begun_at: Timestamp,
    life: Life,
    node: Command,
}

fn births() -> impl Strategy<Value = Birth> {
    let created = (1_735_689_600_000_000_i64..1_798_761_600_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap());
    let silence = select(Silence::ALL);
    let programmed = proptest::option::of((answers(), 0_u64..500));
    (created, silence, programmed, 0_i64..20, any::<bool>(), 0..5).prop_map(|(created, silence, programmed, later, internal, node)| {
        let calendar = Calendar::new([]).unwrap();
        let mut schedule = calendar.schedule(created).unwrap();
        let window = schedule.window() + SignedDuration::from_hours(24 * later);
        schedule = calendar.choose_window(schedule.clone(), window).unwrap_or(schedule);
        let opens_at = schedule.registered_at();
        if internal {
            schedule = schedule.internal(created);
        }
        let mut registration = Registration::new(schedule, silence);
        if let Some((answer, minutes)) = programmed {
            registration = registration.answering(answer, Duration::from_secs(minutes * 60));
        }
        let begun = match (internal || opens_at == created, node) {
            (true, 0) => Porting::refuse(NodeRefusal::Enume, created),
            (true, _) => Porting::register(registration.clone()),
            (false, _) => Porting::send(created, opens_at),
        };
        let node = match node {
            0 => Command::RefuseAtNode(NodeRefusal::Cupo1),
            _ => Command::Register(registration),
        };
        Birth { begun_at: created, life: Life::begin(begun), node }
    })
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![Just(Answer::Accept), select(DenyCause::ALL).prop_map(Answer::Deny)]
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        3 => Just(Command::Accept),
        3 => select(&DenyCause::ALL[..2]).prop_map(Command::Deny),
        3 => Just(Command::RestartReply),
        1 => select(&CancelCause::ALL[..2]).prop_map(Command::Cancel),
        1 => Just(Command::RefuseAtNode(NodeRefusal::Exist)),
        1 => Just(Command::Elapse),
    ]
}

/// How far the clock goes before the next command.
#[derive(Clone, Copy, Debug)]
enum Pause {
    Micros(i64),
    /// To the next change that is due, or so much before or after it.
    NearDue(i64),
}

fn pauses() -> impl Strategy<Value = Pause> {
    prop_oneof![Just(Pause::Micros(0)), (0_i64..100_000_000_000).prop_map(Pause::Micros), (-1_i64..=1).prop_map(Pause::NearDue),]
}

impl Pause {
    fn after(self, now: Timestamp, porting: &Porting) -> Timestamp {
        let then = match self {
            Self::Micros(micros) => now + SignedDuration::from_micros(micros),
            Self::NearDue(micros) => due_at(porting).unwrap_or(now) + SignedDuration::from_micros(micros),
        };
        then.max(now)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn lives_are_legal(birth in births(), steps in proptest::collection::vec((pauses(), commands()), 0..12)) {
        let Birth { begun_at: mut now, mut life, node } = birth;
        for (pause, command) in steps {
            now = pause.after(now, &life.porting);
            life.settle(now, &node);
            prop_assert_eq!(decide(Command::Elapse, &life.porting, now), Decision::AlreadyDone);
            let before = life.clone();
            let decision = life.give(command.clone(), now);
            prop_assert!(!matches!(decision, Decision::Refused(Refusal::Unsettled(_) | Refusal::AwaitsNode)));
            if is_over(&before.porting) || !matches!(decision, Decision::Applied(_)) {
                prop_assert_eq!(&life, &before);
            }
            if !matches!(decision, Decision::Refused(_)) {
                prop_assert_eq!(life.give(command, now), Decision::AlreadyDone);
            }
            prop_assert_eq!(Porting::restore(life.porting.record()), Ok(life.porting.clone()));
        }
        prop_assert!(life.events.is_sorted_by_key(|event| event.at));
        let end = life.events.iter().rposition(|event| {
            matches!(event.message_type, MessageType::CancelacionAlta | MessageType::PortabilidadEfectiva)
                || matches!(event.cause, Some(Cause::NoReply | Cause::Node(_)))
        });
        prop_assert!(end.is_none_or(|end| end + 1 == life.events.len()));
    }

    #[test]
    fn one_jump_is_many_small_steps(
        birth in births(), command in commands(), pause in pauses(),
        small in proptest::collection::vec(pauses(), 0..10), rest in 0_i64..3_000_000_000_000,
    ) {
        let Birth { begun_at, mut life, node } = birth;
        let mut now = pause.after(begun_at, &life.porting);
        life.settle(now, &node);
        life.give(command, now);
        let mut jumping = life.clone();
        for pause in small {
            now = pause.after(now, &life.porting);
            life.settle(now, &node);
        }
        now += SignedDuration::from_micros(rest);
        life.settle(now, &node);
        jumping.settle(now, &node);
        prop_assert_eq!(jumping, life);
    }

    #[test]
    fn what_is_foreseen_happens(birth in births(), steps in proptest::collection::vec((pauses(), commands()), 0..6)) {
        let Birth { begun_at: mut now, mut life, node } = birth;
        for (pause, command) in steps {
            now = pause.after(now, &life.porting);
            life.settle(now, &node);
            life.give(command, now);
            let foreseen = foreseen(&life.porting);
            prop_assert!(foreseen.len() <= 2);
            if life.porting.state() == State::Aenv {
                prop_assert!(foreseen.is_empty());
                continue;
            }
            prop_assert_eq!(due_at(&life.porting), foreseen.first().map(|step| step.event.at));
            let mut later = life.clone();
            for step in &foreseen {
                later.settle(step.event.at, &node);
                prop_assert_eq!((later.porting.state(), later.events.last()), (step.state, Some(&step.event)));
            }
            prop_assert_eq!(later.events.len(), life.events.len() + foreseen.len());
        }
    }

    #[test]
    fn left_alone_every_life_ends(birth in births()) {
        let Birth { begun_at, mut life, node } = birth;
        life.settle(begun_at + SignedDuration::from_hours(24 * 60), &node);
        prop_assert!(!life.porting.state().is_active());
        prop_assert_eq!(due_at(&life.porting), None);
    }

    /// A sandbox's clock may be set back, and a caller may forget to settle: still every answer is
    /// one, and what comes of it can be stored.
    #[test]
    fn any_clock_is_answered(
        birth in births(), steps in proptest::collection::vec((-200_i64..200, commands()), 0..12),
    ) {
        let Birth { begun_at, life: Life { mut porting, .. }, node } = birth;
        for (hours, command) in steps {
            let now = begun_at + SignedDuration::from_hours(hours);
            let command = if porting.state() == State::Aenv && hours % 2 == 0 { node.clone() } else { command };
            if let Decision::Applied(transition) = decide(command, &porting, now) {
                porting = transition.porting;
            }
            prop_assert_eq!(Porting::restore(porting.record()), Ok(porting.clone()));
        }
    }
}

fn record() -> Record {
    let created: Timestamp = "2025-11-17T09:00:00Z".parse().unwrap();
    let schedule = Calendar::new([]).unwrap().schedule(created).unwrap();
    Porting::register(Registration::new(schedule, Silence::Rejects)).porting.record()
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let asol = record();
    let at = asol.reply_deadline.unwrap();
    let early = UnsentAnswer { answer: Answer::Accept, send_at: at - SignedDuration::from_hours(7) };
    let empty = Record { schedule: None, silence: None, reply_deadline: None, ..asol.clone() };
    let done = Record { reply_deadline: None, ..asol.clone() };
    let node = Some(Cause::Node(NodeRefusal::Exist));
    let refused = [
        Record { reply_deadline: None, ..asol.clone() },
        Record { reply_deadline: Some(at + SignedDuration::from_hours(1)), ..asol.clone() },
        Record { unsent: Some(early), ..asol.clone() },
        Record { schedule: None, ..asol.clone() },
        Record { silence: None, ..asol.clone() },
        Record { opens_at: Some(at), ..asol.clone() },
        Record { cause: node, ..asol.clone() },
        Record { state: State::Aenv, ..asol.clone() },
        Record { state: State::Acon, ..asol.clone() },
        Record { state: State::Arec, ..done.clone() },
        Record { state: State::Arec, cause: node, ..done.clone() },
        Record { state: State::Acan, ..done.clone() },
        Record { state: State::Apor, cause: Some(Cause::NoReply), ..done },
        Record { state: State::Aenv, ..empty.clone() },
        Record { state: State::Acon, ..empty.clone() },
        Record { state: State::Arec, cause: Some(Cause::NoReply), ..empty.clone() },
        Record { state: State::Apor, ..empty },
    ];
    for record in refused {
        let error = InconsistentRecord(record.state);
        assert_eq!(Porting::restore(record.clone()), Err(error), "{record:?}");
    }
    assert!(Porting::restore(asol).is_ok());
}

#[test]
fn only_an_awaited_answer_is_pending() {
    let asol = record();
    let deadline = asol.reply_deadline;
    let unsent = Some(UnsentAnswer { answer: Answer::Accept, send_at: deadline.unwrap() });
    let confirmed = Record { state: State::Acon, reply_deadline: None, ..asol.clone() };
    let awaited = |record: Record| Porting::restore(record).unwrap().awaits_answer_until();
    assert_eq!(awaited(asol.clone()), deadline);
    assert_eq!(awaited(Record { unsent, ..asol }), None);
    assert_eq!(awaited(confirmed), None);
}

#[test]
fn answers_have_codes() {
    for (answer, code) in [(Answer::Accept, "ACCEPT"), (Answer::Deny(DenyCause::Perdi), "RECH_PERDI")] {
        assert_eq!((answer.to_string().as_str(), Answer::parse(code)), (code, Some(answer)));
    }
    for text in ["", "accept", "RECH_NORES"] {
        assert_eq!(Answer::parse(text), None, "{text:?}");
    }
}

#[test]
fn active_states() {
    let active: Vec<_> = State::ALL.iter().filter(|state| state.is_active()).map(|state| state.as_str()).collect();
    assert_eq!(active, ["AENV", "ASOL", "ACON"]);
}
