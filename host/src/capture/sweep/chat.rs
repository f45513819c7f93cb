//! One chat, from where it was left to its newest message.

use std::collections::BTreeSet;

use super::{Candidate, Swept, follow};
use crate::{
    archive::{ChatSync, Dialog, Source, Write},
    capture::{
        Capture, CaptureError, Tell,
        intake::Intake,
        page::{Page, covered},
        poison::PoisonOfChat,
    },
    model::{MessageId, PeerId},
    telegram::{convert, read},
};

pub(super) struct Visit<'a> {
    pub(super) capture: &'a Capture,
    pub(super) tell: &'a Tell,
    pub(super) intake: &'a mut Intake,
    pub(super) swept: &'a mut Swept,
    pub(super) follow: &'a mut BTreeSet<PeerId>,
    pub(super) done: &'a BTreeSet<PeerId>,
    pub(super) candidate: &'a Candidate,
    pub(super) sync: ChatSync,
    pub(super) poison: PoisonOfChat,
    pub(super) mark: Dialog,
}

/// What has to be asked for besides messages, once in a visit: what is told is how it stands now.
#[derive(Clone, Copy, Debug, Default)]
struct More {
    /// Something was pinned, so that other pins may have gone. Whoever reads all messages needs not ask: they say themselves
    /// whether they are pinned.
    pins: Need,
    topics: Need,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Need {
    #[default]
    Nothing,
    Open,
    Met,
}

impl Need {
    fn arises_if(&mut self, is_so: bool) {
        if is_so && *self == Self::Nothing {
            *self = Self::Open;
        }
    }

    /// Whether somebody has to ask now.
    fn take(&mut self) -> bool {
        let is_open = *self == Self::Open;
        if is_open {
            *self = Self::Met;
        }
        is_open
    }
}

impl Visit<'_> {
    pub(super) async fn run(&mut self) -> Result<(), CaptureError> {
        let listed = &self.candidate.listed;
        let chat = listed.chat.id;
        self.swept.visited += 1;
        self.tell_progress();
        self.intake.begin(&listed.chat).await?;
        let is_new = self.sync.cursor.is_none();
        self.tell.board().reading(chat, self.sync.cursor.unwrap_or(MessageId(0)));
        let mut more = More::default();
        more.topics.arises_if(listed.chat.is_forum && is_new);
        let mut writes = self.candidate.writes();
        let retried = self.poison.retry(self.capture, self.intake, chat);
        writes.extend(self.tell.unless_stopped(retried).await??);
        self.note_covered(&writes);
        if self.capture.section.follow_migrations
            && let Some(moved_to) = listed.chat.moved_to
        {
            writes.extend(self.note_moved(&[moved_to]));
        }
        writes.extend(self.move_cursor());
        let cursor = self.sync.cursor.unwrap_or(MessageId(0));
        let from = self.poison.read_to(cursor, &self.sync.coverage);
        let rest =
            if listed.top > from { self.read(from, writes, is_new, &mut more).await? } else { Some(writes) };
        // Nothing is left when the last page has brought the end with it.
        let Some(mut rest) = rest else { return Ok(()) };
        rest.extend(self.ask_for(&mut more).await?);
        rest.extend(self.closing());
        let written = self.capture.write(Source::Sweep, rest).await?;
        self.swept.note(&written);
        Ok(())
    }

