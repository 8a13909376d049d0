//! Numbers as CSV, a line each: what `import` reads and `export` writes.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;
use jiff::Timestamp;

use crate::clock::truncated;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, InternalPortability, NewNumber, Segment, Sim, Status};
use crate::domain::listing::PortedNumber;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::org::OrgName;

/// What lines refer to, and what they leave open.
#[derive(Debug, Clone)]
pub struct Known {
    /// When an entry is confirmed, or a SIM added, that does not say so.
    pub now: Timestamp,
    /// The orgs, with the system that serves an entry that does not say so.
    pub orgs: HashMap<OrgName, BelongsTo>,
    /// The operators of the Central Node.
    pub operators: HashSet<OperatorCode>,
}

/// What one line stands for.
pub trait Line: Sized {
    /// The columns it must have, and those it may have.
    const COLUMNS: (&'static [&'static str], &'static [&'static str]);

    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    fn read(fields: &Fields<'_>, known: &Known) -> Result<Self, String>;

    /// The values of all columns, in their order.
    fn write(&self) -> Vec<String>;
}

/// Which column stands where in a file.
#[derive(Debug)]
pub struct Columns(HashMap<&'static str, usize>);

impl Columns {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// The column that is unknown, missing or there twice.
    pub fn of<T: Line>(header: &StringRecord) -> Result<Self, String> {
        let (required, optional) = T::COLUMNS;
        let mut places = HashMap::new();
        for (place, title) in header.iter().enumerate() {
            let Some(name) = required.iter().chain(optional).find(|name| **name == title) else {
                let known: Vec<_> = required.iter().chain(optional).copied().collect();
                return Err(format!("there is no column '{title}', only {}", known.join(", ")));
            };
            if places.insert(*name, place).is_some() {
                return Err(format!("the column '{title}' is there twice"));
            }
        }
        match required.iter().find(|name| !places.contains_key(*name)) {
            Some(missing) => Err(format!("the column '{missing}' is missing")),
            None => Ok(Self(places)),
        }
    }

    /// The values of a line by their columns.
    #[must_use]
    pub fn fields<'a>(&'a self, line: &'a StringRecord) -> Fields<'a> {
        Fields { columns: self, line }
    }
}

/// The values of a line.
#[derive(Debug)]
pub struct Fields<'a> {
    columns: &'a Columns,
    line: &'a StringRecord,
}

impl Fields<'_> {
    /// A value that may be left empty.
    fn optional<T>(&self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
        let text = self.columns.0.get(column).and_then(|place| self.line.get(*place)).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        parse(text).map(Some).ok_or_else(|| format!("{column} is not valid"))
    }

    fn required<T>(&self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        self.optional(column, parse)?.ok_or_else(|| format!("{column} is missing"))
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    text.parse().map(truncated).ok()
}

/// `IMSI;SEGMENT;INSTANT`
fn sim(text: &str) -> Option<Sim> {
    let (imsi, rest) = text.split_once(';')?;
    let (segment, created_at) = rest.split_once(';')?;
    Some(Sim { imsi: Imsi::parse(imsi).ok()?, segment: Segment::parse(segment)?, created_at: instant(created_at)? })
}

/// SIMs parted by blanks.
fn sims(text: &str) -> Option<Vec<Sim>> {
    text.split_whitespace().map(sim).collect()
}

impl Line for NewNumber {
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = (
        &["msisdn", "org"],
        &["imsi", "segment", "belongs_to", "status", "checked_at", "imsi_created_at", "from_org", "from_belongs_to", "earlier_imsis"],
    );

    fn read(fields: &Fields<'_>, known: &Known) -> Result<Self, String> {
        let org = fields.required("org", |text| OrgName::parse(text).ok())?;
        let home_system = known.orgs.get(&org).ok_or("org is not one of this database's")?;
        let checked_at = fields.optional("checked_at", instant)?.unwrap_or(known.now);
        let created_at = fields.optional("imsi_created_at", instant)?.unwrap_or(checked_at);
        let segment = fields.optional("segment", Segment::parse)?.unwrap_or(Segment::B2c);
        let imsi = fields.optional("imsi", |text| Imsi::parse(text).ok())?;
        let earlier = fields.optional("earlier_imsis", sims)?.unwrap_or_default();
        if imsi.is_none() && !earlier.is_empty() {
            return Err("imsi is missing, but there are earlier_imsis".to_owned());
        }
        let from_org = fields.optional("from_org", |text| OrgName::parse(text).ok())?;
        let from_belongs_to = fields.optional("from_belongs_to", BelongsTo::parse)?;
        let internal_portability = match (from_org, from_belongs_to) {
            (None, None) => None,
            (Some(org), Some(belongs_to)) => Some(InternalPortability { org, belongs_to }),
            _ => return Err("from_org and from_belongs_to go together".to_owned()),
        };
        Ok(Self {
            msisdn: fields.required("msisdn", |text| Msisdn::parse(text).ok())?,
            belongs_to: fields.optional("belongs_to", BelongsTo::parse)?.unwrap_or(*home_system),
            status: fields.optional("status", Status::parse)?.unwrap_or(Status::Ok),
            checked_at,
            internal_portability,
            sims: imsi.map(|imsi| Sim { imsi, segment, created_at }).into_iter().chain(earlier).collect(),
            org,
        })
    }

