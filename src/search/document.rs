//! A message, and its outline once somebody asks for it: several do.

use std::cell::OnceCell;

use super::json_tape::JsonTape;

/// The message of an event.
#[derive(Debug)]
pub struct Document<'m> {
    message: &'m str,
    outline: OnceCell<Option<JsonTape<'m>>>,
}

impl<'m> Document<'m> {
    /// Of this message; reads nothing yet.
    pub fn new(message: &'m str) -> Self {
        Self {
            message,
            outline: OnceCell::new(),
        }
    }

    /// The message.
    pub fn message(&self) -> &'m str {
        self.message
    }

    /// Its outline, if it is JSON of the usual kind.
    pub(super) fn outline(&self) -> Option<&JsonTape<'m>> {
        self.outline
            .get_or_init(|| JsonTape::parse(self.message))
            .as_ref()
    }
}
