use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::inventory::BelongsTo;
use crate::domain::org::OrgName;
use crate::error::Kind;
use crate::mangled::mangled_bytes;

fn org() -> Org {
    Org {
        name: OrgName::parse("masmovil").unwrap(),
        operator_code: "005".into(),
        nrn: "741111".into(),
        home_system: BelongsTo::MasStack,
        tenant_id: 2,
        bit: 2,
        tier: 1,
    }
}

/// The published sample.
fn sample() -> Value {
    serde_json::from_str(include_str!("../samples/request.json")).unwrap()
}

/// The sample with values put at JSON pointers; `null` is the same as absent.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut body = sample();
    for (pointer, value) in changes {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.insert(member.to_owned(), value.clone())),
            Value::Array(items) => items[member.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("nothing can be put at {pointer}"),
        }
    }
    body
}

fn read(body: Value) -> Result<PortabilityRequest> {
    let Value::Object(members) = body else { panic!("an object") };
    request(&JsonObject(members), &org())
}

/// `Field tag` of each violation, in order.
fn violations(body: Value) -> Vec<String> {
    let detail = read(body).err().map(|error| error.detail().to_owned()).unwrap_or_default();
    detail
        .lines()
        .map(|line| line.replace("Error:Field validation for '", "").replace("' failed on the '", " ").replace("' tag", ""))
        .collect()
}

/// A range from a number to another, without SIMs.
fn range(initial: &str, end: &str) -> Value {
    let bound = |number: &str| json!({"msisdn": {"country_code": "34", "number": number}});
    json!({"initial_range": bound(initial), "end_range": bound(end)})
}

fn ranges(ranges: impl Into<Value>) -> Value {
    with(&[("/access_type", "MULTIPLE".into()), ("/msisdn_ranges", ranges.into())])
}

#[test]
fn the_published_sample() {
    let request = read(sample()).unwrap();
    assert_eq!(request.access_type, AccessType::Individual);
    assert_eq!(request.contract_code.as_str(), "00528902840");
    assert_eq!(request.external_reference.as_deref(), Some("PORTIN_902840_634443633"));
    let numbers: Vec<_> = request.numbers.iter().map(|number| (number.msisdn.to_string(), number.icc_id.unwrap().to_string())).collect();
    assert_eq!(numbers, [("634443633".to_owned(), "8934221507160508791".to_owned())]);
    assert_eq!(request.nrn_receptor.to_string(), "741111");
    assert_eq!(request.subscriber_request_date, instant::parse("2022-02-24T13:45:10Z"));
    assert_eq!(request.window_date, None);
    assert_eq!(serde_json::to_value(request.subscriber.unwrap()).unwrap(), sample()["subscriber"]);
}

#[test]
fn what_may_be_absent() {
    let body = json!({
        "access_type": "INDIVIDUAL", "contract_code": "00528902840", "nrn_receptor": "741111", "unknown": {"ignored": [1]},
        "msisdn_ranges": [range("634443633", "634443633")]
    });
    let request = read(body).unwrap();
    assert_eq!(request.numbers[0].icc_id, None);
    assert_eq!((request.external_reference, request.subscriber), (None, None));
    assert_eq!((request.subscriber_request_date, request.window_date), (None, None));
}

#[test]
fn every_violation_in_the_order_of_the_members() {
    assert_eq!(violations(json!({})), ["AccessType required", "ContractCode required", "MsisdnRanges required", "NrnReceptor required"]);
    let everything = json!({
        "access_type": 1, "contract_code": "x", "external_reference": "x".repeat(65),
        "msisdn_ranges": [{"initial_range": {"msisdn": {"country_code": "33"}, "icc_id": "89"}}, 7],
        "nrn_receptor": "1", "recipient_operator": "5",
        "subscriber": {"addresses": [{"type": "HOME"}], "document_type": "DNI", "email": "x", "msisdn": {"country_code": "x"}},
        "subscriber_request_date": "yesterday", "window_date": 0
    });
    assert_eq!(
        violations(everything),
        [
            "AccessType string",
            "ContractCode len",
            "ExternalReference max",
            "MsisdnRanges[0].InitialRange.Msisdn.CountryCode oneof",
            "MsisdnRanges[0].InitialRange.Msisdn.Number required",
            "MsisdnRanges[0].InitialRange.IccId iccid",
            "MsisdnRanges[0].EndRange required",
            "MsisdnRanges[1] object",
            "NrnReceptor nrn",
            "RecipientOperator operator_code",
            "Subscriber.Addresses[0].Type oneof",
            "Subscriber.Document required",
            "Subscriber.DocumentType oneof",
            "Subscriber.Email email",
            "Subscriber.Msisdn.CountryCode numeric",
            "Subscriber.Msisdn.Number required",
            "Subscriber.Name required",
            "SubscriberRequestDate datetime",
            "WindowDate string"
        ]
    );
}

