//! One fact of a run: its key, and its value as a text.
//!
//! The text is parsed when the fact is used. So a damaged fact fails only the commands that need it,
//! and a run of an earlier version, which lacks a fact, is still read.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A fact that a run may have. `F` is the form of its text: [`Text`] or [`Json`].
#[derive(Clone, Debug)]
pub struct Fact<F> {
    key: &'static str,
    /// The directory of the run, for errors.
    run: Arc<str>,
    text: Option<String>,
    form: PhantomData<F>,
}

/// The value is stored as its `Display` writes it.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(PhantomData<T>);

/// The value is stored as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(PhantomData<T>);

/// A fact of a run is missing or damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{run} is not a run that this version of dragnet can read: fact `{name}`: {problem}")]
pub struct FactError {
    /// The directory of the run.
    run: String,
    /// The name of the fact.
    name: &'static str,
    /// What was found.
    problem: String,
}

impl FactError {
    /// The error for a fact of the run in the directory `run`.
    pub(super) fn new(run: &str, name: &'static str, problem: impl Display) -> Self {
        Self {
            run: run.to_owned(),
            name,
            problem: problem.to_string(),
        }
    }
}

impl<F> Fact<F> {
    /// The fact of a run in the directory `run`, with its text if the run has this fact.
    pub(super) fn new(key: &'static str, run: &Arc<str>, text: Option<String>) -> Self {
        Self {
            key,
            run: Arc::clone(run),
            text,
            form: PhantomData,
        }
    }

    /// Returns the key.
    pub(super) fn key(&self) -> &'static str {
        self.key
    }

    /// Returns the key and the text, if the run has this fact.
    pub(super) fn entry(&self) -> Option<(&'static str, String)> {
        Some((self.key, self.text.clone()?))
    }

    /// Returns the fact as it is stored, if the run has it.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Returns the fact as it is stored.
    ///
    /// # Errors
    /// The run does not have this fact.
    pub fn required_text(&self) -> Result<&str, FactError> {
        self.text().ok_or_else(|| self.damaged("missing"))
    }

    /// Creates the error for an invalid value of this fact.
    pub fn damaged(&self, problem: impl Display) -> FactError {
        FactError::new(&self.run, self.key, problem)
    }
}

impl<T: Display + FromStr<Err: Display>> Fact<Text<T>> {
    /// Sets the value.
    pub fn set(&mut self, value: &T) {
        self.text = Some(value.to_string());
    }

    /// Whether the run has this fact with this value.
    pub fn is(&self, value: &T) -> bool {
        self.text() == Some(value.to_string().as_str())
    }

    /// Returns the value.
    ///
    /// # Errors
    /// The run does not have this fact, or it is damaged.
    pub fn get(&self) -> Result<T, FactError> {
        self.required_text()?
            .parse::<T>()
            .map_err(|error| self.damaged(error))
    }

    /// Returns the value, if the run has this fact.
    ///
    /// # Errors
    /// The fact is damaged.
    pub fn get_if_stored(&self) -> Result<Option<T>, FactError> {
        self.text().map(|_| self.get()).transpose()
    }

    /// Returns the fact as it is stored, if it has the form of its value.
    ///
    /// # Errors
    /// The run does not have this fact, or it is damaged.
    pub fn checked_text(&self) -> Result<&str, FactError> {
        self.get()?;
        self.required_text()
    }
}

impl<T: Serialize + DeserializeOwned> Fact<Json<T>> {
    /// Sets the value.
    pub fn set(&mut self, value: &T) {
        self.set_as(value);
    }

    /// Sets the value from another type with the same JSON.
    pub fn set_as(&mut self, value: &impl Serialize) {
        // Facts are strings, numbers and lists of them, which can always be serialized.
        self.text = Some(serde_json::to_string(value).unwrap_or_default());
    }

    /// Returns the value.
    ///
    /// # Errors
    /// The run does not have this fact, or it is damaged.
    pub fn get(&self) -> Result<T, FactError> {
        self.get_as()
    }

    /// Returns the value, or `None` if the run does not have the fact.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn get_if_stored(&self) -> Result<Option<T>, FactError> {
        self.text().map(|_| self.get()).transpose()
    }

    /// Returns the value, or the default if the run does not have this fact.
    ///
    /// # Errors
    /// The fact is damaged.
    pub fn get_or_default(&self) -> Result<T, FactError>
    where
        T: Default,
    {
        self.get_as_or_default()
    }

    /// Returns the value as another type with the same JSON.
    ///
    /// # Errors
    /// The run does not have this fact, or it is damaged.
    pub fn get_as<U: DeserializeOwned>(&self) -> Result<U, FactError> {
        serde_json::from_str(self.required_text()?).map_err(|error| self.damaged(error))
    }

    /// Returns the value as another type with the same JSON, or the default of that type if the run
    /// does not have this fact.
    ///
    /// # Errors
    /// The fact is damaged.
    pub fn get_as_or_default<U: DeserializeOwned + Default>(&self) -> Result<U, FactError> {
        match self.text() {
            Some(_) => self.get_as(),
            None => Ok(U::default()),
        }
    }
}
