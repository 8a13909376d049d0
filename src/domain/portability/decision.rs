//! What may happen to a porting, and when.

use jiff::Timestamp;

use super::{
    Answer, End, Event, Foreseen, MessageType, Porting, Progress, Registered, Registration, Silence, Stage, Transition, UnsentAnswer,
};
use crate::domain::cause::{CancelCause, Cause, DenyCause, NodeRefusal};

/// What somebody, or time, wants of a porting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The Node, having opened, registers a request that waited (AENV).
    Register(Registration),
    /// The Node, having opened, refuses a request that waited (AENV).
    RefuseAtNode(NodeRefusal),
    /// The Node has no reference left in this minute: a request that waited (AENV) waits until then.
    WaitUntil(Timestamp),
    /// The donor lets the number go.
    Accept,
    /// The donor refuses.
    Deny(DenyCause),
    /// The donor takes back its answer.
    RestartReply,
    /// The recipient cancels.
    Cancel(CancelCause),
    /// Time passes: the next change that is due happens, as of the time at which it was due.
    Elapse,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It takes effect.
    Applied(Transition),
    /// Nothing changes: the same command took effect before, or nothing is due.
    AlreadyDone,
    /// It is not allowed.
    Refused(Refusal),
}

/// Why a command is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A donor's command on what the donor cannot know of yet.
    #[error("the Central Node has not registered the process yet")]
    NotRegistered,
    /// The Node refused the request.
    #[error("the Central Node refused the request: {0}")]
    RefusedByNode(NodeRefusal),
    /// The donor has given another answer; it can be taken back before the window.
    #[error("the donor's answer on record is {0}")]
    AnsweredOtherwise(Answer),
    /// A cancellation of what the donor refused.
    #[error("the donor refused: {0}")]
    Denied(DenyCause),
    /// The donor's deadline passed (`RECH_NORES`).
    #[error("the donor's deadline passed without an answer")]
    Unanswered,
    /// The recipient cancelled.
    #[error("the recipient cancelled: {0}")]
    Cancelled(CancelCause),
    /// The number has changed network.
    #[error("the number is ported")]
    Ported,
    /// An answer cannot be taken back any more.
    #[error("the window was at {0}")]
    WindowPassed(Timestamp),
    /// Too late to cancel.
    #[error("cancellation was possible before {0}")]
    CancelLimitPassed(Timestamp),
    /// The request cannot be registered or refused yet.
    #[error("the Central Node opens at {0}")]
    NodeClosed(Timestamp),
    /// Only what waits for the Node can be registered or refused by it.
    #[error("the request does not wait for the Central Node")]
    NotWaiting,
    /// The change that is due is the Node's decision: `Register` or `RefuseAtNode`.
    #[error("the Central Node has to decide on the request")]
    AwaitsNode,
    /// A change that was due earlier has to happen first; the caller has to let it.
    #[error("a change due at {0} has not been applied")]
    Unsettled(Timestamp),
}

/// A change that time brings.
#[derive(Clone, Copy)]
enum Step {
    /// The unsent answer goes to the Node.
    Send(Answer),
    /// The donor's deadline passes.
    Expire,
    /// The number changes network.
    Port,
}

/// When time alone will next change the porting; for one that waits for the Node (AENV), when the
/// Node opens and has to decide.
///
/// If several changes fall on one instant, the deadline comes before an unsent answer (an answer at
/// the deadline is too late). Commands come last: one given at the very instant finds the change
/// done. So an answer at the deadline meets AREC, one taken back at the window meets APOR.
#[must_use]
pub fn due_at(porting: &Porting) -> Option<Timestamp> {
    match &porting.0 {
        Stage::Waiting { opens_at } => Some(*opens_at),
        Stage::Registered(registered) => registered.next_step().map(|(due, _)| due),
        Stage::Refused(_) | Stage::Withdrawn(_) => None,
    }
}

/// What time alone will make of the porting, step by step, if nobody does anything: two at most, for a donor's acceptance leads on to the
/// window. Nothing can be foreseen of one that waits for the Node, which has to decide first.
#[must_use]
pub fn foreseen(porting: &Porting) -> Vec<Foreseen> {
    let mut steps = Vec::new();
    let mut last = porting.clone();
    while let Decision::Applied(Transition { porting, event: Some(event) }) = decide(Command::Elapse, &last, Timestamp::MAX) {
        steps.push(Foreseen { state: porting.state(), event });
        last = porting;
    }
    steps
}

