//! A porting taken apart into plain values, and put together again.

use jiff::Timestamp;

use super::{End, Porting, Progress, Registered, Silence, Stage, State, UnsentAnswer};
use crate::domain::calendar::Schedule;
use crate::domain::cause::Cause;

/// The plain values of a porting, one or more columns each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its state.
    pub state: State,
    /// Why it is in AREC or ACAN.
    pub cause: Option<Cause>,
    /// AENV: when the Node opens.
    pub opens_at: Option<Timestamp>,
    /// The Node's dates, once it has registered the process.
    pub schedule: Option<Schedule>,
    /// What silence means, once the Node has registered the process.
    pub silence: Option<Silence>,
    /// ASOL: by when the donor has to answer.
    pub reply_deadline: Option<Timestamp>,
    /// ASOL: an answer that the Node does not have yet.
    pub unsent: Option<UnsentAnswer>,
}

/// The values of a record do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no porting in {0} has these values")]
pub struct InconsistentRecord(
    /// The state of the record.
    pub State,
);

impl Porting {
    /// Its plain values.
    #[must_use]
    pub fn record(&self) -> Record {
        let empty = Record {
            state: self.state(),
            cause: self.cause(),
            opens_at: None,
            schedule: None,
            silence: None,
            reply_deadline: None,
            unsent: None,
        };
        match &self.0 {
            Stage::Waiting { opens_at } => Record { opens_at: Some(*opens_at), ..empty },
            Stage::Refused(_) | Stage::Withdrawn(_) => empty,
            Stage::Registered(registered) => {
                let (reply_deadline, unsent) = match registered.progress {
                    Progress::Requested { deadline, unsent } => (Some(deadline), unsent),
                    _ => (None, None),
                };
                Record { schedule: Some(registered.schedule.clone()), silence: Some(registered.silence), reply_deadline, unsent, ..empty }
            }
        }
    }

    /// The porting that was taken apart into these values.
    ///
    /// # Errors
    /// Values that [`Porting::record`] never gives together.
    pub fn restore(record: Record) -> Result<Self, InconsistentRecord> {
        let inconsistent = InconsistentRecord(record.state);
        let stage = match record {
            Record { opens_at, schedule: None, silence: None, reply_deadline: None, unsent: None, state, cause } => {
                unregistered(state, cause, opens_at)
            }
            Record { opens_at: None, schedule: Some(schedule), silence: Some(silence), .. } => {
                progress(record.state, record.cause, record.reply_deadline, record.unsent)
                    .filter(|progress| fits(*progress, &schedule))
                    .map(|progress| Stage::Registered(Registered { schedule, silence, progress }))
            }
            _ => None,
        };
        stage.map(Self).ok_or(inconsistent)
    }
}

fn unregistered(state: State, cause: Option<Cause>, opens_at: Option<Timestamp>) -> Option<Stage> {
    match (state, cause, opens_at) {
        (State::Aenv, None, Some(opens_at)) => Some(Stage::Waiting { opens_at }),
        (State::Arec, Some(Cause::Node(refusal)), None) => Some(Stage::Refused(refusal)),
        (State::Acan, Some(Cause::Cancelled(cause)), None) => Some(Stage::Withdrawn(cause)),
        _ => None,
    }
}

fn progress(state: State, cause: Option<Cause>, deadline: Option<Timestamp>, unsent: Option<UnsentAnswer>) -> Option<Progress> {
    match (state, cause, deadline, unsent) {
        (State::Asol, None, Some(deadline), unsent) => Some(Progress::Requested { deadline, unsent }),
        (State::Acon, None, None, None) => Some(Progress::Confirmed),
        (State::Arec, Some(Cause::Denied(cause)), None, None) => Some(Progress::Denied(cause)),
        (State::Arec, Some(Cause::NoReply), None, None) => Some(Progress::Ended(End::Unanswered)),
        (State::Acan, Some(Cause::Cancelled(cause)), None, None) => Some(Progress::Ended(End::Cancelled(cause))),
        (State::Apor, None, None, None) => Some(Progress::Ended(End::Ported)),
        _ => None,
    }
}

/// A donor answers by the end of Tv or, if it took its answer back after that, by the window; and
/// nothing is sent before Tv.
fn fits(progress: Progress, schedule: &Schedule) -> bool {
    match progress {
        Progress::Requested { deadline, unsent } => {
            [schedule.tv().end, schedule.window()].contains(&deadline) && unsent.is_none_or(|unsent| schedule.tv().start <= unsent.send_at)
        }
        _ => true,
    }
}
