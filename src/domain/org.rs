//! The brands of the group, and which of them a caller may act for.

use std::fmt;

use super::inventory::BelongsTo;

/// The name of an org (a brand, "tenant" in the published pages), as it stands in a path: 1 to 63 of `a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgName(Box<str>);

/// The text cannot be the name of an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an org's name is 1 to 63 of the characters a-z, 0-9, _ and -")]
pub struct InvalidOrgName;

impl OrgName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidOrgName`] where the text is too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidOrgName> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let valid = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.into())).ok_or(InvalidOrgName)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A brand of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    /// Its name in paths and tokens.
    pub name: OrgName,
    /// The three-digit code of the operator it ports under at the Central Node.
    pub operator_code: String,
    /// The six-digit Network Routing Number it receives numbers with.
    pub nrn: String,
    /// The back-office system that serves its new numbers.
    pub home_system: BelongsTo,
    /// `tenant.tenant_id` of the published answers.
    pub tenant_id: i64,
    /// `tenant.bit` of the published answers.
    pub bit: i64,
    /// `tenant.tier` of the published answers.
    pub tier: i64,
}

/// Whose rows a read or a unit of work may see.
///
/// Nothing in the store can be asked without one, so a query without tenant cannot be written by accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenancy {
    /// The orgs a token lists.
    Orgs(Vec<OrgName>),
    /// Every org: a token with `*`, and the server's own work.
    Every,
}

impl Tenancy {
    /// One org alone.
    #[must_use]
    pub fn of(org: &OrgName) -> Self {
        Self::Orgs(vec![org.clone()])
    }

    /// Whether rows of `org` are visible.
    #[must_use]
    pub fn sees(&self, org: &OrgName) -> bool {
        match self {
            Self::Orgs(names) => names.contains(org),
            Self::Every => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn names() {
        for name in ["masmovil", "r", "osp-stack", "org_2"] {
            assert_eq!(OrgName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "*", "MasMovil", "más", "a b", "a/b", &"x".repeat(64)] {
            assert_eq!(OrgName::parse(name), Err(InvalidOrgName), "{name}");
        }
    }

    #[test]
    fn a_tenancy_sees_its_own_orgs_only() {
        let (yoigo, simyo) = (OrgName::parse("yoigo").unwrap(), OrgName::parse("simyo").unwrap());
        assert!(Tenancy::of(&yoigo).sees(&yoigo));
        assert!(!Tenancy::of(&yoigo).sees(&simyo));
        assert!(!Tenancy::Orgs(vec![]).sees(&yoigo));
        assert!(Tenancy::Every.sees(&simyo));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in mangled(&["masmovil", "osp-stack", "org_2"])) {
            prop_assert!(OrgName::parse(&text).map_or(true, |name| name.as_str() == text));
        }
    }
}
