//! Commands and steps.

use super::bounded;
use crate::protocol::{
    Command, Kind, Unreadable, cards,
    command::{ActorRole, Wire},
    decode::{self, COMMAND_BYTES_MAX, decode_internal, is_reply_name},
    internal::is_own,
};

/// A producer's command: what is read is written and read again as the same, by a role that may; what is not is told in few
/// words, and no card number is in them.
pub fn decode(data: &[u8]) -> bool {
    match decode::decode(data) {
        Ok(command) => {
            assert!(data.len() <= COMMAND_BYTES_MAX);
            bounded(data.len(), &command);
            let may = Wire::ROLES.iter().find(|(name, _)| *name == command.name).map_or(&[][..], |(_, may)| may);
            let role = ActorRole::of(&command.actor).map(|(role, _)| role);
            assert!(role.is_some_and(|role| may.contains(&role)), "{} by {}", command.name, command.actor);
            assert!((8..=64).contains(&command.id.as_str().chars().count()), "{}", command.id);
            assert!(!is_own(command.id.as_str()), "{}", command.id);
            assert!(command.reply_to.as_deref().is_none_or(is_reply_name));
            assert!(!matches!(command.kind, Kind::Internal(_)), "a producer's step was taken");
            let content = content(command.name, data);
            let again = decode::decode(&content);
            let Ok(again) = again else { panic!("{again:?}: {}", String::from_utf8_lossy(&content)) };
            assert_eq!(self::content(again.name, &content), content);
            assert_eq!(sense(&command), sense(&again));
            true
        }
        Err(unreadable) => {
            let why = match &unreadable {
                Unreadable::Dead { reason } => reason.clone(),
                Unreadable::Refused { id, reply_to, refusal, .. } => {
                    assert!(data.len() <= COMMAND_BYTES_MAX);
                    assert!((8..=64).contains(&id.as_str().chars().count()), "{id}");
                    assert!(reply_to.as_deref().is_none_or(is_reply_name));
                    refusal.message()
                }
            };
            bounded(data.len().min(1_024), &unreadable);
            assert!(!cards::holds(&why), "{why}");
            false
        }
    }
}

/// What its id stands for.
fn content(name: &str, json: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let wire = Wire::read(name, json);
    let Some(Ok(wire)) = wire else { panic!("what was read does not read again: {wire:?}") };
    assert!(wire.write(&mut content).is_ok(), "what was read can't be written: {wire:?}");
    content
}

/// What it says, its own time and the stream that it asks for aside.
fn sense(command: &Command) -> String {
    let Command { id, digest, actor, name, expected_version, kind, reply_to: _ } = command;
    let kind = match kind {
        // its content stands beside it
        Kind::Sku(_) => "a SKU".to_owned(),
        Kind::Reference(_) => "a reference".to_owned(),
        Kind::Order { .. } | Kind::Preview { .. } | Kind::Internal(_) => format!("{kind:?}"),
    };
    format!("{id} {digest} {actor} {name} {expected_version:?} {kind}")
}

/// A lane's step: what is read is written and read again as the same; what is not is a dead letter that quotes nothing.
pub fn internal(data: &[u8]) -> bool {
    match decode_internal(data) {
        Ok(step) => {
            bounded(data.len(), &step);
            let json = step.json();
            let again = decode_internal(json.as_bytes());
            let Ok(again) = again else { panic!("{again:?}: {json}") };
            assert_eq!(format!("{again:?}"), format!("{step:?}"));
            assert_eq!(again.json(), json);
            true
        }
        Err(Unreadable::Dead { reason }) => {
            assert!(reason.len() < 200, "{reason}");
            false
        }
        Err(Unreadable::Refused { .. }) => panic!("nobody can be answered"),
    }
}
