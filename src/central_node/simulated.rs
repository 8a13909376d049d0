//! A Node that keeps the real one's hours, refusals, quotas, references and periods, and plays the donors outside this server.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{CentralNode, NodeReply, Submission, Verdict};
use crate::domain::calendar::{CalendarError, Schedule, WindowError};
use crate::domain::cause::NodeRefusal;
use crate::domain::directory::Directory;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::{ChangeQuota, OperatorCode, OperatorStatus, QuotaGroup};
use crate::domain::order::{NumberFacts, Order};
use crate::domain::portability::{Answer, Registration, Silence};
use crate::domain::process_id::{LAST_SEQUENCE, ProcessPrefix, ProcessType};
use crate::error::{Error, Kind, Result};
use crate::store::UnitOfWork;

/// What a donor outside this server will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DonorPlan {
    /// It answers so long after Tv begins.
    Answers(Answer, Duration),
    /// It says nothing.
    Silent,
}

/// What the Node and the donors outside this server are made to do.
pub trait Script: Send + Sync {
    /// What the donor of an order will do.
    fn donor(&self, order: &Order, donor: OperatorCode) -> DonorPlan;

    /// What the Node refuses a number with, whatever its rules say; `None`: its rules decide.
    fn refusal(&self, msisdn: Msisdn) -> Option<NodeRefusal>;
}

/// Donors that accept when Tv begins, and a Node that goes by its rules: a reference server's.
#[derive(Debug, Clone, Copy, Default)]
pub struct WillingDonors;

impl Script for WillingDonors {
    fn donor(&self, _order: &Order, _donor: OperatorCode) -> DonorPlan {
        DonorPlan::Answers(Answer::Accept, Duration::ZERO)
    }

    fn refusal(&self, _msisdn: Msisdn) -> Option<NodeRefusal> {
        None
    }
}

/// The simulated Node.
pub struct SimulatedNode {
    script: Arc<dyn Script>,
}

impl SimulatedNode {
    /// A Node that plays this script.
    #[must_use]
    pub fn new(script: Arc<dyn Script>) -> Self {
        Self { script }
    }

    /// What the Node will register for an order of a process.
    fn registration(&self, order: &Order, schedule: &Schedule, silence: Silence) -> Registration {
        let registration = Registration::new(schedule.clone(), silence);
        match &order.donor {
            Some(donor) if donor.org.is_none() => match self.script.donor(order, donor.operator) {
                DonorPlan::Answers(answer, after) => registration.answering(answer, after),
                DonorPlan::Silent => registration,
            },
            _ => registration,
        }
    }
}

/// What the Node makes of a submission, but for what is counted.
enum Judgement {
    /// It is refused.
    Refused(Vec<NodeReply>),
    /// A process begins.
    Accepted(Accepted),
}

/// A process that begins.
struct Accepted {
    schedule: Schedule,
    prefix: ProcessPrefix,
    /// What is wrong with single numbers.
    refusals: Vec<Option<NodeRefusal>>,
}

/// All numbers are refused: each for what is wrong with it, or else with the request.
fn refused(refusals: Vec<Option<NodeRefusal>>, refusal: NodeRefusal) -> Vec<NodeReply> {
    refusals.into_iter().map(|own| NodeReply::Refused(own.unwrap_or(refusal))).collect()
}

impl SimulatedNode {
    fn judge(&self, directory: &Directory, submission: &Submission<'_>) -> Result<Judgement> {
        let refusal = |(order, facts): &(&Order, &NumberFacts)| {
            let scripted = self.script.refusal(order.msisdn).filter(|refusal| refusal.is_of_number());
            scripted.or_else(|| number_refusal(directory, order, facts))
        };
        let refusals: Vec<_> = submission.numbers.iter().map(refusal).collect();
        if refusals.iter().all(Option::is_some) {
            return Ok(Judgement::Refused(refusals.into_iter().flatten().map(NodeReply::Refused).collect()));
        }
        let scripted = submission.numbers.iter().find_map(|(order, _)| self.script.refusal(order.msisdn).filter(|it| !it.is_of_number()));
        let request = match scripted {
            Some(refusal) => Err(refusal),
            None => request_verdict(directory, submission)?,
        };
        Ok(match request {
            Ok((schedule, prefix)) => Judgement::Accepted(Accepted { schedule, prefix, refusals }),
            Err(refusal) => Judgement::Refused(refused(refusals, refusal)),
        })
    }

