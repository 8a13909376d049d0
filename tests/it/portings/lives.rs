//! Invariants of any sequence of commands and jumps of the clock.

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use portero::domain::cause::{CancelCause, Cause, DenyCause};
use portero::domain::inventory::{BelongsTo, Entry};
use portero::domain::listing::{Portability, PortabilityDetail};
use portero::domain::msisdn::Msisdn;
use portero::domain::operator::OperatorCode;
use portero::domain::org::{OrgName, Tenancy};
use portero::domain::portability::{Event, MessageType, State};
use portero::error::Kind;
use portero::service::portability::answer::DonorCommand;
use portero::service::portability::read;
use portero::service::{inventory, operators};
use proptest::prelude::*;
use proptest::sample::select;

use super::world::{Act, NUMBERS, ORGS, Pause, Stage, msisdn};

/// One of the numbers: the first, more often than not, so that lives of one number follow each other and meet.
fn number() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0), 2 => 0..NUMBERS.len()]
}

pub fn acts() -> impl Strategy<Value = Act> {
    let org = 0..ORGS.len();
    let several = proptest::sample::subsequence((0..NUMBERS.len()).collect::<Vec<_>>(), 2..4);
    let numbers = prop_oneof![3 => number().prop_map(|number| vec![number]), 1 => several];
    let command = prop_oneof![
        4 => Just(DonorCommand::Accept),
        3 => select(&DenyCause::ALL[..2]).prop_map(DonorCommand::Deny),
        3 => Just(DonorCommand::RestartReply),
    ];
    prop_oneof![
        6 => (org.clone(), numbers, prop_oneof![1 => Just(0_i64), 1 => 1..20_i64])
            .prop_map(|(org, numbers, days_later)| Act::Request { org, numbers, days_later }),
        1 => Just(Act::RequestOutside),
        12 => (org.clone(), 0..6_usize, command).prop_map(|(org, which, command)| Act::Donor { org, which, command }),
        1 => (org.clone(), number(), select(CancelCause::ALL)).prop_map(|(org, number, cause)| Act::Cancel { org, number, cause }),
        1 => (org.clone(), 1..NUMBERS.len()).prop_map(|(org, number)| Act::Add { org, number }),
        1 => (org, 1..NUMBERS.len()).prop_map(|(org, number)| Act::Remove { org, number }),
    ]
}

pub fn pauses() -> impl Strategy<Value = Pause> {
    prop_oneof![
        2 => Just(Pause::Minutes(0)),
        3 => (0..600_i64).prop_map(Pause::Minutes),
        1 => (0..5_000_i64).prop_map(Pause::Minutes),
        4 => (-1..=1_i64).prop_map(Pause::NearDue),
    ]
}

/// One porting, as its parties see it together.
struct Porting<'d> {
    recipient: Option<&'d PortabilityDetail>,
    donor: Option<&'d PortabilityDetail>,
}

impl Porting<'_> {
    /// The view that tells the most.
    fn view(&self) -> &PortabilityDetail {
        self.recipient.or(self.donor).unwrap()
    }

    fn portability(&self) -> &Portability {
        &self.view().portability
    }

    fn ported_at(&self) -> Option<Timestamp> {
        let events = self.view().history.iter().map(|notification| notification.event);
        events.filter(|event| event.message_type == MessageType::PortabilidadEfectiva).map(|event| event.at).next_back()
    }
}

/// The portings behind all that is seen.
fn portings(details: &[PortabilityDetail]) -> Vec<Porting<'_>> {
    let mut found = BTreeMap::<(String, Msisdn, Option<OrgName>), Porting<'_>>::new();
    // Two orgs of one operator may use one contract code: the process tells theirs apart.
    for detail in details {
        let one = &detail.portability;
        let process = one.process_id.as_ref().map(ToString::to_string);
        let key = process.map_or((one.id.clone(), one.msisdn, Some(one.tenant.clone())), |process| (process, one.msisdn, None));
        let porting = found.entry(key).or_insert(Porting { recipient: None, donor: None });
        let side = if one.recipient_rol { &mut porting.recipient } else { &mut porting.donor };
        assert!(side.replace(detail).is_none(), "two views of one side");
    }
    found.into_values().collect()
}

