//! `msisdn_ranges`: the numbers of a request, written as ranges.

use std::collections::HashSet;

use crate::domain::iccid::Iccid;
use crate::domain::msisdn::Msisdn;
use crate::domain::request::{AccessType, RequestedNumber};
use crate::http::body::Fields;

/// The most ranges of a request.
const MAX_RANGES: usize = 100;
/// The most numbers of a request, all ranges together.
const MAX_NUMBERS: u64 = 1_000;

/// An end of a range: a number, and its SIM where it is known.
struct Bound {
    msisdn: Msisdn,
    icc_id: Option<Iccid>,
}

/// Consecutive numbers, both ends included, the first not above the last.
struct Range {
    initial: Bound,
    end: Bound,
}

/// The numbers of all ranges, one by one, or `None` where something is wrong with them.
pub fn read(fields: &mut Fields<'_>, access_type: Option<AccessType>) -> Option<Vec<RequestedNumber>> {
    fields.require("msisdn_ranges");
    let ranges = fields.list("msisdn_ranges", MAX_RANGES, range)?;
    let count = ranges.iter().map(Range::count).sum();
    // Counted before they are written out one by one, for a range can name two hundred million numbers.
    match count {
        0 => fields.violation("msisdn_ranges", "min"),
        1..=MAX_NUMBERS => return Some(numbers(fields, &ranges, access_type)),
        _ => fields.violation("msisdn_ranges", "max"),
    }
    None
}

fn numbers(fields: &mut Fields<'_>, ranges: &[Range], access_type: Option<AccessType>) -> Vec<RequestedNumber> {
    let numbers: Vec<_> = ranges.iter().flat_map(Range::numbers).collect();
    let mut seen = HashSet::new();
    if access_type == Some(AccessType::Individual) && numbers.len() != 1 {
        fields.violation("msisdn_ranges", "len");
    }
    if !numbers.iter().all(|number| seen.insert(number.msisdn)) {
        fields.violation("msisdn_ranges", "unique");
    }
    numbers
}

fn range(fields: &mut Fields<'_>) -> Option<Range> {
    fields.require("initial_range");
    let initial = fields.object("initial_range", bound);
    fields.require("end_range");
    let end = fields.object("end_range", bound);
    let (initial, end) = (initial?, end?);
    if end.msisdn < initial.msisdn {
        fields.violation("end_range.msisdn.number", "gtefield");
        return None;
    }
    // One number has one SIM.
    if end.msisdn == initial.msisdn && initial.icc_id.zip(end.icc_id).is_some_and(|(initial, end)| initial != end) {
        fields.violation("end_range.icc_id", "eqfield");
    }
    Some(Range { initial, end })
}

fn bound(fields: &mut Fields<'_>) -> Option<Bound> {
    fields.require("msisdn");
    let msisdn = fields.object("msisdn", msisdn);
    let icc_id = fields.optional("icc_id", |text| Iccid::parse(text).map_err(|_| "iccid"));
    Some(Bound { msisdn: msisdn?, icc_id })
}

fn msisdn(fields: &mut Fields<'_>) -> Option<Msisdn> {
    let country_code = fields.required("country_code", |text| if matches!(text, "34" | "+34") { Ok(()) } else { Err("oneof") });
    let number = fields.required("number", national);
    country_code.and(number)
}

/// Nine national digits: there is a member of its own for the country code.
fn national(text: &str) -> Result<Msisdn, &'static str> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("numeric");
    }
    if text.len() != 9 {
        return Err("len");
    }
    Msisdn::parse(text).map_err(|_| "msisdn")
}

impl Range {
    fn count(&self) -> u64 {
        self.end.msisdn.e164() - self.initial.msisdn.e164() + 1
    }

    /// The first number has the first SIM, the last number the last, and those between have none.
    fn numbers(&self) -> impl Iterator<Item = RequestedNumber> {
        let bounds = [&self.initial, &self.end];
        let between = (self.initial.msisdn.e164()..=self.end.msisdn.e164()).filter_map(|digits| Msisdn::from_e164(digits).ok());
        between.map(move |msisdn| {
            let icc_id = bounds.into_iter().filter(|bound| bound.msisdn == msisdn).find_map(|bound| bound.icc_id);
            RequestedNumber { msisdn, icc_id }
        })
    }
}
