//! `embed=tenant,imsis`: which parts of a number's answer the caller wants besides the rest.

/// The parts that appear only when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Embed {
    /// `tenant`
    pub tenant: bool,
    /// `imsis`
    pub imsis: bool,
}

/// The parameter names something that cannot be embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPart;

impl Embed {
    /// Everything.
    pub const ALL: Self = Self { tenant: true, imsis: true };

    /// Reads `tenant`, `tenant,imsis` or `(tenant, imsis)`: blanks and parentheses are tolerated, as the published sample has them.
    pub fn parse(text: &str) -> Result<Self, UnknownPart> {
        let mut embed = Self::default();
        for part in text.split(',') {
            match part.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) {
                "tenant" => embed.tenant = true,
                "imsis" => embed.imsis = true,
                "" => {}
                _ => return Err(UnknownPart),
            }
        }
        Ok(embed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn forms() {
        let (tenant, imsis) = (Embed { tenant: true, imsis: false }, Embed { tenant: false, imsis: true });
        for (text, expected) in [
            ("", Ok(Embed::default())),
            ("tenant", Ok(tenant)),
            ("imsis", Ok(imsis)),
            ("tenant,imsis", Ok(Embed::ALL)),
            ("imsis , tenant", Ok(Embed::ALL)),
            ("(tenant, imsis)", Ok(Embed::ALL)),
            ("(tenant),", Ok(tenant)),
            ("tenant imsis", Err(UnknownPart)),
            ("Tenant", Err(UnknownPart)),
            ("imsi", Err(UnknownPart)),
            ("tenant,owner", Err(UnknownPart)),
        ] {
            assert_eq!(Embed::parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in mangled(&["tenant", "tenant,imsis", "(tenant, imsis)"])) {
            let asked = |part| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == part);
            let expected = Embed { tenant: asked("tenant"), imsis: asked("imsis") };
            prop_assert!(Embed::parse(&text).map_or(true, |embed| embed == expected));
        }
    }
}
