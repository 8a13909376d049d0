//! Tests of the filter: what it means, what is a mistake and where, and properties.

use super::*;
use crate::mangled::mangled;
use proptest::prelude::*;
use rstest::rstest;

fn parse(text: &str) -> Predicate {
    Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A listed portability of which some members are absent: `cause_status`, `icc_id`, `window_date`.
fn listed(field: Field) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match field {
        Field::State => text("ASOL"),
        Field::DonorOperator => text("005"),
        Field::ExternalReference => text("Pedido \"ñ\" 10"),
        Field::Tenant => text(""),
        Field::RecipientRol => Some(Value::Boolean(true)),
        Field::CreateDateNc => "2025-05-02T08:32:02Z".parse().ok().map(Value::Date),
        _ => None,
    }
}

#[rstest]
// Texts.
#[case(r#"state eq "ASOL""#, true)]
#[case(r#"state eq "asol""#, false)]
#[case(r#"state eq "ASO""#, false)]
#[case(r#"state ne "ACON""#, true)]
#[case(r#"state ne "ASOL""#, false)]
#[case(r#"state gt "ASOK""#, true)]
#[case(r#"state gt "ASOL""#, false)]
#[case(r#"state ge "ASOL""#, true)]
#[case(r#"state lt "ASOLA""#, true)]
#[case(r#"state lt "a""#, true)]
#[case(r#"state lt "ASOL""#, false)]
#[case(r#"state le "ASOL""#, true)]
#[case(r#"external_reference gt "Pedido \"z""#, true)]
#[case(r#"state co "SO""#, true)]
#[case(r#"state co "so""#, false)]
#[case(r#"state co "%""#, false)]
#[case(r#"state co "A_OL""#, false)]
#[case(r#"state sw "AS""#, true)]
#[case(r#"state sw "SO""#, false)]
#[case(r#"state ew "OL""#, true)]
#[case(r#"state ew "AS""#, false)]
#[case(r#"state sw """#, true)]
#[case(r#"external_reference eq "Pedido \"\u00F1\" 10""#, true)]
#[case(r#"external_reference co "\"ñ\"""#, true)]
#[case(r#"state in ("ACON", "ASOL")"#, true)]
#[case(r#"state in ("ACON")"#, false)]
// The field's name and the operators in any case.
#[case(r#"STATE Eq "ASOL" AND Tenant PR"#, true)]
#[case(r#"Not (State IN ("ASOL")) oR recipient_ROL NE true"#, false)]
// Booleans.
#[case("recipient_rol eq true", true)]
#[case("recipient_rol eq false", false)]
#[case("recipient_rol ne false", true)]
#[case("recipient_rol pr", true)]
// Dates are instants.
#[case(r#"create_date_nc eq "2025-05-02T10:32:02+02:00""#, true)]
#[case(r#"create_date_nc eq "2025-05-02T08:32:02.000Z""#, true)]
#[case(r#"create_date_nc ne "2025-05-02T08:32:02Z""#, false)]
#[case(r#"create_date_nc gt "2025-05-02T09:00:00+02:00""#, true)]
#[case(r#"create_date_nc ge "2025-05-02T08:32:02Z""#, true)]
#[case(r#"create_date_nc lt "2025-05-02T08:32:02.5Z""#, true)]
#[case(r#"create_date_nc le "2025-05-02T08:32:01Z""#, false)]
#[case(r#"create_date_nc in ("2025-05-02T09:32:02+01:00")"#, true)]
// An empty text is present.
#[case("tenant pr", true)]
#[case(r#"tenant eq """#, true)]
#[case(r#"tenant ne """#, false)]
// Absent members: false, `ne` true, and `not` is the plain opposite.
#[case("cause_status pr", false)]
#[case("not (cause_status pr)", true)]
#[case(r#"cause_status eq "RECH_NORES""#, false)]
#[case(r#"cause_status ne "RECH_NORES""#, true)]
#[case(r#"not (cause_status eq "RECH_NORES")"#, true)]
#[case(r#"not (cause_status ne "RECH_NORES")"#, false)]
#[case(r#"icc_id gt "0""#, false)]
#[case(r#"not (icc_id gt "0")"#, true)]
#[case(r#"icc_id le "9""#, false)]
#[case(r#"icc_id co """#, false)]
#[case(r#"icc_id in ("1")"#, false)]
#[case(r#"not (icc_id in ("1"))"#, true)]
#[case(r#"window_date lt "2099-01-01T00:00:00Z""#, false)]
#[case(r#"window_date ne "2099-01-01T00:00:00Z""#, true)]
// `and` binds tighter than `or`.
#[case("tenant pr or state pr and icc_id pr", true)]
#[case("(tenant pr or state pr) and icc_id pr", false)]
#[case("icc_id pr and tenant pr or state pr", true)]
#[case("not (icc_id pr) and icc_id pr", false)]
#[case("not (icc_id pr or tenant pr)", false)]
#[case(r#"state eq "ASOL" and (recipient_rol eq true or donor_operator ne "005")"#, true)]
fn meaning(#[case] text: &str, #[case] matches: bool) {
    assert_eq!(parse(text).matches(&listed), matches);
}

