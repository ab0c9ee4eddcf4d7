//! An account that stores records of other accounts, such as the one with the log group of the
//! organization trail. It may be out of scope; it is entered once, whatever is read there.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::context::SweepContext;
use super::member::Member;
use super::refusal::Refusal;
use crate::aws::Session;
use dragnet_model::{Account, AccountId, AccountState, Outcome};

/// An account that stores records of other accounts.
#[derive(Debug)]
pub(super) struct Host {
    id: AccountId,
    /// The member to enter, or the reason why the account must not be entered.
    member: Result<Arc<Member>, Outcome>,
    session: OnceCell<Result<Arc<Session>, Outcome>>,
}

impl Host {
    /// Creates the host with this id. `member` is the member to enter, or the reason why it must
    /// not be entered.
    pub(super) fn new(id: AccountId, member: Result<Member, Outcome>) -> Self {
        Self {
            id,
            member: member.map(Arc::new),
            session: OnceCell::new(),
        }
    }

    /// Enters the account; the session is shared by all callers.
    pub(super) async fn enter(
        &self,
        shared: &SweepContext,
    ) -> Result<(Arc<Member>, Arc<Session>), Outcome> {
        let member = self.member.clone()?;
        let enter = || async {
            let entered = shared.access.enter(&shared.aws, &member).await;
            entered
                .map(|entered| entered.session)
                .map_err(Refusal::into_outcome)
        };
        let session = shared
            .unless_interrupted(async { self.session.get_or_init(enter).await.clone() })
            .await?;
        Ok((member, session))
    }

    /// Returns the account as coverage rows name it.
    pub(super) fn account(&self) -> Account {
        match &self.member {
            Ok(member) => member.account.clone(),
            Err(_) => Account {
                id: self.id,
                name: String::new(),
                state: AccountState::Active,
            },
        }
    }
}
