//! Magic numbers: the number that is asked for decides what becomes of the request, as a test card's number does in a payment sandbox.

use std::time::Duration;

use crate::central_node::DonorPlan;
use crate::domain::cause::{DenyCause, NodeRefusal};
use crate::domain::msisdn::Msisdn;
use crate::domain::portability::Answer;

/// What becomes of a request for a magic number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The Node registers it, and the donor does this.
    Donor(DonorPlan),
    /// The Node refuses it.
    Refused(NodeRefusal),
}

const fn answers(answer: Answer) -> Outcome {
    Outcome::Donor(DonorPlan::Answers(answer, Duration::ZERO))
}

/// The magic numbers, as nine national digits: numbers of DIGI (075) in the demo data. One for each outcome.
pub const MAGIC_NUMBERS: [(u64, Outcome); 13] = [
    (607_500_100, answers(Answer::Accept)),
    (607_500_101, answers(Answer::Deny(DenyCause::Ident))),
    (607_500_102, answers(Answer::Deny(DenyCause::Iccid))),
    (607_500_103, answers(Answer::Deny(DenyCause::Bnume))),
    (607_500_104, answers(Answer::Deny(DenyCause::Fmayo))),
    (607_500_105, answers(Answer::Deny(DenyCause::Perdi))),
    (607_500_106, Outcome::Donor(DonorPlan::Silent)),
    (607_500_201, Outcome::Refused(NodeRefusal::Enume)),
    (607_500_202, Outcome::Refused(NodeRefusal::Exist)),
    (607_500_203, Outcome::Refused(NodeRefusal::Nrnre)),
    (607_500_204, Outcome::Refused(NodeRefusal::Horfv)),
    (607_500_205, Outcome::Refused(NodeRefusal::Cupo1)),
    (607_500_206, Outcome::Refused(NodeRefusal::Cupo4)),
];

/// What becomes of a request for this number, if it is a magic one.
#[must_use]
pub fn outcome(msisdn: Msisdn) -> Option<Outcome> {
    MAGIC_NUMBERS.iter().find(|(number, _)| *number == msisdn.national()).map(|(_, outcome)| *outcome)
}

impl Outcome {
    /// In words.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Donor(DonorPlan::Answers(Answer::Accept, _)) => {
                "the donor accepts when Tv begins: `ACON`, and `APOR` at the window".to_owned()
            }
            Self::Donor(DonorPlan::Answers(Answer::Deny(cause), _)) => format!("the donor denies when Tv begins: `AREC`, `{cause}`"),
            Self::Donor(DonorPlan::Silent) => "the donor does not answer: `AREC`, `RECH_NORES` at the end of Tv".to_owned(),
            Self::Refused(refusal) => format!("the Central Node refuses: `AREC`, `{refusal}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::DataSet;

    #[test]
    fn there_is_one_for_each_outcome() {
        let outcomes: Vec<_> = MAGIC_NUMBERS.iter().map(|(_, outcome)| *outcome).collect();
        let mut expected = vec![answers(Answer::Accept)];
        expected.extend(DenyCause::ALL.iter().map(|cause| answers(Answer::Deny(*cause))));
        expected.push(Outcome::Donor(DonorPlan::Silent));
        expected.extend(NodeRefusal::ALL.iter().map(|refusal| Outcome::Refused(*refusal)));
        assert_eq!(outcomes, expected);
    }

    /// So that they can be asked for: numbers of an operator outside which nobody else uses.
    #[test]
    fn they_are_an_outside_operators_in_the_demo_data() {
        let demo = DataSet::demo().unwrap();
        for (number, wanted) in MAGIC_NUMBERS {
            let msisdn = Msisdn::parse(&number.to_string()).unwrap();
            assert_eq!(outcome(msisdn), Some(wanted));
            let owner = demo.operators.iter().find(|operator| operator.owns(msisdn)).unwrap();
            assert!(demo.orgs.iter().all(|org| org.operator_code != owner.code.to_string()), "{number}");
            assert!(!demo.ported_numbers.iter().any(|ported| ported.msisdn == msisdn), "{number}");
        }
        for other in ["634443633", "666777888", "607500107"] {
            assert_eq!(outcome(Msisdn::parse(other).unwrap()), None);
        }
    }
}
