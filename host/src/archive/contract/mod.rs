//! What every engine has to do, told once. An engine's tests call [`contract!`] with a function that makes
//! an empty store.

pub(crate) mod damage;
mod files;
pub(crate) mod kills;
mod marks;
mod messages;
mod order;
mod pages;
mod people;
mod poison;
mod pruning;
mod searching;
mod sync;

pub(crate) use self::{
    files::*, marks::*, messages::*, order::*, pages::*, people::*, poison::*, pruning::*, searching::*,
    sync::*,
};

use std::{any::Any, fmt, ops::Deref};

use jiff::Timestamp;

use super::{Batch, Change, ChatKey, SharedStore, Source, Stored, Write, Written, testing::worlds};
use crate::model::{AccountName, Message, MessageId, PeerId};

/// An empty store, and what has to live as long as it does.
pub(crate) struct Fresh {
    pub(crate) store: SharedStore,
    pub(crate) kept: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("store", &self.store).field("kept", &self.kept).finish()
    }
}

/// A supergroup: ids of its own.
pub(super) const GROUP: PeerId = PeerId::channel(77);
pub(super) const OTHER: PeerId = PeerId::channel(78);
/// A private chat.
pub(super) const ADA: PeerId = PeerId::user(5);

/// A store and the account that is spoken of.
pub(crate) struct Desk {
    fresh: Fresh,
    pub(super) account: AccountName,
}

impl Deref for Desk {
    type Target = SharedStore;
    fn deref(&self) -> &SharedStore {
        &self.fresh.store
    }
}

impl Desk {
    pub(crate) fn new(fresh: Fresh) -> Self {
        Self { fresh, account: AccountName::main() }
    }

    pub(super) fn key(&self, chat: PeerId) -> ChatKey {
        ChatKey { account: self.account.clone(), chat }
    }

    pub(super) fn batch(&self, writes: Vec<Write>) -> Batch {
        Batch { writes, ..Batch::new(self.account.clone(), Source::Sweep, moment(0)) }
    }

    pub(super) async fn tell(&self, writes: Vec<Write>) -> Written {
        self.write(self.batch(writes)).await.unwrap()
    }

    pub(super) async fn tell_at(&self, at: Timestamp, writes: Vec<Write>) -> Written {
        self.write(Batch { at, ..self.batch(writes) }).await.unwrap()
    }

    pub(super) async fn get(&self, chat: PeerId, id: i32) -> Option<Stored> {
        self.by_id(self.key(chat), vec![MessageId(id)]).await.unwrap().pop()
    }

    /// What the feed has told since.
    pub(super) async fn since(&self, sequence: i64) -> Vec<Change> {
        self.changes(sequence, 1000).await.unwrap()
    }

    /// The engine and the counts are content, and every row is what was written. What every test ends with.
    pub(super) async fn finish(self) {
        self.assert_sound().await;
        assert_eq!(self.check().await.unwrap(), Vec::<String>::new());
        let figures = self.figures().await.unwrap();
        let chats = self.chats(super::ChatsPage { limit: 1000, ..Default::default() }).await.unwrap();
        let messages: u64 = chats.iter().map(|chat| chat.figures.messages).sum();
        assert_eq!((figures.messages, figures.chats), (messages, chats.len() as u64));
    }

    async fn assert_sound(&self) {
        let chats = self.chats(super::ChatsPage { limit: 1000, ..Default::default() }).await.unwrap();
        for chat in chats {
            let key = ChatKey { account: chat.account, chat: chat.chat.id };
            let compared = self.compare(key.clone(), None, 1 << 20).await.unwrap();
            let found = (compared.rows, compared.unsealed, compared.damaged);
            assert_eq!(found, (chat.figures.messages, 0, Vec::new()), "{key:?}");
        }
    }
}

pub(super) fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

pub(super) fn told(message: Message) -> Write {
    Write::Message { message: Box::new(message), sender_name: None }
}

pub(super) fn said(chat: PeerId, id: i32, text: &str) -> Write {
    told(worlds::plain(chat, id, text))
}

pub(super) fn ids(of: &[Stored]) -> Vec<i32> {
    of.iter().map(|stored| stored.message.id.0).collect()
}

/// Every test of the contract, for one engine: `contract!(crate::archive::sqlite::tests::fresh);`
macro_rules! contract {
    ($make:path) => {
        $crate::archive::contract::contract! { $make =>
            a_message_comes_back_as_it_was
            a_world_comes_back_as_it_was
            telling_again_changes_nothing
            a_batch_counts_what_became_of_it
            twice_in_one_batch_is_told_twice
            texts_are_never_rewound
            earlier_texts_are_kept_once
            an_earlier_text_keeps_its_first_moment
            a_sender_keeps_the_first_name
            messages_of_one_second_are_all_kept
            soft_deletions_keep_and_mark
            deletions_can_be_taken_back
            hard_deletions_leave_nothing
            a_wrong_batch_does_no_harm_to_others
            the_first_date_of_a_message_stays
            imported_files_become_those_of_telegram
            pages_go_on_from_any_message
            pages_begin_at_a_date
            pages_keep_to_dates_senders_and_topics
            pages_of_a_chat_out_of_order_are_whole
            chats_are_listed_by_activity_and_by_title
            a_partial_chat_takes_nothing_away
            where_a_chat_stands_is_kept
            names_and_pictures_have_a_history
            users_topics_and_folders_are_kept
            accounts_do_not_mix
            pictures_that_are_not_held_are_wanted
            pins_go_by_their_own_word
            reactions_that_went_are_remembered
            results_reach_every_poll
            files_go_from_wanted_to_held
            files_that_went_are_known
            files_are_found_by_the_page
            orphans_are_what_nobody_speaks_of
            pictures_of_chats_are_kept
            coverage_grows_together
            cursors_only_go_forward
            what_the_list_said_last_counts
            the_feed_tells_stretches
            deletions_without_a_chat_find_it
            poison_is_counted_and_healed
            poison_is_read_page_by_page
            blocked_operations_wait_for_a_word
            what_waits_is_not_held_back_twice
            chats_of_an_account_are_known_by_their_ids
            what_is_left_out_is_added_up
            deletions_are_found_by_their_time
            notes_are_kept
            a_chat_can_be_forgotten
            old_messages_are_pruned
            a_rehearsal_says_what_pruning_removes
            words_are_found_in_every_script
            filters_are_part_of_the_search
            search_goes_on_where_it_ended
            a_phrase_of_common_words_is_found_page_by_page
            a_part_that_many_words_have_is_found_page_by_page
            search_follows_what_happens
            nothing_is_found_before_it_is_indexed
            a_page_ends_when_enough_was_looked_at
            any_order_gives_the_same_archive
        }
    };
    ($make:path => $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let fresh = $make().await;
                $crate::archive::contract::$test($crate::archive::contract::Desk::new(fresh)).await;
            }
        )*
    };
}

pub(crate) use contract;