/// Whether an event may follow another, or begin a life.
fn may_follow(before: Option<&Event>, event: &Event) -> bool {
    use MessageType::{CancelacionAlta, ConfirmacionAlta, EnvioAlta, PortabilidadEfectiva, RechazoAlta, ReinicioRespuesta, SolicitudAlta};
    let by_node = matches!(event.cause, Some(Cause::Node(_)));
    match (before.map(|before| (before.message_type, before.cause)), event.message_type) {
        (None | Some((EnvioAlta, _)), RechazoAlta) => by_node,
        (Some((SolicitudAlta | ReinicioRespuesta, _)), RechazoAlta) => !by_node,
        (None, EnvioAlta | SolicitudAlta)
        | (Some((EnvioAlta, _)), SolicitudAlta | CancelacionAlta)
        | (Some((SolicitudAlta | ReinicioRespuesta, _)), ConfirmacionAlta | CancelacionAlta)
        | (Some((ConfirmacionAlta, _)), PortabilidadEfectiva | ReinicioRespuesta | CancelacionAlta)
        | (Some((RechazoAlta, Some(Cause::Denied(_)))), ReinicioRespuesta) => true,
        _ => false,
    }
}

/// The state that an event leads to.
fn state_after(event: MessageType) -> State {
    match event {
        MessageType::EnvioAlta => State::Aenv,
        MessageType::SolicitudAlta | MessageType::ReinicioRespuesta => State::Asol,
        MessageType::ConfirmacionAlta => State::Acon,
        MessageType::RechazoAlta => State::Arec,
        MessageType::CancelacionAlta => State::Acan,
        MessageType::PortabilidadEfectiva => State::Apor,
    }
}

/// A history is legal, in time order, and leads to the state that is shown.
fn check_history(detail: &PortabilityDetail, codes: &mut HashSet<i64>) {
    let events: Vec<_> = detail.history.iter().map(|notification| notification.event).collect();
    let begins = if detail.portability.recipient_rol { None } else { Some(Event { message_type: MessageType::EnvioAlta, ..events[0] }) };
    let mut before = begins;
    for event in &events {
        assert!(may_follow(before.as_ref(), event), "{before:?} then {event:?}");
        before = Some(*event);
    }
    assert!(events.is_sorted_by_key(|event| event.at), "{events:?}");
    assert!(detail.history.is_sorted_by_key(|notification| notification.notification_code));
    codes.extend(detail.history.iter().map(|notification| notification.notification_code));
    let (last, portability) = (events.last().unwrap(), &detail.portability);
    assert_eq!((portability.state, portability.message_type), (state_after(last.message_type), last.message_type));
    assert_eq!(portability.cause_status, last.cause);
}

/// Both sides tell the same story, the donor's from the registration on.
fn check_sides(porting: &Porting<'_>) {
    let (Some(recipient), Some(donor)) = (porting.recipient, porting.donor) else { return };
    let story = |detail: &PortabilityDetail| detail.history.iter().map(|each| (each.notification_code, each.event)).collect::<Vec<_>>();
    let mut registered = story(recipient);
    registered.retain(|(_, event)| event.message_type != MessageType::EnvioAlta);
    assert_eq!(story(donor), registered);
    assert_eq!(recipient.portability.state, donor.portability.state);
    assert_ne!((&recipient.portability.id, &recipient.portability.tenant), (&donor.portability.id, &donor.portability.tenant));
}

/// What the inventory has of a number: org, system and the org it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    org: OrgName,
    system: BelongsTo,
    from: Option<OrgName>,
}

impl Held {
    fn of(entry: &Entry) -> Self {
        let from = entry.internal_portability.as_ref().map(|origin| origin.org.clone());
        Self { org: entry.org.name.clone(), system: entry.belongs_to, from }
    }
}

/// Where numbers are: operators and entries.
type Places = BTreeMap<Msisdn, (OperatorCode, Option<Held>)>;

async fn places(stage: &Stage) -> Places {
    let org = stage.org(ORGS[0]).await;
    let mut places = Places::new();
    for number in NUMBERS.map(msisdn) {
        let held = match inventory::by_msisdn(&stage.world, &Tenancy::Every, number).await {
            Ok(entry) => Some(Held::of(&entry)),
            Err(error) => {
                assert_eq!(error.kind(), Kind::NotFound);
                None
            }
        };
        places.insert(number, (operators::owner(&stage.world, &org, number).await.unwrap().current, held));
    }
    places
}