#[rstest]
#[case::blanks_are_free("  state\teq\n\"ASOL\"  ", r#"state eq "ASOL""#)]
#[case::blanks_are_needless(r#"not(state eq"A"and id in("1","2"))"#, r#"not (state eq "A" and id in ("1", "2"))"#)]
#[case::needless_parentheses("((state pr)) and (id pr)", "state pr and id pr")]
#[case::kept_parentheses("(state pr and id pr) and icc_id pr", "(state pr and id pr) and icc_id pr")]
#[case::or_in_and("(state pr or id pr) and icc_id pr", "(state pr or id pr) and icc_id pr")]
#[case::and_in_or("(state pr and id pr) or icc_id pr", "state pr and id pr or icc_id pr")]
#[case::escapes(r#"id eq "\"\\\/\b\f\n\r\tA\uD83D\uDE00""#, "id eq \"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009A😀\"")]
#[case::utc(r#"window_date gt "2025-05-02T10:00:00+02:00""#, r#"window_date gt "2025-05-02T08:00:00Z""#)]
fn canonical_form(#[case] text: &str, #[case] canonical: &str) {
    assert_eq!(parse(text).to_string(), canonical);
}

#[rstest]
#[case::empty("", 1, "expected a condition, found the end")]
#[case::blank("   ", 4, "expected a condition, found the end")]
#[case::field_alone("state", 6, "expected an operator, found the end")]
#[case::no_value("state eq", 9, "expected a value, found the end")]
#[case::sign_for_value("state eq )", 10, "expected a value, found ')'")]
#[case::unknown_field(r#"stat eq "A""#, 1, "unknown field 'stat'")]
#[case::sub_attribute(r#"state.x eq "A""#, 1, "unknown field 'state.x'")]
#[case::unknown_operator(r#"state is "A""#, 7, "unknown operator 'is'")]
#[case::operator_of_signs(r#"state = "A""#, 7, "unexpected character '='")]
#[case::keyword_for_field(r#"and state eq "A""#, 1, "unknown field 'and'")]
#[case::text_for_field(r#""state" eq "A""#, 1, "expected a condition, found the text \"state\"")]
#[case::word_for_text("state eq ASOL", 10, "state is a text in double quotes, found 'ASOL'")]
#[case::number_for_text("msisdn eq 666777888", 11, "msisdn is a text in double quotes, found '666777888'")]
#[case::null("icc_id eq null", 11, "icc_id is a text in double quotes, found 'null'")]
#[case::boolean_for_text("state eq true", 10, "state is a text in double quotes, found 'true'")]
#[case::text_for_boolean(r#"recipient_rol eq "true""#, 18, r#"recipient_rol is true or false, found the text "true""#)]
#[case::capital_boolean("recipient_rol eq True", 18, "recipient_rol is true or false, found 'True'")]
#[case::order_of_booleans("recipient_rol gt true", 15, "'gt' cannot be used with recipient_rol, which is true or false")]
#[case::list_of_booleans("recipient_rol in (true)", 15, "'in' cannot be used with recipient_rol, which is true or false")]
#[case::part_of_date(
    r#"window_date sw "2025""#,
    13,
    "'sw' cannot be used with window_date, which is an RFC 3339 date-time in double quotes"
)]
#[case::no_date(
    r#"window_date gt "2025-05-02""#,
    16,
    "window_date is an RFC 3339 date-time in double quotes, found the text \"2025-05-02\""
)]
#[case::unquoted_date(
    "create_date_nc gt 2025-05-02T00:00:00Z",
    19,
    "create_date_nc is an RFC 3339 date-time in double quotes, found '2025-05-02T00:00:00Z'"
)]
#[case::second_value(r#"id in ("a" "b")"#, 12, "expected ',' or ')', found the text \"b\"")]
#[case::empty_list("id in ()", 8, "expected a value, found ')'")]
#[case::open_list(r#"id in ("a""#, 11, "expected ',' or ')', found the end")]
#[case::no_list(r#"id in "a""#, 7, "expected '(', found the text \"a\"")]
#[case::mismatch_in_list(r#"id in ("a", 5)"#, 13, "id is a text in double quotes, found '5'")]
#[case::unclosed("(state pr", 10, "expected ')', 'and' or 'or', found the end")]
#[case::unopened("state pr)", 9, "expected 'and', 'or' or the end, found ')'")]
#[case::empty_parentheses("()", 2, "expected a condition, found ')'")]
#[case::two_conditions("state pr id pr", 10, "expected 'and', 'or' or the end, found 'id'")]
#[case::dangling_and("state pr and", 13, "expected a condition, found the end")]
#[case::not_without_parentheses(r#"not state eq "A""#, 5, "expected '(', found 'state'")]
#[case::unterminated(r#"state eq "ASOL"#, 10, "the text that begins here does not end")]
#[case::unterminated_escape(r#"state eq "ASOL\"#, 10, "the text that begins here does not end")]
#[case::bad_escape(r#"state eq "A\x""#, 12, "not an escape of a JSON string")]
#[case::short_escape(r#"state eq "\u00f""#, 11, "not an escape of a JSON string")]
#[case::lone_high_surrogate(r#"state eq "\ud83d""#, 11, "not an escape of a JSON string")]
#[case::lone_low_surrogate(r#"state eq "\ude00""#, 11, "not an escape of a JSON string")]
#[case::wrong_surrogates(r#"state eq "\ud83dA""#, 11, "not an escape of a JSON string")]
#[case::two_high_surrogates(r#"state eq "\ud83d\ud83d""#, 11, "not an escape of a JSON string")]
#[case::line_break("state eq \"A\nB\"", 12, "a control character that a text cannot contain")]
#[case::nul("state eq \"\\u0000\"", 11, "a control character that a text cannot contain")]
#[case::columns_count_characters(r#"state eq "ñññ" oder"#, 16, "expected 'and', 'or' or the end, found 'oder'")]
fn mistakes(#[case] text: &str, #[case] column: usize, #[case] reason: &str) {
    let error = Predicate::parse(text).unwrap_err();
    assert_eq!((error.column, error.reason.to_string().as_str()), (column, reason));
    assert_eq!(error.to_string(), format!("column {column}: {reason}"));
}

