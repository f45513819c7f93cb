//! The end of a successful attempt: who are we, where are our updates, and into the vault.

use grammers_session::{
    Session as _,
    types::{PeerAuth, PeerInfo, UpdateState, UpdatesState},
};
use grammers_tl_types::{enums, functions, types};

use super::{
    engine::{Attempt, Finished, Stop},
    mask_phone,
    refusal::chain,
};
use crate::{
    model::SelfView,
    telegram::{Client, Error, session::SessionError},
};

impl Attempt {
    /// The client library notes none of it after a login by raw calls.
    pub(super) async fn finish(&self) -> Finished {
        let user = self.ask_who_we_are().await?;
        let view = view(&user);
        let session = self.parts.client.session();
        session.set_me(view.clone()).map_err(|error| refused(&error))?;
        let auth = user.access_hash.map(PeerAuth::from_hash);
        let peer = PeerInfo::User { id: user.id, auth, bot: Some(user.bot), is_self: Some(true) };
        session.cache_peer(peer).await.map_err(|error| refused(&error))?;
        let enums::updates::State::State(state) = self.ask(&functions::updates::GetState {}).await?;
        let types::updates::State { pts, qts, date, seq, .. } = state;
        let state = UpdatesState { pts, qts, date, seq, channels: Vec::new() };
        session.set_update_state(UpdateState::All(state)).await.map_err(|error| refused(&error))?;
        let parts = &self.parts;
        match parts.accounts.adopt(&parts.account, session, parts.may_replace).await {
            Ok(()) => Ok(view),
            Err(SessionError::OtherUser { .. }) => Err(self.other_user(view).await),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn other_user(&self, now: SelfView) -> Stop {
        match self.parts.accounts.stored_user(&self.parts.account).await {
            Ok(Some(before)) => Stop::OtherUser(Box::new((before, now))),
            Ok(None) => Stop::failed("the account's login was removed meanwhile", "Log in again."),
            Err(error) => refused(&error),
        }
    }

    async fn ask_who_we_are(&self) -> Result<types::User, Stop> {
        let users = self.ask(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
        own_user(users).ok_or_else(|| Stop::failed("Telegram does not say who is logged in", "Try again."))
    }
}

/// Who Telegram says that we are.
pub(in crate::telegram) async fn who_am_i(client: &Client) -> Result<Option<SelfView>, Error> {
    let users = client.invoke(&functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] }).await?;
    Ok(own_user(users).as_ref().map(view))
}

fn own_user(users: Vec<enums::User>) -> Option<types::User> {
    users.into_iter().find_map(|user| match user {
        enums::User::User(user) => Some(user),
        enums::User::Empty(_) => None,
    })
}

fn view(user: &types::User) -> SelfView {
    let names = [&user.first_name, &user.last_name].into_iter().flatten();
    SelfView {
        id: user.id,
        name: names.map(String::as_str).collect::<Vec<_>>().join(" "),
        username: user.username.clone(),
        phone_masked: user.phone.as_deref().map(mask_phone),
    }
}

fn refused(error: &SessionError) -> Stop {
    Stop::failed(format!("the login cannot be kept: {}", chain(error)), "Correct this, and log in again.")
}
