//! The life of one number in one process, which recipient and donor share: a state machine without
//! a clock.
//!
//! ```text
//! –                → AENV  Porting::send          while the Node is closed
//! –                → ASOL  Porting::register
//! –                → AREC  Porting::refuse
//! AENV             → ASOL  Register               when the Node opens
//! AENV             → AREC  RefuseAtNode           when the Node opens
//! AENV             → AENV  WaitUntil              when it opens, but its references of that minute are used up
//! ASOL             → ACON  Accept                 before Tv: stored, and sent when Tv begins
//! ASOL             → AREC  Deny                   before Tv: stored, and sent when Tv begins
//! ASOL             → AREC  Elapse                 at the deadline (or ACON, if silence accepts)
//! ACON, AREC       → ASOL  RestartReply           before the window, AREC by the donor only
//! AENV, ASOL, ACON → ACAN  Cancel                 before the cancel limit, AENV at any time
//! ACON             → APOR  Elapse                 at the window
//! ```
//!
//! The Central Node's rules are: the donor answers in Tv, its silence refuses as of the end of Tv,
//! the recipient cancels before the cancel limit, the number moves at the window. This server's
//! are: waiting for the Node to open, answers stored before Tv or given after it, taking an answer
//! back (published without its rules), acceptance by silence of donors in `ALTA_EXTRAORDINARIA`.
//!
//! [`decide`] is the only place that knows the rules; [`due_at`] says when time alone will change
//! something, [`Command::Elapse`] changes it, and [`foreseen`] tells what will come of it. Whoever stores a [`Porting`] takes it apart with
//! [`Porting::record`] and restores it with [`Porting::restore`].
//!
//! A process between two orgs of one operator follows the same rules: its [`Schedule`] was made by
//! [`Schedule::internal`], so that the donor's period begins with the process. A donor outside this
//! server follows them too: its answer is known beforehand ([`Registration::answering`]).

mod decision;
mod record;

#[cfg(test)]
mod decision_tests;
#[cfg(test)]
mod history_tests;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::calendar::Schedule;
use crate::domain::cause::{CancelCause, Cause, DenyCause, NodeRefusal};
use crate::domain::codes::codes;

pub use decision::{Command, Decision, Refusal, decide, due_at, foreseen};
pub use record::{InconsistentRecord, Record};

codes! {
    /// State of a portability, as the Central Node names them.
    pub enum State {
        /// Stored here, waiting for the Node to open.
        Aenv = "AENV",
        /// Registered, waiting for the donor.
        Asol = "ASOL",
        /// Confirmed by the donor, waiting for the window.
        Acon = "ACON",
        /// Refused, by the donor or by the Node.
        Arec = "AREC",
        /// Cancelled by the recipient.
        Acan = "ACAN",
        /// Ported.
        Apor = "APOR",
    }
}

impl State {
    /// Whether the process is active. A number has one active process at most.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Aenv | Self::Asol | Self::Acon)
    }
}

codes! {
    /// What an event tells. The Node's own names are not published; these are this server's.
    pub enum MessageType {
        /// Stored until the Node opens.
        EnvioAlta = "ENVIO_ALTA",
        /// Registered by the Node.
        SolicitudAlta = "SOLICITUD_ALTA",
        /// Refused by the donor or by the Node.
        RechazoAlta = "RECHAZO_ALTA",
        /// Confirmed by the donor.
        ConfirmacionAlta = "CONFIRMACION_ALTA",
        /// Cancelled by the recipient.
        CancelacionAlta = "CANCELACION_ALTA",
        /// The number has changed network.
        PortabilidadEfectiva = "PORTABILIDAD_EFECTIVA",
        /// The donor took back its answer.
        ReinicioRespuesta = "REINICIO_RESPUESTA",
    }
}

codes! {
    /// What it means when a donor does not answer in Tv.
    pub enum Silence {
        /// The Node refuses with `RECH_NORES`.
        Rejects = "REJECTS",
        /// The donor is in `ALTA_EXTRAORDINARIA`: it counts as confirmed.
        Accepts = "ACCEPTS",
    }
}

/// A donor's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It lets the number go.
    Accept,
    /// It refuses.
    Deny(DenyCause),
}

impl Answer {
    /// `ACCEPT`, or the cause of the refusal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Deny(cause) => cause.as_str(),
        }
    }

    /// The answer with this code, spelled exactly; `None` for any other text.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        if code == Self::Accept.as_str() { Some(Self::Accept) } else { DenyCause::parse(code).map(Self::Deny) }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A donor's answer that the Node does not have yet: given before Tv, or that of an outside donor,
/// known beforehand. The recipient must not see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsentAnswer {
    /// The answer.
    pub answer: Answer,
    /// When it will be sent, if it is not taken back. At or after the deadline it is never sent.
    pub send_at: Timestamp,
}

/// What the Node needs to register a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    schedule: Schedule,
    silence: Silence,
    unsent: Option<UnsentAnswer>,
}

impl Registration {
    /// A process whose donor is an org of this server, or will remain silent.
    #[must_use]
    pub const fn new(schedule: Schedule, silence: Silence) -> Self {
        Self { schedule, silence, unsent: None }
    }

    /// The same, but with a donor outside this server, who will answer so long after Tv begins. An
    /// answer at the end of Tv or after is too late, which is silence.
    #[must_use]
    pub fn answering(self, answer: Answer, after: Duration) -> Self {
        let send_at = self.schedule.tv().start.checked_add(after).unwrap_or(Timestamp::MAX);
        Self { unsent: Some(UnsentAnswer { answer, send_at }), ..self }
    }
}

