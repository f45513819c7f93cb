//! Service messages: every constructor that the layer has.

mod chats;
mod gifts;
mod money;
mod people;

use grammers_tl_types::enums::MessageAction;

use super::scene::Scene;

type Make = fn(&mut Scene<'_>) -> MessageAction;

/// What happens in ordinary chats, in the order of how often.
pub(crate) const EVERYDAY: [Make; 14] = [
    |_| MessageAction::PinMessage,
    chats::add_user,
    chats::edit_title,
    people::phone_call,
    chats::joined_by_link,
    chats::delete_user,
    chats::edit_photo,
    chats::group_call,
    chats::set_ttl,
    |_| MessageAction::ScreenshotTaken,
    |_| MessageAction::ContactSignUp,
    chats::set_theme,
    people::bot_allowed,
    |_| MessageAction::ChatJoinedByRequest,
];

/// The rest of what the layer has. Not among them: what only begins or ends a chat or a topic.
pub(crate) const SELDOM: [Make; 52] = [
    |_| MessageAction::Empty,
    |_| MessageAction::ChatDeletePhoto,
    |_| MessageAction::HistoryClear,
    people::game_score,
    money::payment_sent_me,
    money::payment_sent,
    people::custom,
    people::secure_values_sent_me,
    people::secure_values_sent,
    people::proximity,
    chats::invite_to_call,
    chats::call_scheduled,
    people::web_view_data_sent_me,
    people::web_view_data_sent,
    gifts::premium,
    chats::edit_topic,
    people::suggest_photo,
    people::requested_peer,
    chats::wallpaper,
    gifts::code,
    gifts::giveaway_launch,
    gifts::giveaway_results,
    chats::boost,
    people::requested_peer_sent_me,
    money::refunded,
    gifts::stars,
    gifts::prize_stars,
    gifts::star_gift,
    gifts::unique_star_gift,
    money::paid_messages_refunded,
    money::paid_messages_price,
    people::conference_call,
    people::to_do_done,
    people::to_do_added,
    money::post_approved,
    money::post_paid,
    money::post_refunded,
    gifts::ton,
    people::suggest_birthday,
    gifts::purchase_offer,
    gifts::purchase_declined,
    chats::creator_pending,
    chats::creator_changed,
    chats::no_forwards,
    chats::no_forwards_request,
    people::poll_answer_added,
    people::poll_answer_deleted,
    people::bot_created,
    chats::community,
    chats::joined_via_community,
    money::gram_transfer,
    money::wallet_request,
];

pub(crate) use chats::{channel_created, group_created, migrated_from, migrated_to, topic_created};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use grammers_tl_types::{Deserializable as _, LAYER, Serializable as _, name_for_id};

    use super::{super::scene::sample, *};

    fn all() -> Vec<MessageAction> {
        let mut all: Vec<MessageAction> =
            EVERYDAY.iter().chain(&SELDOM).map(|make| make(&mut sample(1))).collect();
        all.extend([
            group_created("Tapes", &[1, 2]),
            channel_created("Tapes"),
            migrated_to(5),
            migrated_from("Tapes", 6),
            topic_created("B sides", 3),
        ]);
        all
    }

    #[test]
    fn every_service_message_is_made() {
        let names: BTreeSet<&str> = all().iter().map(name).collect();
        // `is_known` does not compile when a later one has more.
        assert_eq!((LAYER, names.len()), (230, 71), "{names:?}");
        assert!(all().iter().all(is_known));
    }

    #[test]
    fn each_survives_the_wire() {
        for action in all() {
            assert_eq!(MessageAction::from_bytes(&action.to_bytes()).unwrap(), action);
        }
    }

    fn name(action: &MessageAction) -> &'static str {
        let bytes = action.to_bytes();
        name_for_id(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn is_known(action: &MessageAction) -> bool {
        use MessageAction as A;
        match action {
            A::Empty | A::ChatCreate(_) | A::ChatEditTitle(_) | A::ChatEditPhoto(_) | A::ChatDeletePhoto => {
                true
            }
            A::ChatAddUser(_) | A::ChatDeleteUser(_) | A::ChatJoinedByLink(_) | A::ChannelCreate(_) => true,
            A::ChatMigrateTo(_) | A::ChannelMigrateFrom(_) | A::PinMessage | A::HistoryClear => true,
            A::GameScore(_) | A::PaymentSentMe(_) | A::PaymentSent(_) | A::PhoneCall(_) => true,
            A::ScreenshotTaken | A::CustomAction(_) | A::BotAllowed(_) | A::SecureValuesSentMe(_) => true,
            A::SecureValuesSent(_) | A::ContactSignUp | A::GeoProximityReached(_) | A::GroupCall(_) => true,
            A::InviteToGroupCall(_) | A::SetMessagesTtl(_) | A::GroupCallScheduled(_) => true,
            A::SetChatTheme(_) | A::ChatJoinedByRequest | A::WebViewDataSentMe(_) => true,
            A::WebViewDataSent(_) | A::GiftPremium(_) | A::TopicCreate(_) | A::TopicEdit(_) => true,
            A::SuggestProfilePhoto(_) | A::RequestedPeer(_) | A::SetChatWallPaper(_) | A::GiftCode(_) => true,
            A::GiveawayLaunch(_) | A::GiveawayResults(_) | A::BoostApply(_) => true,
            A::RequestedPeerSentMe(_) | A::PaymentRefunded(_) | A::GiftStars(_) | A::PrizeStars(_) => true,
            A::StarGift(_) | A::StarGiftUnique(_) | A::PaidMessagesRefunded(_) => true,
            A::PaidMessagesPrice(_) | A::ConferenceCall(_) | A::TodoCompletions(_) => true,
            A::TodoAppendTasks(_) | A::SuggestedPostApproval(_) | A::SuggestedPostSuccess(_) => true,
            A::SuggestedPostRefund(_) | A::GiftTon(_) | A::SuggestBirthday(_) => true,
            A::StarGiftPurchaseOffer(_) | A::StarGiftPurchaseOfferDeclined(_) => true,
            A::NewCreatorPending(_) | A::ChangeCreator(_) | A::NoForwardsToggle(_) => true,
            A::NoForwardsRequest(_) | A::PollAppendAnswer(_) | A::PollDeleteAnswer(_) => true,
            A::ManagedBotCreated(_) | A::ChangeCommunity(_) | A::ChatJoinedViaCommunity(_) => true,
            A::GramTransfer(_) | A::WalletTonConnectRequest(_) => true,
        }
    }
}
