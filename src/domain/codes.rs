//! Small sets of codes: one list gives the enum, its word on the wire (snake case) and its code in the tables.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal / $korean:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The stable code, as in the tables.
            pub const fn code(self) -> &'static str { match self { $($name::$variant => $code),+ } }
            /// The Korean word.
            pub const fn korean(self) -> &'static str { match self { $($name::$variant => $korean),+ } }
        }
    )+};
}
