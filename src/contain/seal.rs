//! `plan.json`: a plan with its hash, so that exactly the reviewed plan is applied, and with a seal
//! that says where it was made.
//!
//! The reader computes the hash of what it understood, and refuses a file that states another. So
//! the short hash that a person confirms is that of the plan that is applied.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::plan::{FORMAT, Plan};
use super::seal_key::{SealKey, SealOrigin};
use crate::report::JsonText;

/// Length of the short hash, which people type.
const SHORT_HASH_LENGTH: usize = 12;

/// A plan and the SHA-256 hash of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPlan {
    plan: Plan,
    hash: String,
    seal: Option<String>,
}

/// Why a plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlan {
    /// The text is not JSON of the expected structure.
    #[error("it is not a containment plan")]
    Malformed(#[from] serde_json::Error),
    /// The content does not match the hash.
    #[error(
        "its content does not match its hash: it was changed after it was created; make a new plan"
    )]
    Hash,
    /// Serializing it again would give another content, so Dragnet did not write it.
    #[error("its form is not the one that dragnet writes, so it was edited: make a new plan")]
    Edited,
    /// It has another format version.
    #[error(
        "it is a plan of format {0}, but this dragnet applies format {FORMAT}: make a new plan"
    )]
    Format(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<String>,
    plan: Value,
}

impl SealedPlan {
    /// Seals a plan.
    ///
    /// # Errors
    /// The plan cannot be serialized.
    pub fn seal(plan: Plan) -> Result<Self, InvalidPlan> {
        let hash = content_hash(&serde_json::to_value(&plan)?)?;
        Ok(Self {
            plan,
            hash,
            seal: None,
        })
    }

    /// Adds the seal of a key.
    #[must_use]
    pub fn with_seal(self, key: &SealKey) -> Self {
        let seal = Some(key.seal(&self.hash));
        Self { seal, ..self }
    }

    /// Where the plan was made, as far as this key shows it.
    pub fn origin(&self, key: Option<&SealKey>) -> SealOrigin {
        match (&self.seal, key) {
            (Some(seal), Some(key)) if key.is_seal_of(seal, &self.hash) => SealOrigin::Here,
            _ => SealOrigin::Unknown,
        }
    }

    /// Reads a sealed plan.
    ///
    /// # Errors
    /// The text is not a plan, or it was changed.
    pub fn parse(text: &str) -> Result<Self, InvalidPlan> {
        let File {
            hash: stated_hash,
            seal,
            plan,
        } = serde_json::from_str(text)?;
        if content_hash(&plan)? != stated_hash {
            return Err(InvalidPlan::Hash);
        }
        if let Some(format) = plan
            .get("format")
            .and_then(Value::as_u64)
            .filter(|format| *format != u64::from(FORMAT))
        {
            return Err(InvalidPlan::Format(
                u32::try_from(format).unwrap_or(u32::MAX),
            ));
        }
        let plan: Plan = serde_json::from_value(plan)?;
        // Otherwise the journal, which contains the plan, could not be read back.
        if content_hash(&serde_json::to_value(&plan)?)? != stated_hash {
            return Err(InvalidPlan::Edited);
        }
        Ok(Self {
            plan,
            hash: stated_hash,
            seal,
        })
    }

    /// The content of the file: indented JSON.
    ///
    /// # Errors
    /// The plan cannot be serialized.
    pub fn to_text(&self) -> Result<String, InvalidPlan> {
        let file = File {
            hash: self.hash.clone(),
            seal: self.seal.clone(),
            plan: serde_json::to_value(&self.plan)?,
        };
        Ok(format!("{}\n", JsonText::indented(&file)?))
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The SHA-256 hash of the content, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The first characters of the hash, which people type. It is also the id of the containment.
    pub fn short_hash(&self) -> &str {
        self.hash.get(..SHORT_HASH_LENGTH).unwrap_or(&self.hash)
    }
}

/// Hashes the compact JSON with sorted keys, so white space and the order of keys do not matter.
fn content_hash(plan: &Value) -> Result<String, InvalidPlan> {
    Ok(hex::encode(Sha256::digest(serde_json::to_vec(plan)?)))
}