/// What the command does to the porting at `now`. Total and pure.
///
/// What is due by then must have happened: every command but [`Command::Elapse`], and the Node's on
/// what waits for it, is otherwise [`Refusal::Unsettled`].
#[must_use]
pub fn decide(command: Command, porting: &Porting, now: Timestamp) -> Decision {
    let due = due_at(porting).filter(|&due| due <= now);
    match (command, due) {
        (Command::Register(registration), _) => at_opening(porting, now, |at| Porting::register_at(registration, at)),
        (Command::RefuseAtNode(refusal), _) => at_opening(porting, now, |at| Porting::refuse(refusal, at)),
        (Command::WaitUntil(opens_at), _) => wait(porting, opens_at),
        (Command::Elapse, None) => Decision::AlreadyDone,
        (Command::Elapse, Some(_)) => elapse(porting),
        (_, Some(due)) => Decision::Refused(Refusal::Unsettled(due)),
        (Command::Accept, None) => by_donor(porting, |registered| registered.answer(Answer::Accept, now)),
        (Command::Deny(cause), None) => by_donor(porting, |registered| registered.answer(Answer::Deny(cause), now)),
        (Command::RestartReply, None) => by_donor(porting, |registered| registered.restart_reply(now)),
        (Command::Cancel(cause), None) => cancel(porting, cause, now),
    }
}

/// The Node's decision on a request that waited, as of its opening.
fn at_opening(porting: &Porting, now: Timestamp, decision: impl FnOnce(Timestamp) -> Transition) -> Decision {
    match porting.0 {
        Stage::Waiting { opens_at } if now < opens_at => Decision::Refused(Refusal::NodeClosed(opens_at)),
        Stage::Waiting { opens_at } => Decision::Applied(decision(opens_at)),
        _ => Decision::Refused(Refusal::NotWaiting),
    }
}

/// Nobody learns that it waits longer: it only ever becomes known when it was registered.
fn wait(porting: &Porting, opens_at: Timestamp) -> Decision {
    match porting.0 {
        Stage::Waiting { opens_at: before } if before < opens_at => {
            Decision::Applied(Transition { porting: Porting(Stage::Waiting { opens_at }), event: None })
        }
        Stage::Waiting { .. } => Decision::AlreadyDone,
        _ => Decision::Refused(Refusal::NotWaiting),
    }
}

/// The change that is due.
fn elapse(porting: &Porting) -> Decision {
    match &porting.0 {
        Stage::Waiting { .. } => Decision::Refused(Refusal::AwaitsNode),
        Stage::Refused(_) | Stage::Withdrawn(_) => Decision::AlreadyDone,
        Stage::Registered(registered) => match registered.next_step() {
            Some((due, step)) => registered.becomes(registered.after(step, due)),
            None => Decision::AlreadyDone,
        },
    }
}

/// A donor's command: the donor knows of the process only when it is registered.
fn by_donor(porting: &Porting, decision: impl FnOnce(&Registered) -> Decision) -> Decision {
    match &porting.0 {
        Stage::Waiting { .. } => Decision::Refused(Refusal::NotRegistered),
        Stage::Refused(refusal) => Decision::Refused(Refusal::RefusedByNode(*refusal)),
        Stage::Withdrawn(cause) => Decision::Refused(Refusal::Cancelled(*cause)),
        Stage::Registered(registered) => decision(registered),
    }
}

fn cancel(porting: &Porting, cause: CancelCause, now: Timestamp) -> Decision {
    if porting.cause() == Some(Cause::Cancelled(cause)) {
        return Decision::AlreadyDone;
    }
    match &porting.0 {
        Stage::Waiting { .. } => {
            Decision::Applied(Transition { porting: Porting(Stage::Withdrawn(cause)), event: Some(Event::cancellation(cause, now)) })
        }
        Stage::Refused(refusal) => Decision::Refused(Refusal::RefusedByNode(*refusal)),
        Stage::Withdrawn(other) => Decision::Refused(Refusal::Cancelled(*other)),
        Stage::Registered(registered) => registered.cancel(cause, now),
    }
}

/// What a process becomes, and what its parties learn.
type Change = (Progress, Option<Event>);