#[test]
fn each_rule_of_a_member() {
    let initial = "/msisdn_ranges/0/initial_range";
    let long = |length: usize| Value::from("x".repeat(length));
    let table: &[(&str, Value, &str)] = &[
        ("/access_type", json!("individual"), "AccessType oneof"),
        ("/access_type", json!("MIXED"), ""),
        ("/contract_code", json!("0052890284"), "ContractCode len"),
        ("/contract_code", json!("005 8902840"), "ContractCode contract_code"),
        ("/contract_code", json!("50128902840"), "ContractCode startswith"),
        ("/contract_code", json!("abc28902840"), "ContractCode startswith"),
        ("/contract_code", json!("005-TRAC_12"), ""),
        ("/external_reference", long(64), ""),
        ("/external_reference", long(65), "ExternalReference max"),
        ("/external_reference", json!("ñ".repeat(64)), ""),
        ("/external_reference", json!("a\u{0}b"), "ExternalReference printable"),
        ("/external_reference", json!(7), "ExternalReference string"),
        ("/msisdn_ranges", json!({}), "MsisdnRanges array"),
        ("/msisdn_ranges", json!([]), "MsisdnRanges min"),
        ("/msisdn_ranges", json!(null), "MsisdnRanges required"),
        ("/msisdn_ranges/0", json!(null), "MsisdnRanges[0] object"),
        (initial, json!(null), "MsisdnRanges[0].InitialRange required"),
        (initial, json!("634443633"), "MsisdnRanges[0].InitialRange object"),
        (&format!("{initial}/msisdn"), json!(null), "MsisdnRanges[0].InitialRange.Msisdn required"),
        (&format!("{initial}/msisdn/country_code"), json!("+34"), ""),
        (&format!("{initial}/msisdn/country_code"), json!("0034"), "MsisdnRanges[0].InitialRange.Msisdn.CountryCode oneof"),
        (&format!("{initial}/msisdn/country_code"), json!(34), "MsisdnRanges[0].InitialRange.Msisdn.CountryCode string"),
        (&format!("{initial}/msisdn/number"), json!("63444363"), "MsisdnRanges[0].InitialRange.Msisdn.Number len"),
        (&format!("{initial}/msisdn/number"), json!("34634443633"), "MsisdnRanges[0].InitialRange.Msisdn.Number len"),
        (&format!("{initial}/msisdn/number"), json!(""), "MsisdnRanges[0].InitialRange.Msisdn.Number len"),
        (&format!("{initial}/msisdn/number"), json!("+34634443633"), "MsisdnRanges[0].InitialRange.Msisdn.Number numeric"),
        (&format!("{initial}/msisdn/number"), json!("63444363٣"), "MsisdnRanges[0].InitialRange.Msisdn.Number numeric"),
        (&format!("{initial}/msisdn/number"), json!("934443633"), "MsisdnRanges[0].InitialRange.Msisdn.Number msisdn"),
        (&format!("{initial}/icc_id"), json!(null), ""),
        (&format!("{initial}/icc_id"), json!("8934221507160508791F"), ""),
        (&format!("{initial}/icc_id"), json!("8934221507160508792"), "MsisdnRanges[0].InitialRange.IccId iccid"),
        (&format!("{initial}/icc_id"), json!("8944501234567890124"), "MsisdnRanges[0].EndRange.IccId eqfield"),
        ("/nrn_receptor", json!("74111"), "NrnReceptor nrn"),
        ("/nrn_receptor", json!("74111a"), "NrnReceptor nrn"),
        ("/nrn_receptor", json!(741_111), "NrnReceptor string"),
        ("/recipient_operator", json!("005"), ""),
        ("/recipient_operator", json!("501"), "RecipientOperator eq"),
        ("/recipient_operator", json!("0055"), "RecipientOperator operator_code"),
        ("/subscriber_request_date", json!("2022-02-24T13:45:10+01:00"), ""),
        ("/subscriber_request_date", json!("2022-02-24"), "SubscriberRequestDate datetime"),
        ("/window_date", json!("2022-02-30T01:00:00Z"), "WindowDate datetime"),
    ];
    check(table);
}