#[test]
fn at_most_2000_characters() {
    let filter = |letters: usize| format!("id eq \"{}\"", "ñ".repeat(letters));
    assert!(Predicate::parse(&filter(2000 - 8)).is_ok());
    let error = Predicate::parse(&filter(2000 - 7)).unwrap_err();
    assert_eq!((error.column, error.reason), (2001, Reason::TooLong));
}

#[test]
fn at_most_50_conditions() {
    let filter = |terms: usize| vec!["id pr"; terms].join(" or ");
    assert!(Predicate::parse(&filter(50)).is_ok());
    let error = Predicate::parse(&filter(51)).unwrap_err();
    assert_eq!((error.column, error.reason), (50 * 9 + 1, Reason::TooManyTerms));
}

#[test]
fn the_values_of_a_list_are_one_condition() {
    let values = vec!["\"7\""; 300].join(",");
    assert!(Predicate::parse(&format!("id in ({values})")).is_ok());
}

#[test]
fn at_most_32_parentheses_within_each_other() {
    let nested = |depth: usize| format!("{}id pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Predicate::parse(&nested(32)).is_ok());
    let error = Predicate::parse(&nested(33)).unwrap_err();
    assert_eq!((error.column, error.reason), (33, Reason::TooDeep));
    let negated = format!("{}id pr{}", "not (".repeat(33), ")".repeat(33));
    assert_eq!(Predicate::parse(&negated).unwrap_err().reason, Reason::TooDeep);
    assert_eq!(Predicate::parse(&"(".repeat(2000)).unwrap_err().reason, Reason::TooDeep);
    assert!(Predicate::parse(&vec![nested(32); 20].join(" and ")).is_ok());
}

#[test]
fn the_17_listed_members_have_these_kinds() {
    let of_kind = |kind| Field::ALL.iter().filter(move |field| field.kind() == kind).map(|field| field.as_str());
    assert_eq!(Field::ALL.len(), 17);
    assert_eq!(of_kind(Kind::Boolean).collect::<Vec<_>>(), ["recipient_rol"]);
    assert_eq!(of_kind(Kind::Date).collect::<Vec<_>>(), ["create_date_nc", "window_date"]);
}

/// Every operator on every field is either read or refused, as its kind has it.
#[test]
fn operators_fit_kinds() {
    for &field in Field::ALL {
        let value = match field.kind() {
            Kind::Text => "\"A\"",
            Kind::Boolean => "true",
            Kind::Date => "\"2025-01-01T00:00:00Z\"",
        };
        let readable = |text: String| Predicate::parse(&text).is_ok();
        let allowed = |op: &Op| match field.kind() {
            Kind::Text => true,
            Kind::Boolean => matches!(op, Op::Eq | Op::Ne),
            Kind::Date => !matches!(op, Op::Co | Op::Sw | Op::Ew),
        };
        for op in Op::ALL {
            assert_eq!(readable(format!("{field} {op} {value}")), allowed(op), "{field} {op}");
        }
        assert_eq!(readable(format!("{field} in ({value})")), field.kind() != Kind::Boolean, "{field} in");
        assert!(readable(format!("{field} pr")), "{field} pr");
    }
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (-1_000_000_000_000_000_i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn value_of(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => "[AB\"\\\\ñ\n]{0,3}|\\PC{0,4}".prop_map(Value::Text).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Date => instants().prop_map(Value::Date).boxed(),
    }
}

fn condition() -> impl Strategy<Value = Predicate> {
    let field = proptest::sample::select(Field::ALL);
    (field, proptest::sample::select(Op::ALL), 0..4).prop_flat_map(|(field, op, shape)| {
        let kind = field.kind();
        match shape {
            0 => Just(Predicate::Present(field)).boxed(),
            1 if kind != Kind::Boolean => {
                proptest::collection::vec(value_of(kind), 1..4).prop_map(move |values| Predicate::In { field, values }).boxed()
            }
            _ => {
                let op = if op.takes(kind) { op } else { Op::Ne };
                value_of(kind).prop_map(move |value| Predicate::Compare { field, op, value }).boxed()
            }
        }
    })
}

fn predicate() -> impl Strategy<Value = Predicate> {
    condition().prop_recursive(4, 24, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Predicate::And),
            several.prop_map(Predicate::Or),
            inner.prop_map(|inner| Predicate::Not(Box::new(inner))),
        ]
    })
}

