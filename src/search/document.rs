//! The message of an event with its token tape, which is built on first use and shared by all
//! readers.

use std::cell::OnceCell;

use super::json_tape::JsonTape;

/// The message of an event, tokenized at most once.
#[derive(Debug)]
pub struct Document<'m> {
    message: &'m str,
    tape: OnceCell<Option<JsonTape<'m>>>,
}

impl<'m> Document<'m> {
    /// Wraps a message without parsing it.
    pub fn new(message: &'m str) -> Self {
        Self {
            message,
            tape: OnceCell::new(),
        }
    }

    /// The raw message.
    pub fn message(&self) -> &'m str {
        self.message
    }

    /// The token tape, if the tokenizer handles the message.
    pub(super) fn tape(&self) -> Option<&JsonTape<'m>> {
        self.tape
            .get_or_init(|| JsonTape::parse(self.message))
            .as_ref()
    }
}