#[test]
fn each_rule_of_a_subscriber() {
    let long = |length: usize| Value::from("x".repeat(length));
    check(&[
        ("/subscriber", json!(null), ""),
        ("/subscriber", json!([]), "Subscriber object"),
        ("/subscriber/addresses", json!(null), ""),
        ("/subscriber/addresses", json!(vec![json!({}); 100]), ""),
        ("/subscriber/addresses", json!(vec![json!({}); 101]), "Subscriber.Addresses max"),
        ("/subscriber/addresses/0", json!("Calle Leonardo Prieto, 8"), "Subscriber.Addresses[0] object"),
        ("/subscriber/addresses/0/type", json!("contact"), "Subscriber.Addresses[0].Type oneof"),
        ("/subscriber/addresses/0/city", long(256), "Subscriber.Addresses[0].City max"),
        ("/subscriber/document", json!("09288205X"), "Subscriber.Document document"),
        ("/subscriber/document", json!(null), "Subscriber.Document required"),
        ("/subscriber/document_type", json!("nif"), "Subscriber.DocumentType oneof"),
        ("/subscriber/document_type", json!(null), "Subscriber.DocumentType required"),
        ("/subscriber/id", json!("customer 7"), ""),
        ("/subscriber/email", json!("martina@example.com"), ""),
        ("/subscriber/email", json!("martina"), "Subscriber.Email email"),
        ("/subscriber/msisdn", json!(null), ""),
        ("/subscriber/msisdn/country_code", json!("+1"), ""),
        ("/subscriber/msisdn/country_code", json!("0034"), "Subscriber.Msisdn.CountryCode len"),
        ("/subscriber/msisdn/number", json!("915550100"), ""),
        ("/subscriber/msisdn/number", json!("123456789012345"), "Subscriber.Msisdn.Number len"),
        ("/subscriber/msisdn/number", json!("915 550 100"), "Subscriber.Msisdn.Number numeric"),
        ("/subscriber/name", json!(" "), "Subscriber.Name required"),
        ("/subscriber/name", json!("a\nb"), "Subscriber.Name printable"),
        ("/subscriber/nationality", json!(null), ""),
        ("/subscriber/second_name", json!(""), ""),
        ("/subscriber/surname", json!(null), "Subscriber.Surname required"),
    ]);
}

/// What is wrong with the sample when this value stands at this JSON pointer.
fn check(table: &[(&str, Value, &str)]) {
    for (pointer, value, expected) in table {
        let expected: Vec<_> = expected.lines().collect();
        assert_eq!(violations(with(&[(pointer, value.clone())])), expected, "{pointer} {value}");
    }
}

#[test]
fn what_is_required_of_a_subscriber_depends_on_the_document() {
    let subscriber = |document_type: &str, document: &str| {
        let body = json!({"document_type": document_type, "document": document, "name": "x"});
        violations(with(&[("/subscriber", body)]))
    };
    assert_eq!(subscriber("NIF", "09288205T"), ["Subscriber.Surname required"]);
    assert_eq!(subscriber("NIE", "X5253868R"), ["Subscriber.Nationality required", "Subscriber.Surname required"]);
    assert_eq!(subscriber("PAS", "AAA123456"), ["Subscriber.Nationality required", "Subscriber.Surname required"]);
    assert_eq!(subscriber("CIF", "A11111119"), [""; 0]);
    assert_eq!(subscriber("CIF", "09288205T"), ["Subscriber.Document document"]);
}

#[test]
fn a_subscriber_is_kept_as_it_was_sent() {
    let bare = json!({"document_type": "CIF", "document": "a-11111119", "name": " ACME "});
    let kept = read(with(&[("/subscriber", bare)])).unwrap().subscriber.unwrap();
    assert_eq!(
        serde_json::to_value(kept).unwrap(),
        json!({
            "addresses": [], "document": "a-11111119", "document_type": "CIF", "id": null, "email": null, "msisdn": null,
            "name": " ACME ", "nationality": null, "second_name": null, "surname": null
        })
    );
}