    /// Page after page, each in its own transaction, the next one asked for meanwhile. Gives back what is still to be
    /// written, unless all is.
    async fn read(
        &mut self,
        from: MessageId,
        mut first: Vec<Write>,
        is_new: bool,
        more: &mut More,
    ) -> Result<Option<Vec<Write>>, CaptureError> {
        let (capture, tell) = (self.capture, self.tell);
        let listed = &self.candidate.listed;
        let chat = listed.chat.id;
        let peer = capture.client.input_peer(chat).await?;
        let mut pages = read::history(&capture.client, peer).after(from.0);
        let mut after = from;
        let mut next = tell.unless_stopped(pages.next_page()).await?;
        loop {
            let Some(page) = next? else { return Ok(Some(first)) };
            let page = Page::of(page);
            let Some(newest) = page.newest() else { return Ok(Some(first)) };
            self.swept.unreadable += page.bad.len() as u64;
            let mut writes = std::mem::take(&mut first);
            let ranges = covered(after, newest, &page.bad);
            let poison = self.poison.note(chat, &page.bad, capture.clock.now());
            let taken = self.intake.take(capture, chat, page).await?;
            more.pins.arises_if(taken.has_pin && !is_new);
            more.topics.arises_if(taken.has_topic && listed.chat.is_forum);
            self.swept.skipped += taken.skipped;
            writes.extend(taken.writes);
            // With the page that tells of it: whoever has the page has this, too.
            writes.extend(self.ask_for(more).await?);
            if capture.section.follow_migrations {
                writes.extend(self.note_moved(&taken.moved));
            }
            // What cannot be read is written down before the cursor passes it.
            writes.extend(poison);
            writes.extend(ranges.into_iter().map(|range| Write::Covered { chat, range }));
            self.note_covered(&writes);
            writes.extend(self.move_cursor());
            after = newest;
            // The list said which message is the newest: there is no need to ask whether there are more.
            let is_last = newest >= listed.top;
            if is_last {
                writes.extend(self.closing());
            }
            let asking =
                async { if is_last { Ok(Ok(None)) } else { tell.unless_stopped(pages.next_page()).await } };
            let (written, answer) = tokio::join!(capture.write(Source::Sweep, writes), asking);
            let written = written?;
            self.swept.note(&written);
            self.tell.board().page(chat, newest, written.new);
            self.tell_progress();
            if is_last {
                return Ok(None);
            }
            next = answer?;
        }
    }

    async fn ask_for(&mut self, more: &mut More) -> Result<Vec<Write>, CaptureError> {
        let mut writes = Vec::new();
        if more.topics.take() {
            writes.extend(self.topics().await?);
        }
        if more.pins.take() {
            writes.extend(self.pins().await?);
        }
        Ok(writes)
    }

    /// What is written when the chat is read to its end.
    fn closing(&mut self) -> Vec<Write> {
        let chat = self.candidate.listed.chat.id;
        let mut writes = Vec::new();
        if self.follow.remove(&chat) {
            writes.push(follow::write(self.follow));
        }
        if !self.poison.is_waited_for() {
            writes.push(Write::Dialog { chat, top: self.mark.top, fingerprint: self.mark.fingerprint });
        }
        writes
    }

    /// Over what is known whole by now.
    fn move_cursor(&mut self) -> Option<Write> {
        let before = self.sync.cursor.unwrap_or(MessageId(0));
        let to = self.poison.cursor(before, &self.sync.coverage);
        (to > before).then(|| {
            self.sync.cursor = Some(to);
            Write::Cursor { chat: self.candidate.listed.chat.id, to }
        })
    }

    fn note_covered(&mut self, writes: &[Write]) {
        for write in writes {
            if let Write::Covered { range, .. } = write {
                self.sync.coverage.add(*range);
            }
        }
    }

    /// Where the chat went, or came from: read in this run or in a later one.
    fn note_moved(&mut self, moved: &[PeerId]) -> Option<Write> {
        let before = self.follow.len();
        self.follow.extend(moved.iter().filter(|chat| !self.done.contains(chat)));
        (self.follow.len() > before).then(|| follow::write(self.follow))
    }

    async fn topics(&mut self) -> Result<Vec<Write>, CaptureError> {
        let chat = self.candidate.listed.chat.id;
        let peer = self.capture.client.input_peer(chat).await?;
        let mut pages = read::Topics::new(&self.capture.client, peer);
        let mut writes = Vec::new();
        while let Some(page) = self.tell.unless_stopped(pages.next_page()).await?? {
            let topics = page.topics.into_iter().filter_map(|topic| convert::topic(topic).ok());
            writes.extend(topics.map(|topic| Write::Topic { chat, topic: Box::new(topic) }));
        }
        Ok(writes)
    }

    /// What is pinned, exactly: marks that came and went without a message of it are set right.
    async fn pins(&mut self) -> Result<Vec<Write>, CaptureError> {
        let chat = self.candidate.listed.chat.id;
        let peer = self.capture.client.input_peer(chat).await?;
        let mut pages = read::pinned(&self.capture.client, peer);
        let mut ids = BTreeSet::new();
        while let Some(page) = self.tell.unless_stopped(pages.next_page()).await?? {
            ids.extend(page.ids().into_iter().map(MessageId));
        }
        Ok(vec![Write::PinnedExactly { chat, ids: ids.into_iter().collect() }])
    }

    fn tell_progress(&self) {
        let title = &self.candidate.listed.chat.title;
        let Swept { visited, chosen, new, .. } = &*self.swept;
        self.tell.step(*new, None, "messages", format!("{title} (chat {visited} of {chosen})"));
    }
}
