//! What the documents say of the bodies: the functions beside read them.

use utoipa::ToSchema;

use crate::domain::cause::{CancelCause, DenyCause};
use crate::domain::document::DocumentType;
use crate::domain::request::AccessType;
use crate::http::docs::words;

words! {
    /// How many numbers, of how many donors: INDIVIDUAL one, MULTIPLE any number of one donor, MIXED any number of several donors
    AccessTypeName of AccessType;
    /// The kind of a document
    DocumentTypeName of DocumentType;
    /// Why the donor refuses: the document, or the SIM (prepaid), does not match the number; the number is being returned; force majeure; the SIM was reported lost or stolen
    DenyCauseName of DenyCause;
    /// Why the recipient cancels: the subscriber's wish, technical reasons, the operator's error
    CancelCauseName of CancelCause;
}

/// Declares structures that only the documents mention.
macro_rules! documented {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)+ })+) => {
        $(
            #[derive(ToSchema)]
            $(#[$meta])*
            #[expect(dead_code, reason = "only the documents mention it")]
            pub struct $name { $($(#[$field_meta])* $field: $type,)+ }
        )+
    };
}

documented! {
    /// A request for portability
    #[schema(example = json!({
        "access_type": "INDIVIDUAL",
        "contract_code": "00528902840",
        "external_reference": "PORTIN_902840_634443633",
        "msisdn_ranges": [{
            "initial_range": {"msisdn": {"country_code": "34", "number": "634443633"}, "icc_id": "8934221507160508791"},
            "end_range": {"msisdn": {"country_code": "34", "number": "634443633"}, "icc_id": "8934221507160508791"}
        }],
        "nrn_receptor": "741111",
        "recipient_operator": null,
        "subscriber": {
            "addresses": [{
                "address": "Calle Leonardo Prieto, 8", "city": "Madrid", "country": "Spain", "postal_code": "28040", "province": "Madrid", "type": "CONTACT"
            }],
            "document": "09288205T",
            "document_type": "NIF",
            "id": null,
            "email": null,
            "msisdn": {"country_code": "34", "number": "634443633"},
            "name": "Martina",
            "nationality": "España",
            "second_name": null,
            "surname": "Fraile Méndez"
        },
        "subscriber_request_date": "2022-02-24T13:45:10Z",
        "window_date": null
    }))]
    PortabilityBody {
        /// Access type of the request.
        access_type: AccessTypeName,
        /// Contract signed by subscriber: 11 characters, beginning with the recipient operator's code. Unique per request.
        #[schema(pattern = "^[0-9]{3}[A-Za-z0-9_-]{8}$")]
        contract_code: String,
        /// External identifier
        #[schema(max_length = 64)]
        external_reference: Option<String>,
        /// List of phone number ranges to port: at most 1,000 numbers in all, none twice
        #[schema(min_items = 1, max_items = 100)]
        msisdn_ranges: Vec<RangeBody>,
        /// Network Routing Number of recipient operator.
        #[schema(pattern = r"^[\d]{6,6}$")]
        nrn_receptor: String,
        /// Receiving operator code: absent, or the org's own.
        #[schema(pattern = r"^[\d]{3,3}$")]
        recipient_operator: Option<String>,
        subscriber: Option<SubscriberSchema>,
        /// Date of the portability request, not in the future. Timestamp in UTC time zone, format yyyy-MM-ddTHH:mm:ssZ
        #[schema(format = DateTime)]
        subscriber_request_date: Option<String>,
        /// Window date of the portability: 02:00 Europe/Madrid of a working day; absent: the Central Node's default. Timestamp in UTC time zone, format yyyy-MM-ddTHH:mm:ssZ
        #[schema(format = DateTime)]
        window_date: Option<String>,
    }

    /// Consecutive numbers, both ends included
    RangeBody {
        initial_range: BoundBody,
        end_range: BoundBody,
    }

    /// An end of a range
    BoundBody {
        msisdn: NumberBody,
        /// The SIM the number has at the donor: 19 digits; the 20th of a printed card is cut off.
        #[schema(pattern = "^89[0-9]{17}[0-9Ff]?$")]
        icc_id: Option<String>,
    }

    /// A mobile number
    NumberBody {
        #[schema(pattern = r"^\+?34$")]
        country_code: String,
        /// Nine national digits.
        #[schema(pattern = "^[67][0-9]{8}$")]
        number: String,
    }

    /// Whose numbers they are
    #[schema(as = Subscriber)]
    SubscriberSchema {
        #[schema(max_items = 100)]
        addresses: Option<Vec<AddressSchema>>,
        /// Valid for its type: check letters are checked.
        #[schema(max_length = 255)]
        document: String,
        document_type: DocumentTypeName,
        /// The recipient's own identifier.
        #[schema(max_length = 255)]
        id: Option<String>,
        #[schema(format = Email, max_length = 255)]
        email: Option<String>,
        msisdn: Option<ContactNumberSchema>,
        /// First name, or the company's name.
        #[schema(min_length = 1, max_length = 255)]
        name: String,
        /// Required for a NIE or a passport.
        #[schema(max_length = 255)]
        nationality: Option<String>,
        /// Second surname.
        #[schema(max_length = 255)]
        second_name: Option<String>,
        /// Required for persons.
        #[schema(max_length = 255)]
        surname: Option<String>,
    }

    /// An address of a subscriber
    #[schema(as = Address)]
    AddressSchema {
        #[schema(max_length = 255)]
        address: Option<String>,
        #[schema(max_length = 255)]
        city: Option<String>,
        #[schema(max_length = 255)]
        country: Option<String>,
        #[schema(max_length = 255)]
        postal_code: Option<String>,
        #[schema(max_length = 255)]
        province: Option<String>,
        /// CONTACT
        #[schema(pattern = "^CONTACT$")]
        r#type: Option<String>,
    }

    /// A subscriber's number, checked for shape only
    #[schema(as = ContactNumber)]
    ContactNumberSchema {
        #[schema(pattern = r"^\+?[0-9]{1,3}$")]
        country_code: String,
        #[schema(pattern = "^[0-9]{1,14}$")]
        number: String,
    }

    /// The donor's refusal
    #[schema(example = json!({"cause": "RECH_IDENT"}))]
    DenyBody {
        cause: DenyCauseName,
    }

    /// The recipient's cancellation
    #[schema(example = json!({"cause": "CANC_ABONA"}))]
    CancelBody {
        cause: CancelCauseName,
    }
}