/// Where the portings and the writes of the test must have brought the numbers.
async fn expected_places(stage: &Stage, before: &Places, portings: &[Porting<'_>]) -> Places {
    let mut places = before.clone();
    let mut moves: Vec<_> = portings.iter().filter_map(|porting| Some((porting.ported_at()?, porting))).collect();
    moves.sort_by_key(|(at, _)| *at);
    let mut written = stage.written.iter().peekable();
    for (at, porting) in moves {
        while let Some(write) = written.next_if(|write| write.at < at) {
            apply_write(stage, &mut places, write).await;
        }
        let (operator, held) = places.get_mut(&porting.portability().msisdn).unwrap();
        assert_eq!(porting.portability().donor_operator, Some(*operator), "ported from where it was not: {:?}", porting.portability());
        *operator = porting.portability().recipient_operator;
        if let Some(held) = held {
            let donor = porting.donor.map(|donor| donor.portability.tenant.clone());
            match porting.recipient.map(|recipient| &recipient.portability.tenant) {
                Some(org) => *held = Held { org: org.clone(), system: stage.org(org.as_str()).await.home_system, from: donor },
                None => held.system = BelongsTo::Outside,
            }
        }
    }
    for write in written {
        apply_write(stage, &mut places, write).await;
    }
    places
}

async fn apply_write(stage: &Stage, places: &mut Places, write: &super::world::Written) {
    let place = &mut places.get_mut(&write.number).unwrap().1;
    *place = match &write.org {
        Some(org) => Some(Held { org: org.clone(), system: stage.org(org.as_str()).await.home_system, from: None }),
        None => None,
    };
}

async fn check(stage: &Stage, before: &Places) {
    let details = stage.details().await;
    let mut codes = HashSet::new();
    let mut notified = 0;
    for detail in &details {
        check_history(detail, &mut codes);
    }
    let portings = portings(&details);
    let mut active = HashSet::new();
    for porting in &portings {
        check_sides(porting);
        notified += porting.view().history.len();
        let one = porting.portability();
        assert!(!one.state.is_active() || active.insert(one.msisdn), "two active processes of {}", one.msisdn);
        assert_eq!(one.process_id.is_some(), one.create_date_nc.is_some());
    }
    assert_eq!(codes.len(), notified, "each event has a code of its own");
    for org in ORGS {
        let pending = read::pending_donor(&stage.world, &stage.org(org).await).await.unwrap();
        assert!(pending.iter().all(|one| one.state == State::Asol && !one.recipient_rol));
    }
    assert_eq!(places(stage).await, expected_places(stage, before, &portings).await);
}

/// Everything that can be seen, without what is drawn by lot or counted.
async fn seen(stage: &Stage) -> Vec<String> {
    let mut seen: Vec<_> = stage
        .details()
        .await
        .into_iter()
        .map(|PortabilityDetail { portability: one, history, .. }| {
            let story: Vec<_> = history.iter().map(|notification| notification.event).collect();
            let process = one.process_id.map(|id| id.as_str()[..18].to_owned());
            let who = (one.tenant, one.recipient_rol, one.contract_code, one.msisdn, process);
            format!("{who:?} {:?} {:?} {:?} {story:?}", one.create_date_nc, one.window_date, one.donor_operator)
        })
        .collect();
    seen.sort();
    seen.push(format!("{:?}", places(stage).await));
    seen
}

/// Plays a story; `eager`: all that is due is applied on the way, at each time at which it is, and not only when somebody asks.
async fn play(story: &[(Timestamp, Act)], eager: bool) -> Stage {
    let mut stage = Stage::new().await;
    for (at, act) in story {
        if eager {
            stage.live_until(*at).await;
        } else {
            stage.at(*at);
        }
        stage.act(act).await;
    }
    stage
}

async fn check_story(steps: Vec<(Pause, Act)>) {
    let mut stage = Stage::new().await;
    let before = places(&stage).await;
    let mut story = Vec::new();
    for (pause, act) in steps {
        stage.at(stage.after(pause).await);
        story.push((stage.now(), act.clone()));
        stage.act(&act).await;
    }
    check(&stage, &before).await;
    let eager = play(&story, true).await;
    assert_eq!(seen(&eager).await, seen(&play(&story, false).await).await, "what is due is applied alike, however late");
    // Left alone, every life ends.
    stage.at(stage.now() + SignedDuration::from_hours(24 * 60));
    check(&stage, &before).await;
    assert!(stage.details().await.iter().all(|detail| !detail.portability.state.is_active()));
    assert_eq!(stage.world.store.next_due().await.unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_story_keeps_the_rules(steps in proptest::collection::vec((pauses(), acts()), 1..50)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check_story(steps));
    }
}
