//! Which chats there are, asked for as cheaply as the rules allow.

use std::collections::BTreeSet;

use super::{Sweep, Work};
use crate::{
    archive::{ChatOrder, ChatsPage, Source, Write},
    capture::{CaptureError, access::is_out_of_reach, choose::ChatName},
    model::PeerId,
    telegram::read::{self, DialogPage, Dialogs, Folder, Listed, MOST_DIALOGS},
};

/// A chat that may be captured.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) listed: Listed,
    /// Whether its place in the list is known.
    pub(super) is_placed: bool,
}

impl Sweep {
    /// Queues every chat that the rules take.
    pub(super) async fn list(&self, work: &mut Work) -> Result<(), CaptureError> {
        let is_strict = !work.intake.rules.only().is_empty();
        let needs_the_list = work.intake.rules.only().iter().any(ChatName::needs_the_list);
        if !is_strict || work.intake.rules.asks_for_folders() {
            self.read_folders(work).await?;
        }
        let found = if is_strict && !needs_the_list {
            let wanted = self.ids(work.intake.rules.only().to_vec()).await?;
            self.ask_for(work, wanted).await?
        } else {
            let mut found = self.whole_list().await?;
            let listed: BTreeSet<PeerId> = found.iter().map(|it| it.listed.chat.id).collect();
            let included = self.ids(self.included()).await?;
            let missing = included.into_iter().filter(|id| !listed.contains(id)).collect();
            found.extend(self.ask_for(work, missing).await?);
            found
        };
        work.swept.chats = found.len() as u64;
        for candidate in found {
            let facts = self.facts(&candidate, &work.folders);
            let (is_in, is_left_out) =
                (work.intake.rules.takes(&facts), work.intake.rules.leaves_out(&facts));
            if is_in {
                work.queue.push_back(candidate);
            } else if is_left_out {
                work.done.insert(candidate.listed.chat.id);
            }
        }
        work.swept.chosen = work.queue.len() as u64;
        tracing::info!(chats = work.swept.chats, chosen = work.swept.chosen, "Read the list of chats");
        Ok(())
    }

    async fn read_folders(&self, work: &mut Work) -> Result<(), CaptureError> {
        let folders = self.tell.unless_stopped(read::folders(&self.capture.client)).await??;
        if folders != work.folders {
            self.capture.write(Source::Sweep, vec![Write::Folders(folders.clone())]).await?;
            work.folders = folders;
        }
        Ok(())
    }

    async fn whole_list(&self) -> Result<Vec<Candidate>, CaptureError> {
        let mut found: Vec<Candidate> = Vec::new();
        let mut seen = BTreeSet::new();
        for folder in [Folder::Main, Folder::Archived] {
            let mut dialogs = Dialogs::new(&self.capture.client, folder);
            let (mut told, mut total) = (0, None);
            while let Some(page) = self.tell.unless_stopped(dialogs.next_page()).await?? {
                told += page.dialogs.len();
                // Later pages leave the pinned ones out of it.
                total = total.or(page.total);
                let listed = page.listed().into_iter().filter(|listed| seen.insert(listed.chat.id));
                found.extend(listed.map(|listed| Candidate { listed, is_placed: true }));
                self.tell.step(found.len() as u64, None, "chats", "Reading the list of chats");
                if total.and_then(|total| usize::try_from(total).ok()).is_some_and(|total| told >= total) {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Chats that are taken by name, which may not be in the list.
    fn included(&self) -> Vec<ChatName> {
        let section = &self.capture.section;
        let lists =
            [&section.include, &section.private.include, &section.groups.include, &section.channels.include];
        let names = lists.into_iter().flat_map(|list| ChatName::list(list));
        names.filter(|name| !name.needs_the_list()).collect()
    }

    /// Whom ids and public names mean. Names that were seen before are not asked for again.
    async fn ids(&self, names: Vec<ChatName>) -> Result<Vec<PeerId>, CaptureError> {
        let mut ids = Vec::new();
        for name in names {
            match name {
                ChatName::Id(id) => ids.push(id),
                ChatName::Username(name) => {
                    let id = match self.stored_name(&name).await? {
                        Some(id) => Some(id),
                        None => {
                            self.tell.unless_stopped(read::resolve(&self.capture.client, &name)).await??
                        }
                    };
                    match id {
                        Some(id) => ids.push(id),
                        None => {
                            tracing::warn!("Nobody is called @{name} at Telegram: correct it in [capture]")
                        }
                    }
                }
                ChatName::Folder(_) | ChatName::Title(_) => {}
            }
        }
        Ok(ids)
    }

    async fn stored_name(&self, name: &str) -> Result<Option<PeerId>, CaptureError> {
        let mut page = ChatsPage {
            account: Some(self.capture.account.clone()),
            title: None,
            order: ChatOrder::Title,
            after: None,
            limit: 500,
        };
        loop {
            let chats = self.capture.store.chats(page.clone()).await?;
            let is_it = |usernames: &[String]| usernames.iter().any(|it| it.eq_ignore_ascii_case(name));
            if let Some(found) = chats.iter().find(|stored| is_it(&stored.chat.usernames)) {
                return Ok(Some(found.chat.id));
            }
            match chats.last() {
                Some(last) if chats.len() == page.limit => page.after = Some(self.capture.key(last.chat.id)),
                _ => return Ok(None),
            }
        }
    }

    /// Where these chats stand, without reading the list, as far as this login knows them.
    async fn ask_for(
        &self,
        work: &mut Work,
        mut wanted: Vec<PeerId>,
    ) -> Result<Vec<Candidate>, CaptureError> {
        wanted.sort_unstable();
        wanted.dedup();
        self.leave_strangers_out(work, &mut wanted).await?;
        let mut found = Vec::new();
        let mut parts: Vec<&[PeerId]> = wanted.chunks(MOST_DIALOGS).rev().collect();
        while let Some(part) = parts.pop() {
            match (self.ask(part).await, part) {
                (Ok(page), _) => found.extend(page.listed()),
                (Err(CaptureError::Telegram(error)), [chat]) if is_out_of_reach(&error) => {
                    tracing::warn!(chat.id = chat.0, %error, "A chat that is named in [capture] cannot be read by this account");
                    work.swept.out_of_reach += 1;
                    work.done.insert(*chat);
                }
                // One of them is to blame: it is found by asking for halves.
                (Err(CaptureError::Telegram(error)), _) if is_out_of_reach(&error) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(found.into_iter().map(|listed| Candidate { listed, is_placed: true }).collect())
    }

    async fn ask(&self, chats: &[PeerId]) -> Result<DialogPage, CaptureError> {
        Ok(self.tell.unless_stopped(read::peer_dialogs(&self.capture.client, chats)).await??)
    }
}
