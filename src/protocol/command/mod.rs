//! Commands as they come over the wire. Unknown fields are refused; money is integer won; times are RFC 3339.
//! `list` names them all, with who may send each; `parts` are what they are made of, `bounds` the types that bound them.

mod bounds;
mod list;
mod parts;

pub use self::{bounds::*, list::*, parts::*};

/// Declares the wire commands: one struct each, all with the envelope's fields, and the enum of them.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $tag:literal by [$($role:ident),+] { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// made by the client, 8 to 64 printable characters; the same id with the same content gets the first answer
                pub id: CommandId,
                #[serde(rename = "type")]
                #[schemars(length(max = 64))]
                pub tag: String,
                /// who asks: `role:id`
                #[schemars(length(min = 3, max = 73))]
                pub actor: String,
                /// the client's own time; not part of the content
                #[serde(default, skip_serializing)]
                pub at: Option<Moment>,
                /// name of the answer stream to use; not part of the content
                #[serde(default, skip_serializing)]
                #[schemars(length(min = 1, max = 64))]
                pub reply_to: Option<Arc<str>>,
                /// the version that the order has to be at, or the command is refused (`version_mismatch`)
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub expected_version: Option<u32>,
                $($(#[$fdoc])* pub $field: $ty),*
            }
        )+

        /// Any command, read.
        #[derive(Debug, Clone)]
        pub enum Wire { $($(#[$doc])* $name(Box<$name>)),+ }

        impl Wire {
            /// The names on the wire.
            pub const NAMES: &'static [&'static str] = &[$($tag),+];
            /// Who may send each of them.
            pub const ROLES: &'static [(&'static str, &'static [ActorRole])] = &[$(($tag, &[$(ActorRole::$role),+])),+];

            /// Reads a command of this type; `None` when there is no such type.
            ///
            /// # Errors
            /// serde's sentence, when a field is missing, unknown or of another kind.
            pub fn read(tag: &str, json: &[u8]) -> Option<Result<Wire, serde_json::Error>> {
                match tag {
                    $($tag => Some(serde_json::from_slice(json).map(|c| Wire::$name(Box::new(c)))),)+
                    _ => None,
                }
            }

            /// The roles that may send it.
            pub const fn roles(&self) -> &'static [ActorRole] {
                match self { $(Wire::$name(_) => &[$(ActorRole::$role),+]),+ }
            }

            /// The envelope: id, actor, name of the answer stream.
            pub fn envelope(&self) -> (&CommandId, &str, Option<&Arc<str>>) {
                match self { $(Wire::$name(c) => (&c.id, &c.actor, c.reply_to.as_ref())),+ }
            }

            /// The version that its order has to be at.
            pub const fn expected_version(&self) -> Option<u32> {
                match self { $(Wire::$name(c) => c.expected_version),+ }
            }

            /// Its name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Wire::$name(_) => $tag),+ }
            }

            /// The content that a command id stands for, in one form.
            ///
            /// # Errors
            /// None in practice: what was read can be written.
            pub fn write(&self, to: impl std::io::Write) -> serde_json::Result<()> {
                match self { $(Wire::$name(c) => serde_json::to_writer(to, c)),+ }
            }
        }

        /// JSON Schema of every command.
        pub fn schemas(g: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
            vec![$(($tag, g.subschema_for::<$name>())),+]
        }
    };
}

pub(crate) use commands;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorRole {
    Buyer,
    Seller,
    Partner,
    Operator,
    Payment,
    System,
}

/// What a buyer says of its order: a seller or a partner may, of an order that it bought.
pub const BUYERS: [&str; 6] =
    ["cancel_payment", "cancel_lines", "confirm_purchase", "write_review", "withdraw_exchange", "set_refund_account"];

impl ActorRole {
    /// Every role.
    pub const ALL: [ActorRole; 6] = [
        ActorRole::Buyer,
        ActorRole::Seller,
        ActorRole::Partner,
        ActorRole::Operator,
        ActorRole::Payment,
        ActorRole::System,
    ];

    /// The word before the colon.
    pub const fn word(self) -> &'static str {
        match self {
            ActorRole::Buyer => "buyer",
            ActorRole::Seller => "seller",
            ActorRole::Partner => "partner",
            ActorRole::Operator => "operator",
            ActorRole::Payment => "payment",
            ActorRole::System => "system",
        }
    }

    /// Splits `role:id`.
    pub fn of(actor: &str) -> Option<(ActorRole, &str)> {
        let (word, id) = actor.split_once(':')?;
        let role = Self::ALL.into_iter().find(|r| r.word() == word)?;
        (!id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_graphic())).then_some((role, id))
    }
}
