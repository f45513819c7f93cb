//! The few words about an account that its profile shows.

use grammers_tl_types::{enums as tl, functions as f};

use super::{Client, Error};

/// What Telegram takes, and from subscribers.
const LONGEST: usize = 70;
const LONGEST_PREMIUM: usize = 140;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bio {
    pub text: String,
    /// How long it may be, in units of UTF-16. Telegram's documents speak of characters; whatever is
    /// counted, it is not more than these.
    pub longest: usize,
}

pub async fn read(client: &Client) -> Result<Bio, Error> {
    let call = f::users::GetFullUser { id: tl::InputUser::UserSelf };
    let tl::users::UserFull::Full(answer) = client.invoke(&call).await?;
    let tl::UserFull::Full(full) = answer.full_user;
    let is_premium = answer.users.iter().any(|user| match user {
        tl::User::User(user) => user.id == full.id && user.premium,
        tl::User::Empty(_) => false,
    });
    let longest = if is_premium { LONGEST_PREMIUM } else { LONGEST };
    Ok(Bio { text: full.about.unwrap_or_default(), longest })
}

/// Nothing else of the profile changes.
pub async fn write(client: &Client, text: &str) -> Result<(), Error> {
    let call = f::account::UpdateProfile { first_name: None, last_name: None, about: Some(text.to_owned()) };
    client.invoke(&call).await.map(drop)
}