/// One number of one process.
///
/// Invariants: what is not registered has no schedule; an answer is unsent only while one is
/// awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Porting(Stage);

/// Before or after the Node's decision on the request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// AENV.
    Waiting { opens_at: Timestamp },
    /// AREC: the Node refused the request.
    Refused(NodeRefusal),
    /// ACAN: cancelled before the Node had it.
    Withdrawn(CancelCause),
    /// The Node has registered it.
    Registered(Registered),
}

/// A process of the Node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Registered {
    schedule: Schedule,
    silence: Silence,
    progress: Progress,
}

/// How far a process of the Node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// ASOL.
    Requested { deadline: Timestamp, unsent: Option<UnsentAnswer> },
    /// ACON.
    Confirmed,
    /// AREC by the donor, who may still think better of it.
    Denied(DenyCause),
    /// Nothing can change it any more.
    Ended(End),
}

/// How a process of the Node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// AREC by the Node: the deadline passed.
    Unanswered,
    /// ACAN.
    Cancelled(CancelCause),
    /// APOR.
    Ported,
}

/// Something that happened to a porting and that its parties may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub message_type: MessageType,
    /// Why, if it is a refusal or a cancellation.
    pub cause: Option<Cause>,
    /// When it happened or, if time alone did it, when it was due.
    pub at: Timestamp,
}

/// A change that time alone will bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// What it will be from then on.
    pub state: State,
    /// What will have happened, and when.
    pub event: Event,
}

/// A change of a porting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What it has become.
    pub porting: Porting,
    /// `None` when an unsent answer was stored or cleared, which the recipient must not see.
    pub event: Option<Event>,
}

impl Porting {
    /// A request made at `at` while the Node is closed: it waits for `opens_at`, the Node's next
    /// opening.
    #[must_use]
    pub const fn send(at: Timestamp, opens_at: Timestamp) -> Transition {
        Transition { porting: Self(Stage::Waiting { opens_at }), event: Some(Event::plain(MessageType::EnvioAlta, at)) }
    }

    /// A request that is registered at once, at the time that its schedule says.
    #[must_use]
    pub fn register(registration: Registration) -> Transition {
        let at = registration.schedule.registered_at();
        Self::register_at(registration, at)
    }

    /// A request that the Node refuses at once.
    #[must_use]
    pub const fn refuse(refusal: NodeRefusal, at: Timestamp) -> Transition {
        Transition { porting: Self(Stage::Refused(refusal)), event: Some(Event::refusal(Cause::Node(refusal), at)) }
    }

    fn register_at(registration: Registration, at: Timestamp) -> Transition {
        let Registration { schedule, silence, unsent } = registration;
        let progress = Progress::Requested { deadline: schedule.tv().end, unsent };
        Transition {
            porting: Self(Stage::Registered(Registered { schedule, silence, progress })),
            event: Some(Event::plain(MessageType::SolicitudAlta, at)),
        }
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> State {
        match &self.0 {
            Stage::Waiting { .. } => State::Aenv,
            Stage::Refused(_) => State::Arec,
            Stage::Withdrawn(_) => State::Acan,
            Stage::Registered(registered) => match registered.progress {
                Progress::Requested { .. } => State::Asol,
                Progress::Confirmed => State::Acon,
                Progress::Denied(_) | Progress::Ended(End::Unanswered) => State::Arec,
                Progress::Ended(End::Cancelled(_)) => State::Acan,
                Progress::Ended(End::Ported) => State::Apor,
            },
        }
    }

    /// Why it is in AREC or ACAN; it also tells whether the donor or the Node refused.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        match &self.0 {
            Stage::Waiting { .. } => None,
            Stage::Refused(refusal) => Some(Cause::Node(*refusal)),
            Stage::Withdrawn(cause) => Some(Cause::Cancelled(*cause)),
            Stage::Registered(registered) => match registered.progress {
                Progress::Requested { .. } | Progress::Confirmed | Progress::Ended(End::Ported) => None,
                Progress::Denied(cause) => Some(Cause::Denied(cause)),
                Progress::Ended(End::Unanswered) => Some(Cause::NoReply),
                Progress::Ended(End::Cancelled(cause)) => Some(Cause::Cancelled(cause)),
            },
        }
    }

    /// The Node's dates; `None` if it has not registered the process.
    #[must_use]
    pub const fn schedule(&self) -> Option<&Schedule> {
        match &self.0 {
            Stage::Registered(registered) => Some(&registered.schedule),
            _ => None,
        }
    }

    /// Until when the donor's answer is awaited (`pendingDonor`); `None` if it is not, for example
    /// because one is already stored.
    #[must_use]
    pub const fn awaits_answer_until(&self) -> Option<Timestamp> {
        match &self.0 {
            Stage::Registered(Registered { progress: Progress::Requested { deadline, unsent: None }, .. }) => Some(*deadline),
            _ => None,
        }
    }
}

impl Event {
    /// An event that needs no reason.
    const fn plain(message_type: MessageType, at: Timestamp) -> Self {
        Self { message_type, cause: None, at }
    }

    /// A refusal.
    const fn refusal(cause: Cause, at: Timestamp) -> Self {
        Self { message_type: MessageType::RechazoAlta, cause: Some(cause), at }
    }
    /// A cancellation.
    const fn cancellation(cause: CancelCause, at: Timestamp) -> Self {
        Self { message_type: MessageType::CancelacionAlta, cause: Some(Cause::Cancelled(cause)), at }
    }
}
