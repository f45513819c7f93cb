use grammers_tl_types as tl;

use super::{Caller, Refusal};
use crate::telegram::Telegram;

pub(super) fn get_users(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::users::GetUsers,
) -> Result<Vec<tl::enums::User>, Refusal> {
    let me = caller.me()?;
    let wanted = |user: &tl::enums::InputUser| match user {
        tl::enums::InputUser::UserSelf => Some(me),
        tl::enums::InputUser::User(user) => Some(user.user_id),
        tl::enums::InputUser::FromMessage(user) => Some(user.user_id),
        tl::enums::InputUser::Empty => None,
    };
    Ok(call.id.iter().filter_map(wanted).filter_map(|id| t.user_seen_by(me, id)).collect())
}
