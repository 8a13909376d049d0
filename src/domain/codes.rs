//! Enumerations whose values are written as fixed codes.

/// Declares an enumeration together with its codes: `ALL`, `as_str`, `parse` and `Display`, so that
/// a code is written once.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant),+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code),+
                }
            }

            /// The value with this code, spelled exactly; `None` for any other text.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == code)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use codes;

#[cfg(test)]
mod tests {
    codes! {
        /// A sample.
        pub enum Sample {
            /// The first.
            First = "UNO",
            /// The second.
            Second = "DOS",
        }
    }

    #[test]
    fn every_code_is_read_back() {
        assert_eq!(Sample::ALL, [Sample::First, Sample::Second]);
        assert_eq!(Sample::parse("DOS"), Some(Sample::Second));
        assert_eq!(Sample::First.to_string(), "UNO");
    }

    #[test]
    fn other_spellings_are_unknown() {
        for text in ["", "uno", " UNO", "UNO ", "TRES"] {
            assert_eq!(Sample::parse(text), None, "{text:?}");
        }
    }
}