    fn write(&self) -> Vec<String> {
        let (current, earlier) = (self.sims.first(), self.sims.get(1..).unwrap_or_default());
        let origin = self.internal_portability.as_ref();
        let sim = |sim: &Sim| format!("{};{};{}", sim.imsi.as_str(), sim.segment.as_str(), sim.created_at);
        vec![
            self.msisdn.to_string(),
            self.org.to_string(),
            current.map(|sim| sim.imsi.as_str().to_owned()).unwrap_or_default(),
            current.map(|sim| sim.segment.as_str().to_owned()).unwrap_or_default(),
            self.belongs_to.as_str().to_owned(),
            self.status.as_str().to_owned(),
            self.checked_at.to_string(),
            current.map(|sim| sim.created_at.to_string()).unwrap_or_default(),
            origin.map(|origin| origin.org.to_string()).unwrap_or_default(),
            origin.map(|origin| origin.belongs_to.as_str().to_owned()).unwrap_or_default(),
            earlier.iter().map(sim).collect::<Vec<_>>().join(" "),
        ]
    }
}

impl Line for PortedNumber {
    const COLUMNS: (&'static [&'static str], &'static [&'static str]) = (&["msisdn", "operator", "nrn"], &[]);

    fn read(fields: &Fields<'_>, known: &Known) -> Result<Self, String> {
        let operator = fields.required("operator", |text| OperatorCode::parse(text).ok())?;
        if !known.operators.contains(&operator) {
            return Err("operator is not one of this database's".to_owned());
        }
        Ok(Self {
            msisdn: fields.required("msisdn", |text| Msisdn::parse(text).ok())?,
            operator,
            nrn: fields.required("nrn", |text| Nrn::parse(text).ok())?,
        })
    }

    fn write(&self) -> Vec<String> {
        vec![self.msisdn.to_string(), self.operator.to_string(), self.nrn.to_string()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled_bytes;

    /// What is read of a file's lines, as lines again; `None` where its first line is none of ours.
    fn read<T: Line>(file: &[u8]) -> Option<Vec<Vec<String>>> {
        let known = Known {
            now: Timestamp::UNIX_EPOCH,
            orgs: HashMap::from([(OrgName::parse("masmovil").unwrap(), BelongsTo::MasStack)]),
            operators: HashSet::from([OperatorCode::parse("005").unwrap()]),
        };
        let mut reader = csv::Reader::from_reader(file);
        let columns = Columns::of::<T>(reader.headers().ok()?).ok()?;
        let lines = reader.into_records().filter_map(Result::ok);
        Some(lines.filter_map(|line| T::read(&columns.fields(&line), &known).ok()).map(|row| row.write()).collect())
    }

    /// What `export` would write of it.
    fn written<T: Line>(lines: &[Vec<String>]) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let (required, optional) = T::COLUMNS;
        writer.write_record(required.iter().chain(optional)).unwrap();
        for line in lines {
            writer.write_record(line).unwrap();
        }
        writer.into_inner().unwrap()
    }

    proptest! {
        #[test]
        fn any_text_is_answered(file in mangled_bytes(&[
            "msisdn,org\n644555001,masmovil\n+34644555002,masmovil\n",
            "msisdn,org,imsi,segment,belongs_to,status,checked_at,imsi_created_at,from_org,from_belongs_to,earlier_imsis\n\
             644555001,masmovil,214049000001001,B2B,heos,OK,2026-01-01T00:00:00Z,2026-01-01T00:00:00.5Z,yoigo,mas-stack,\
             214049000001003;B2C;2026-01-01T00:00:00Z 214049000001004;B2C;2025-01-01T00:00:00Z\n",
            "nrn,\"operator\",msisdn\r\n741111,005,\"666777888\"\r\n",
        ])) {
            if let Some(lines) = read::<NewNumber>(&file) {
                prop_assert_eq!(read::<NewNumber>(&written::<NewNumber>(&lines)), Some(lines));
            }
            if let Some(lines) = read::<PortedNumber>(&file) {
                prop_assert_eq!(read::<PortedNumber>(&written::<PortedNumber>(&lines)), Some(lines));
            }
        }
    }
}