impl Registered {
    /// The next change that time brings, and when.
    fn next_step(&self) -> Option<(Timestamp, Step)> {
        match self.progress {
            Progress::Requested { deadline, unsent: Some(unsent) } if unsent.send_at < deadline => {
                Some((unsent.send_at, Step::Send(unsent.answer)))
            }
            Progress::Requested { deadline, .. } => Some((deadline, Step::Expire)),
            Progress::Confirmed => Some((self.schedule.window(), Step::Port)),
            Progress::Denied(_) | Progress::Ended(_) => None,
        }
    }

    /// What the step, due at `due`, makes of the process. Silence is acceptance only at the end of
    /// Tv: a donor that took back its answer after that is there to give another.
    fn after(&self, step: Step, due: Timestamp) -> Change {
        match step {
            Step::Send(answer) => sent(answer, due),
            Step::Expire if self.silence == Silence::Accepts && due == self.schedule.tv().end => sent(Answer::Accept, due),
            Step::Expire => (Progress::Ended(End::Unanswered), Some(Event::refusal(Cause::NoReply, due))),
            Step::Port => (Progress::Ended(End::Ported), Some(Event::plain(MessageType::PortabilidadEfectiva, due))),
        }
    }

    /// The donor answers: before Tv the answer is stored, from then on it is sent at once.
    fn answer(&self, answer: Answer, now: Timestamp) -> Decision {
        let on_record = match self.progress {
            Progress::Requested { deadline, unsent: None } => {
                let send_at = self.schedule.tv().start;
                return self.becomes(if send_at <= now {
                    sent(answer, now)
                } else {
                    (Progress::Requested { deadline, unsent: Some(UnsentAnswer { answer, send_at }) }, None)
                });
            }
            Progress::Requested { unsent: Some(unsent), .. } => unsent.answer,
            Progress::Confirmed | Progress::Ended(End::Ported) => Answer::Accept,
            Progress::Denied(cause) => Answer::Deny(cause),
            Progress::Ended(end) => return Decision::Refused(end.refusal()),
        };
        if on_record == answer { Decision::AlreadyDone } else { Decision::Refused(Refusal::AnsweredOtherwise(on_record)) }
    }

    /// The donor takes back its answer. It has to give another by the end of Tv or, if that is
    /// past, by the window.
    fn restart_reply(&self, now: Timestamp) -> Decision {
        let (tv_end, window) = (self.schedule.tv().end, self.schedule.window());
        match self.progress {
            Progress::Requested { unsent: None, .. } => Decision::AlreadyDone,
            Progress::Requested { deadline, unsent: Some(_) } => self.becomes((Progress::Requested { deadline, unsent: None }, None)),
            Progress::Confirmed | Progress::Denied(_) if now < window => {
                let deadline = if now < tv_end { tv_end } else { window };
                let event = Event::plain(MessageType::ReinicioRespuesta, now);
                self.becomes((Progress::Requested { deadline, unsent: None }, Some(event)))
            }
            Progress::Confirmed | Progress::Denied(_) => Decision::Refused(Refusal::WindowPassed(window)),
            Progress::Ended(end) => Decision::Refused(end.refusal()),
        }
    }

    fn cancel(&self, cause: CancelCause, now: Timestamp) -> Decision {
        let limit = self.schedule.cancel_limit();
        match self.progress {
            Progress::Requested { .. } | Progress::Confirmed if now < limit => {
                self.becomes((Progress::Ended(End::Cancelled(cause)), Some(Event::cancellation(cause, now))))
            }
            Progress::Requested { .. } | Progress::Confirmed => Decision::Refused(Refusal::CancelLimitPassed(limit)),
            Progress::Denied(cause) => Decision::Refused(Refusal::Denied(cause)),
            Progress::Ended(end) => Decision::Refused(end.refusal()),
        }
    }

    fn becomes(&self, (progress, event): Change) -> Decision {
        let registered = Self { progress, ..self.clone() };
        Decision::Applied(Transition { porting: Porting(Stage::Registered(registered)), event })
    }
}

impl End {
    /// Why nothing can be done any more.
    const fn refusal(self) -> Refusal {
        match self {
            Self::Unanswered => Refusal::Unanswered,
            Self::Cancelled(cause) => Refusal::Cancelled(cause),
            Self::Ported => Refusal::Ported,
        }
    }
}

/// The Node receives the donor's answer.
const fn sent(answer: Answer, at: Timestamp) -> Change {
    match answer {
        Answer::Accept => (Progress::Confirmed, Some(Event::plain(MessageType::ConfirmacionAlta, at))),
        Answer::Deny(cause) => (Progress::Denied(cause), Some(Event::refusal(Cause::Denied(cause), at))),
    }
}