#[test]
fn a_range_is_written_out_with_a_sim_at_each_end() {
    let mut three = range("634443633", "634443635");
    three["initial_range"]["icc_id"] = "8934221507160508791".into();
    three["end_range"]["icc_id"] = "8944501234567890124".into();
    let numbers = read(ranges([three, range("777000000", "777000000")])).unwrap().numbers;
    let numbers: Vec<_> = numbers.iter().map(|number| (number.msisdn.national(), number.icc_id.map(|icc_id| icc_id.to_string()))).collect();
    assert_eq!(
        numbers,
        [
            (634_443_633, Some("8934221507160508791".to_owned())),
            (634_443_634, None),
            (634_443_635, Some("8944501234567890124".to_owned())),
            (777_000_000, None)
        ]
    );
}

#[test]
fn one_number_has_the_sim_of_either_end() {
    for end in ["initial_range", "end_range"] {
        let mut one = range("634443633", "634443633");
        one[end]["icc_id"] = "8934221507160508791".into();
        let numbers = read(ranges([one])).unwrap().numbers;
        assert_eq!(numbers[0].icc_id.unwrap().to_string(), "8934221507160508791", "{end}");
    }
}

#[test]
fn how_many_numbers() {
    let single = |place: usize| range(&(634_443_000 + place).to_string(), &(634_443_000 + place).to_string());
    assert_eq!(read(ranges([range("634443000", "634443999")])).unwrap().numbers.len(), 1_000);
    assert_eq!(read(ranges((0..100).map(single).collect::<Vec<_>>())).unwrap().numbers.len(), 100);
    assert_eq!(violations(ranges((0..101).map(single).collect::<Vec<_>>())), ["MsisdnRanges max"]);
    assert_eq!(violations(ranges([range("634443000", "634444000")])), ["MsisdnRanges max"]);
    assert_eq!(violations(ranges([range("634443000", "634443999"), single(2_000)])), ["MsisdnRanges max"]);
    assert_eq!(violations(ranges([range("600000000", "799999999")])), ["MsisdnRanges max"]);
    assert_eq!(violations(ranges(vec![range("600000000", "799999999"); 100])), ["MsisdnRanges max"]);
    assert_eq!(violations(ranges(vec![json!(0); 100_000])), ["MsisdnRanges max"]);
}

#[test]
fn ranges_among_each_other() {
    assert_eq!(violations(ranges([range("634443634", "634443633")])), ["MsisdnRanges[0].EndRange.Msisdn.Number gtefield"]);
    assert_eq!(violations(ranges([range("634443633", "634443635"), range("634443635", "634443636")])), ["MsisdnRanges unique"]);
    let individual = |ranges: Value| violations(with(&[("/msisdn_ranges", ranges)]));
    assert_eq!(individual(json!([range("634443633", "634443634")])), ["MsisdnRanges len"]);
    assert_eq!(
        individual(json!([range("634443633", "634443633"), range("634443633", "634443633")])),
        ["MsisdnRanges len", "MsisdnRanges unique"]
    );
}

#[test]
fn causes() {
    use crate::domain::cause::{CancelCause, DenyCause};
    let body = |value: Value| JsonObject(Map::from_iter([("cause".to_owned(), value)]));
    assert_eq!(cause(&body(json!("RECH_PERDI")), DenyCause::parse).unwrap(), DenyCause::Perdi);
    assert_eq!(cause(&body(json!("CANC_TECNI")), CancelCause::parse).unwrap(), CancelCause::Tecni);
    for (value, tag) in
        [(json!(null), "required"), (json!("string"), "oneof"), (json!("RECH_NORES"), "oneof"), (json!(["RECH_PERDI"]), "string")]
    {
        let error = cause(&body(value), DenyCause::parse).unwrap_err();
        assert_eq!(error.detail(), format!("Error:Field validation for 'Cause' failed on the '{tag}' tag"));
    }
    assert!(cause(&body(json!("RECH_PERDI")), CancelCause::parse).is_err());
}

proptest! {
    /// A request that is none is refused with a line for each reason.
    #[test]
    fn any_text_is_answered(body in mangled_bytes(&[include_str!("../samples/request.json")])) {
        let Ok(Value::Object(members)) = serde_json::from_slice(&body) else { return Ok(()) };
        match request(&JsonObject(members), &org()) {
            Ok(request) => prop_assert!((1..=1000).contains(&request.numbers.len())),
            Err(error) => prop_assert_eq!(error.kind(), Kind::Invalid, "{}", error.detail()),
        }
    }
}