    /// Counts a process and gives it its reference.
    async fn register(
        &self,
        unit: &mut dyn UnitOfWork,
        directory: &Directory,
        submission: &Submission<'_>,
        Accepted { schedule, prefix, refusals }: Accepted,
        references: &mut References,
    ) -> Result<Result<Verdict>> {
        // Before the quotas, so that what finds no reference and waits for another counts in none.
        let sequence = references.next(unit, &prefix).await?;
        let Some(process_id) = sequence.and_then(|sequence| prefix.number(sequence).ok()) else {
            return Ok(Err(exhausted(directory, submission.at)));
        };
        if let Some(refusal) = quota_refusal(unit, directory, submission).await? {
            unit.counter_back(&counter_of(&prefix)).await?;
            return Ok(Ok(Verdict { process_id: None, replies: refused(refusals, refusal) }));
        }
        let silence = silence(directory, submission.donor);
        let reply = |((order, _), refusal): (&(&Order, &NumberFacts), Option<NodeRefusal>)| match refusal {
            Some(refusal) => NodeReply::Refused(refusal),
            None => NodeReply::Registered(self.registration(order, &schedule, silence)),
        };
        Ok(Ok(Verdict { process_id: Some(process_id), replies: submission.numbers.iter().zip(refusals).map(reply).collect() }))
    }
}