/// The members of an object, some absent.
fn object() -> impl Strategy<Value = Vec<Option<Value>>> {
    Field::ALL.iter().map(|field| proptest::option::of(value_of(field.kind()))).collect::<Vec<_>>()
}

fn member_of(object: &[Option<Value>]) -> impl Fn(Field) -> Option<Value> {
    |field| object[field as usize].clone()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(predicate in predicate()) {
        let text = predicate.to_string();
        match Predicate::parse(&text) {
            Ok(read) => prop_assert_eq!(read, predicate),
            Err(error) => prop_assert!(
                matches!(error.reason, Reason::TooLong | Reason::TooManyTerms), "{}: {}", text, error
            ),
        }
    }

    #[test]
    fn any_text_is_answered(text in mangled(&[
        "state eq \"ASOL\" and (recipient_rol eq true or donor_operator in (\"001\",\"003\")) and not (window_date lt \"2026-12-01T00:00:00Z\")",
        "((msisdn sw \"666\")) or not (not (external_reference pr)) or contract_code co \"\\ud83d\\udca5\\n\\\"\"",
    ])) {
        match Predicate::parse(&text) {
            Ok(predicate) => prop_assert_eq!(parse(&predicate.to_string()), predicate),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error),
        }
    }

    #[test]
    fn any_words_are_answered(words in proptest::collection::vec(proptest::sample::select(&[
        "state", "recipient_rol", "window_date", "eq", "in", "pr", "and", "or", "not", "(", ")", ",", "true",
        "\"A\"", "\"2025-01-01T00:00:00Z\"", "\"", "\\", "\0",
    ][..]), 0..30)) {
        let text = words.join(" ");
        match Predicate::parse(&text) {
            Ok(predicate) => prop_assert_eq!(parse(&predicate.to_string()), predicate),
            Err(error) => prop_assert!((1..=text.len() + 1).contains(&error.column)),
        }
    }

    #[test]
    fn conditions_are_true_or_false_as_documented(
        field in proptest::sample::select(Field::ALL), object in object(), seed in object(),
    ) {
        let Some(value) = seed[field as usize].clone() else { return Ok(()) };
        let member = member_of(&object);
        let holds = |op| Predicate::Compare { field, op, value: value.clone() }.matches(&member);
        let present = member(field).is_some();
        prop_assert_eq!(Predicate::Present(field).matches(&member), present);
        prop_assert_eq!(holds(Op::Ne), !holds(Op::Eq));
        prop_assert_eq!(holds(Op::Ge), holds(Op::Gt) || holds(Op::Eq));
        prop_assert_eq!(holds(Op::Le), holds(Op::Lt) || holds(Op::Eq));
        prop_assert_eq!(present, holds(Op::Lt) || holds(Op::Ge));
        prop_assert!(!(holds(Op::Sw) || holds(Op::Ew)) || holds(Op::Co));
        let own = member(field).unwrap_or(value.clone());
        let list = Predicate::In { field, values: vec![value.clone(), own] };
        prop_assert_eq!(list.matches(&member), present);
    }

    #[test]
    fn not_is_the_opposite(predicates in proptest::collection::vec(predicate(), 2..4), object in object()) {
        let member = member_of(&object);
        let not = |inner: &Predicate| Predicate::Not(Box::new(inner.clone()));
        for predicate in &predicates {
            prop_assert_eq!(not(predicate).matches(&member), !predicate.matches(&member));
        }
        let opposites = predicates.iter().map(not).collect();
        let neither = not(&Predicate::Or(predicates));
        prop_assert_eq!(neither.matches(&member), Predicate::And(opposites).matches(&member));
    }
}
