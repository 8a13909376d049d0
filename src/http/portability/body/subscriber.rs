//! `subscriber`: whose numbers are to be ported. It is kept as it was sent.

use super::line;
use crate::domain::document::{Document, DocumentType};
use crate::domain::request::{Address, ContactNumber, Subscriber};
use crate::http::body::Fields;

/// The most addresses of a subscriber.
const MAX_ADDRESSES: usize = 100;
/// The longest text of a subscriber, in characters.
const MAX_TEXT: usize = 255;

/// Reads a subscriber; what is missing of it was noted as a violation.
pub fn read(fields: &mut Fields<'_>) -> Subscriber {
    let kind = fields.peek("document_type").and_then(DocumentType::parse);
    let is_person = kind.is_some_and(|kind| kind != DocumentType::Cif);
    let is_foreign = matches!(kind, Some(DocumentType::Nie | DocumentType::Pas));
    Subscriber {
        addresses: fields.list("addresses", MAX_ADDRESSES, |fields| Some(address(fields))).unwrap_or_default(),
        document: fields.required("document", |text| document(kind, text)),
        document_type: fields.required("document_type", |word| DocumentType::parse(word).map(|kind| kind.to_string()).ok_or("oneof")),
        id: fields.optional("id", text),
        email: fields.optional("email", email),
        msisdn: fields.object("msisdn", contact_number),
        name: fields.required("name", filled),
        nationality: if is_foreign { fields.required("nationality", filled) } else { fields.optional("nationality", text) },
        second_name: fields.optional("second_name", text),
        surname: if is_person { fields.required("surname", filled) } else { fields.optional("surname", text) },
    }
}

fn address(fields: &mut Fields<'_>) -> Address {
    Address {
        address: fields.optional("address", text),
        city: fields.optional("city", text),
        country: fields.optional("country", text),
        postal_code: fields.optional("postal_code", text),
        province: fields.optional("province", text),
        r#type: fields.optional("type", |word| if word == "CONTACT" { Ok(word.to_owned()) } else { Err("oneof") }),
    }
}

/// Not necessarily a mobile number, nor a Spanish one.
fn contact_number(fields: &mut Fields<'_>) -> Option<ContactNumber> {
    let country_code = fields.required("country_code", |code| digits(code.strip_prefix('+').unwrap_or(code), 3).map(|()| code.to_owned()));
    let number = fields.required("number", |number| digits(number, 14).map(|()| number.to_owned()));
    Some(ContactNumber { country_code: country_code?, number: number? })
}

fn digits(text: &str, longest: usize) -> Result<(), &'static str> {
    match text.len() {
        _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err("numeric"),
        length if (1..=longest).contains(&length) => Ok(()),
        _ => Err("len"),
    }
}

fn document(kind: Option<DocumentType>, sent: &str) -> Result<String, &'static str> {
    let sent = text(sent)?;
    // Without a type there is nothing to check it by, and the type's own violation is noted.
    if kind.is_none_or(|kind| Document::parse(kind, &sent).is_ok()) { Ok(sent) } else { Err("document") }
}

fn text(text: &str) -> Result<String, &'static str> {
    line(text, MAX_TEXT)
}

/// A text that says something.
fn filled(sent: &str) -> Result<String, &'static str> {
    if sent.trim().is_empty() { Err("required") } else { text(sent) }
}

/// `local@domain` as RFC 5321 §4.1.2 has it, without quoted local parts and address literals; letters of any script (RFC 6531).
fn email(sent: &str) -> Result<String, &'static str> {
    let (local, domain) = sent.rsplit_once('@').ok_or("email")?;
    let is_atom = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    let is_label = |text: &str| {
        let edged = text.starts_with('-') || text.ends_with('-');
        (1..=63).contains(&text.len()) && !edged && text.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let local_fits = local.len() <= 64 && local.split('.').all(is_atom);
    let domain_fits = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label);
    if local_fits && domain_fits { text(sent) } else { Err("email") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn emails() {
        for valid in ["martina@example.com", "m.fraile+bills@correo.example.es", "o'neil_1@a-b.es", "martina@españa.es", "jose.nuñez@x.es"]
        {
            assert_eq!(email(valid).as_deref(), Ok(valid));
        }
        let (long_local, long_domain) = (format!("{}@x.es", "a".repeat(65)), format!("a@{}es", "a.".repeat(130)));
        let invalid = [
            "",
            "@",
            "martina",
            "martina@",
            "@example.com",
            "martina@localhost",
            "martina@example..com",
            "martina@.com",
            "mar tina@example.com",
            "a@b@example.com",
            ".m@example.com",
            "m..f@example.com",
            "m@-x.es",
            "m@x-.es",
            "m@x.es ",
            "m\0@x.es",
            "<m@x.es>",
            &long_local,
            &long_domain,
        ];
        for invalid in invalid {
            assert_eq!(email(invalid), Err("email"), "{invalid:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in mangled(&["martina@example.com", "m.fraile+bills@correo.españa.es"])) {
            prop_assert!(email(&text).map_or(true, |kept| kept == text));
        }
    }
}