#[async_trait]
impl CentralNode for SimulatedNode {
    async fn submit(
        &self,
        unit: &mut dyn UnitOfWork,
        directory: &Directory,
        submissions: &[Submission<'_>],
    ) -> Result<Vec<Result<Verdict>>> {
        let mut judged = Vec::with_capacity(submissions.len());
        for submission in submissions {
            judged.push((submission, self.judge(directory, submission)?));
        }
        let mut references = References::reserved(unit, directory, &judged).await?;
        let mut verdicts = Vec::with_capacity(submissions.len());
        for (submission, judgement) in judged {
            verdicts.push(match judgement {
                Judgement::Refused(replies) => Ok(Verdict { process_id: None, replies }),
                Judgement::Accepted(accepted) => self.register(unit, directory, submission, accepted, &mut references).await?,
            });
        }
        Ok(verdicts)
    }
}

/// References that are taken for all processes of a prefix at once, where it is certain that they are used: no quota refuses one of them.
struct References(HashMap<ProcessPrefix, Range<u32>>);

impl References {
    async fn reserved(unit: &mut dyn UnitOfWork, directory: &Directory, judged: &[(&Submission<'_>, Judgement)]) -> Result<Self> {
        let certain = judged.iter().filter_map(|(submission, judgement)| match judgement {
            Judgement::Accepted(accepted) if !has_quota(directory, submission) => Some(&accepted.prefix),
            _ => None,
        });
        let certain: Vec<_> = certain.collect();
        let mut reserved = HashMap::new();
        for alike in certain.chunk_by(|one, other| one == other) {
            let [prefix, ..] = alike else { continue };
            let count = u32::try_from(alike.len()).unwrap_or(u32::MAX);
            // Where there are not as many any more, they are looked for one by one.
            if let Some(last) = unit.counter_take(&counter_of(prefix), count, LAST_SEQUENCE).await? {
                reserved.insert((*prefix).clone(), last + 1 - count..last + 1);
            }
        }
        Ok(Self(reserved))
    }

    /// The next one of a prefix; `None`: the minute has no more.
    async fn next(&mut self, unit: &mut dyn UnitOfWork, prefix: &ProcessPrefix) -> Result<Option<u32>> {
        match self.0.get_mut(prefix).and_then(Iterator::next) {
            Some(sequence) => Ok(Some(sequence)),
            None => unit.counter_take(&counter_of(prefix), 1, LAST_SEQUENCE).await,
        }
    }
}

/// `ENUME` and `EXIST`: what is wrong with one number.
fn number_refusal(directory: &Directory, order: &Order, facts: &NumberFacts) -> Option<NodeRefusal> {
    let Some(donor) = &order.donor else { return Some(NodeRefusal::Enume) };
    let is_enabled = directory.operator(donor.operator).is_some_and(|operator| operator.status != OperatorStatus::Deshabilitado);
    let is_own = donor.operator == order.recipient.operator && (donor.org.is_none() || donor.org == order.recipient.org);
    if !is_enabled || is_own {
        return Some(NodeRefusal::Enume);
    }
    let other_is_active = facts.active_order.as_ref().is_some_and(|active| *active != order.id);
    other_is_active.then_some(NodeRefusal::Exist)
}

/// The dates of the process and what its reference begins with, or what is wrong with the request: `NRNRE`, `HORFV`, in this order, before
/// its quotas.
fn request_verdict(directory: &Directory, submission: &Submission<'_>) -> Result<Result<(Schedule, ProcessPrefix), NodeRefusal>> {
    let recipient = directory.operator(submission.recipient.operator);
    if !recipient.is_some_and(|operator| operator.has_nrn(submission.nrn)) && !is_internal(submission) {
        return Ok(Err(NodeRefusal::Nrnre));
    }
    let Some(schedule) = schedule(directory, submission)? else { return Ok(Err(NodeRefusal::Horfv)) };
    Ok(Ok((schedule, process_prefix(directory, submission)?)))
}

/// Whether recipient and donor are the same operator: then the Node never hears of it, and of its refusals only those of a number apply.
fn is_internal(submission: &Submission<'_>) -> bool {
    submission.donor == Some(submission.recipient.operator)
}

/// The dates of the process; `None` where the chosen window is not allowed (any more).
fn schedule(directory: &Directory, submission: &Submission<'_>) -> Result<Option<Schedule>> {
    let calendar = &directory.calendar;
    let schedule = calendar.schedule(submission.at).map_err(beyond_time)?;
    let schedule = match submission.chosen_window {
        None => schedule,
        Some(window) => match calendar.choose_window(schedule, window) {
            Ok(schedule) => schedule,
            Err(WindowError::Calendar(error)) => return Err(beyond_time(error)),
            Err(_) => return Ok(None),
        },
    };
    Ok(Some(if is_internal(submission) { schedule.internal(submission.at) } else { schedule }))
}

fn beyond_time(error: CalendarError) -> Error {
    Error::because(Kind::Internal, error)
}

/// `CUPO1` where the recipient's requests of the day are used up, `CUPO4` where the donor's changes are. What is refused does not count.
async fn quota_refusal(unit: &mut dyn UnitOfWork, directory: &Directory, submission: &Submission<'_>) -> Result<Option<NodeRefusal>> {
    if !has_quota(directory, submission) {
        return Ok(None);
    }
    let day = directory.calendar.local(submission.at).date();
    let requests = recipient_quota(directory, submission).map(|limit| {
        let name = format!("requests {} {} {day}", submission.recipient.operator, submission.process_type);
        (name, limit)
    });
    if let Some((name, limit)) = &requests
        && unit.counter_take(name, 1, *limit).await?.is_none()
    {
        return Ok(Some(NodeRefusal::Cupo1));
    }
    let Some((donor, limit)) = donor_quota(directory, submission.donor) else { return Ok(None) };
    if unit.counter_take(&format!("changes {donor} {day}"), 1, limit).await?.is_some() {
        return Ok(None);
    }
    if let Some((name, _)) = &requests {
        unit.counter_back(name).await?;
    }
    Ok(Some(NodeRefusal::Cupo4))
}

/// Whether a request is counted. What is internal to an operator never reaches the Node.
fn has_quota(directory: &Directory, submission: &Submission<'_>) -> bool {
    !is_internal(submission) && (recipient_quota(directory, submission).is_some() || donor_quota(directory, submission.donor).is_some())
}

/// The recipient's requests a day; `None`: practically unlimited, and so not counted, for a counter would make all its requests wait for each other.
fn recipient_quota(directory: &Directory, submission: &Submission<'_>) -> Option<u32> {
    let operator = directory.operator(submission.recipient.operator)?;
    match submission.process_type {
        ProcessType::Individual => {
            let unlimited = QuotaGroup::A.requests_per_day();
            Some(operator.individual_quota.requests_per_day()).filter(|limit| *limit < unlimited)
        }
        ProcessType::Multiple => Some(operator.multiple_quota.per_day()),
    }
}

/// The donor's changes a day; `None`: practically unlimited, and so not counted.
fn donor_quota(directory: &Directory, donor: Option<OperatorCode>) -> Option<(OperatorCode, u32)> {
    let operator = directory.operator(donor?)?;
    let unlimited = ChangeQuota::new(999_999_999).ok();
    Some(operator.change_quota).filter(|quota| Some(*quota) != unlimited).map(|quota| (operator.code, quota.per_day()))
}

/// A donor that is for the time being not connected cannot answer: its silence is acceptance.
fn silence(directory: &Directory, donor: Option<OperatorCode>) -> Silence {
    let status = donor.and_then(|donor| directory.operator(donor)).map(|operator| operator.status);
    if status == Some(OperatorStatus::AltaExtraordinaria) { Silence::Accepts } else { Silence::Rejects }
}

/// Recipient, donor, type and minute of the process.
fn process_prefix(directory: &Directory, submission: &Submission<'_>) -> Result<ProcessPrefix> {
    let Some(donor) = submission.donor else { return Err(Error::because(Kind::Internal, "a process without donor")) };
    let local = directory.calendar.local(submission.at);
    Ok(ProcessPrefix::new(submission.recipient.operator, donor, submission.process_type, local))
}

fn counter_of(prefix: &ProcessPrefix) -> String {
    format!("process {}", prefix.as_str())
}

/// There is no reference any more in the minute of `at`.
fn exhausted(directory: &Directory, at: Timestamp) -> Error {
    let second = directory.calendar.local(at).second().unsigned_abs();
    Error::new(Kind::SequenceExhausted, "").retry_after(60_u32.saturating_sub(second.into()))
}
