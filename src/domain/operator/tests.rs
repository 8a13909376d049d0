//! Tests of the operators.

use super::*;
use crate::mangled::mangled;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("005")]
#[case("000")]
#[case("999")]
fn operator_code_is_kept(#[case] text: &str) {
    assert_eq!(OperatorCode::parse(text).unwrap().to_string(), text);
}

#[rstest]
#[case("")]
#[case("05")]
#[case("0005")]
#[case("A05")]
#[case("+05")]
#[case("-05")]
#[case("é5")]
fn operator_code_is_refused(#[case] text: &str) {
    assert_eq!(OperatorCode::parse(text), Err(OperatorCodeError));
}

#[test]
fn the_three_published_statuses() {
    let codes: Vec<_> = OperatorStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(codes, ["ACTIVO", "DESHABILITADO", "ALTA_EXTRAORDINARIA"]);
    assert_eq!(OperatorStatus::parse("activo"), None);
}

#[test]
fn quota_groups_are_capital_letters_with_a_number() {
    for &group in QuotaGroup::ALL {
        assert_eq!(QuotaGroup::parse(&group.to_string()), Some(group));
    }
    for text in ["", "a", "Z", "AB", "A "] {
        assert_eq!(QuotaGroup::parse(text), None, "{text:?}");
    }
    let numbers: Vec<_> = QuotaGroup::ALL.iter().map(|group| group.requests_per_day()).collect();
    assert_eq!(numbers, [999_999_999, 10_000, 100, 2]);
}

#[test]
fn quotas_have_the_published_maxima() {
    assert_eq!(MultipleQuota::new(99).map(Quota::per_day), Ok(99));
    assert_eq!(MultipleQuota::new(100), Err(QuotaError { max: 99 }));
    assert_eq!(ChangeQuota::new(999_999_999).map(Quota::per_day), Ok(999_999_999));
    assert_eq!(ChangeQuota::new(1_000_000_000), Err(QuotaError { max: 999_999_999 }));
    assert_eq!(MultipleQuota::new(0).map(Quota::per_day), Ok(0));
}

#[test]
fn ranges_include_both_ends() {
    let nrn = |number| Nrn::from_number(number).unwrap();
    let range = NrnRange::new(7, nrn(900_053), nrn(900_056)).unwrap();
    assert_eq!((range.id(), range.initial(), range.last()), (7, nrn(900_053), nrn(900_056)));
    let inside: Vec<_> = (900_051..900_059).filter(|&number| range.contains(nrn(number))).collect();
    assert_eq!(inside, [900_053, 900_054, 900_055, 900_056]);
    assert!(NrnRange::new(0, nrn(5), nrn(5)).unwrap().contains(nrn(5)));
    assert_eq!(NrnRange::new(0, nrn(5), nrn(4)), Err(RangeError));
}

#[rstest]
#[case("YOIGO", Some("YOIGO"))]
#[case("  MásMóvil 3.0 ", Some("MásMóvil 3.0"))]
#[case("", None)]
#[case("   ", None)]
#[case("a\nb", None)]
fn operator_names(#[case] text: &str, #[case] name: Option<&str>) {
    assert_eq!(OperatorName::parse(text).ok().as_ref().map(OperatorName::as_str), name);
}

#[test]
fn operator_names_have_at_most_255_characters() {
    assert!(OperatorName::parse(&"ñ".repeat(255)).is_ok());
    assert_eq!(OperatorName::parse(&"ñ".repeat(256)), Err(OperatorNameError));
}

/// The published sample.
fn yoigo() -> Operator {
    let nrn = |number| Nrn::from_number(number).unwrap();
    let msisdn = |text| Msisdn::parse(text).unwrap();
    Operator {
        id: 4,
        name: OperatorName::parse("YOIGO").unwrap(),
        code: OperatorCode::parse("005").unwrap(),
        nrn_ranges: vec![
            NumberRange::new(0, nrn(900_053), nrn(900_056)).unwrap(),
            NumberRange::new(1, nrn(741_111), nrn(741_111)).unwrap(),
        ],
        network_operator: OperatorCode::parse("003").unwrap(),
        msisdn_ranges: vec![NumberRange::new(0, msisdn("600000000"), msisdn("600000001")).unwrap()],
        individual_quota: QuotaGroup::A,
        multiple_quota: Quota::new(50).unwrap(),
        change_quota: Quota::new(1000).unwrap(),
        status: OperatorStatus::Activo,
        status_date: "2024-01-30T10:00:00Z".parse().unwrap(),
        backup: false,
    }
}

#[test]
fn an_operator_knows_its_numbers() {
    let operator = yoigo();
    let nrn = |number| Nrn::from_number(number).unwrap();
    let msisdn = |text| Msisdn::parse(text).unwrap();
    assert!(operator.has_nrn(nrn(741_111)) && operator.has_nrn(nrn(900_056)));
    assert!(!operator.has_nrn(nrn(741_112)));
    assert!(operator.owns(msisdn("600000001")));
    assert!(!operator.owns(msisdn("600000002")));
    assert_eq!(operator.first_nrn(), Some(nrn(900_053)));
    assert_eq!(Operator { nrn_ranges: Vec::new(), ..operator }.first_nrn(), None);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in mangled(&["005", "Xfera Móviles S.A.U.", "A"])) {
        prop_assert!(OperatorCode::parse(&text).map_or(true, |code| code.to_string() == text));
        prop_assert!(OperatorName::parse(&text).map_or(true, |name| name.as_str() == text.trim()));
        prop_assert!(QuotaGroup::parse(&text).is_none_or(|group| group.letter().to_string() == text));
    }

    #[test]
    fn ranges_overlap_when_they_share_a_number(a in 0_u32..30, b in 0_u32..30, c in 0_u32..30, d in 0_u32..30) {
        let range = |x: u32, y: u32| NumberRange::new(0, x.min(y), x.max(y)).unwrap();
        let (one, two) = (range(a, b), range(c, d));
        let shared = (0..30).any(|number| one.contains(number) && two.contains(number));
        prop_assert_eq!(one.overlaps(&two), shared);
    }
}
