use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    attach::file_media,
    dice::Dice,
    people::ME,
    plan::{ChatKind, Plan},
    scene::Scene,
    talk::REACTIONS,
    world::peer_of,
};
use crate::{
    World,
    telegram::{
        Peer, Telegram,
        state::{Spot, blank},
    },
};

/// How many of the latest messages are edited, answered and reacted to.
const RECENT: usize = 20;
/// How many of its messages there are; then, each new one takes the oldest away.
const KEPT: usize = 2_000;
/// Calls that are remembered beside that.
const CALLS: usize = 100_000;

/// Lets a world live: one thing happens after another. However long it goes on, the world stays
/// about as large.
#[derive(Debug)]
pub struct Drip {
    plan: Arc<Plan>,
    dice: Dice,
    /// What was sent and is still there, oldest first.
    sent: VecDeque<Said>,
    keep: usize,
}

#[derive(Clone, Copy, Debug)]
struct Said {
    spot: Spot,
    chat: usize,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Sent,
    Edited,
    Reacted,
    Deleted,
}

impl Drip {
    /// For a world that was filled by this plan, or by one that differs only in its dates.
    pub fn new(plan: Arc<Plan>) -> Self {
        let dice = Dice::at(plan.recipe.seed, &[0x6472_6970]);
        Self { plan, dice, sent: VecDeque::new(), keep: KEPT }
    }

    /// Makes one thing happen every so often, for ever: it ends when the future is dropped.
    pub async fn run(mut self, world: &World, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            world.telegram(|t| self.step(t));
        }
    }

    /// Makes one thing happen.
    pub fn step(&mut self, t: &mut Telegram) -> Happened {
        let recent = self.sent.len().min(RECENT);
        let place = (recent > 3).then(|| self.sent.len() - recent + self.dice.below(recent));
        let happened = match (self.dice.below(20), place) {
            (0..3, Some(place)) => self.edit(t, place),
            (3..7, Some(place)) => self.react(t, place),
            (7, Some(place)) => self.delete(t, place),
            _ => self.send(t),
        };
        self.forget(t);
        happened
    }

    /// What is too long ago: messages, updates that nobody has asked for, calls.
    fn forget(&mut self, t: &mut Telegram) {
        if self.sent.len() > self.keep {
            self.delete(t, 0);
        }
        let (keep, most) = (self.keep, 2 * self.keep);
        for account in t.accounts.values_mut().filter(|account| account.log.len() > most) {
            account.trim_log(keep);
        }
        for channel in t.channels.values_mut().filter(|channel| channel.log.len() > most) {
            channel.trim_log(keep);
        }
        if t.calls.made().len() > CALLS {
            t.calls.clear();
        }
    }

    fn send(&mut self, t: &mut Telegram) -> Happened {
        let number = self.lively_chat();
        let plan = self.plan.clone();
        let chat = &plan.chats[number];
        let from = match chat.kind {
            ChatKind::Saved => ME,
            ChatKind::Bot => chat.id,
            // Nobody posts in the channels of others as oneself.
            _ => self.dice.pick(&chat.members[1.min(chat.members.len() - 1)..]),
        };
        let peer = match peer_of(chat) {
            Peer::User(_) if from != ME => Peer::User(ME),
            peer => peer,
        };
        let mut message = blank::message(0, peer, 0, &chat.tongue.say(&mut self.dice));
        if self.dice.one_in(6) {
            message.media = Some(self.picture(t, number, from));
        } else if self.dice.one_in(4) {
            message.reply_to = self.answer_in(number);
        }
        let spot = t.post(peer, from, message.into());
        self.sent.push_back(Said { spot, chat: number });
        Happened::Sent
    }

    /// An answer to the latest message of the chat.
    fn answer_in(&self, chat: usize) -> Option<grammers_tl_types::enums::MessageReplyHeader> {
        let to = self.sent.iter().rev().take(RECENT).find(|said| said.chat == chat)?;
        // In boxes, ids are those of whoever wrote: only channels have the same for all.
        let is_for_all = matches!(to.spot, Spot::Channel { .. });
        is_for_all.then(|| blank::reply_header(to.spot.id()).into())
    }

    fn picture(&mut self, t: &Telegram, number: usize, from: i64) -> grammers_tl_types::enums::MessageMedia {
        let mut scene = Scene {
            dice: Dice::at(self.dice.throw(), &[]),
            tongue: self.plan.chats[number].tongue,
            id: 0,
            date: t.now(),
            from,
            me: ME,
            members: &self.plan.chats[number].members,
            channel: self.plan.chats[number].id,
        };
        let variant = scene.dice.pick(&[0, 0, 0, 1, 2, 3]);
        file_media(variant, &mut scene)
    }

    fn edit(&mut self, t: &mut Telegram, place: usize) -> Happened {
        let said = self.sent[place];
        let text = format!("{} ✏️", self.plan.chats[said.chat].tongue.say(&mut self.dice));
        t.edit(said.spot, &text);
        Happened::Edited
    }

    fn react(&mut self, t: &mut Telegram, place: usize) -> Happened {
        let said = self.sent[place];
        let members = &self.plan.chats[said.chat].members;
        let who = self.dice.pick(members);
        let emoticon = self.dice.pick(&REACTIONS);
        t.react(said.spot, who, emoticon);
        Happened::Reacted
    }

    fn delete(&mut self, t: &mut Telegram, place: usize) -> Happened {
        if let Some(said) = self.sent.remove(place) {
            t.delete(said.spot);
        }
        Happened::Deleted
    }

    /// A chat by weight: the longer its history, the more is said in it.
    fn lively_chat(&mut self) -> usize {
        let lively = |kind| !matches!(kind, ChatKind::OldGroup);
        let chats = || self.plan.chats.iter().enumerate().filter(|(_, chat)| lively(chat.kind));
        let total: usize = chats().map(|(_, chat)| chat.messages).sum();
        let mut left = self.dice.below(total.max(1));
        for (number, chat) in chats() {
            if left < chat.messages {
                return number;
            }
            left -= chat.messages;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::make::{Recipe, fill};

    fn living(steps: usize) -> (World, Arc<Plan>, Vec<Happened>) {
        let world = World::default();
        let (plan, happened) = world.telegram(|t| {
            t.set_now(1_767_225_600);
            let plan = fill(t, &Recipe { everything: false, ..Recipe::default() });
            let mut drip = Drip::new(plan.clone());
            let happened = (0..steps).map(|_| drip.step(t)).collect();
            (plan, happened)
        });
        (world, plan, happened)
    }

    #[test]
    fn every_kind_of_thing_happens() {
        let (world, plan, happened) = living(200);
        for kind in [Happened::Sent, Happened::Edited, Happened::Reacted, Happened::Deleted] {
            assert!(happened.contains(&kind), "{kind:?}");
        }
        let sent = happened.iter().filter(|kind| **kind == Happened::Sent).count();
        let deleted = happened.iter().filter(|kind| **kind == Happened::Deleted).count();
        world.telegram(|t| {
            let now: usize = plan.chats.iter().map(|chat| t.history(ME, peer_of(chat)).unwrap().len()).sum();
            assert_eq!(now, plan.messages() + sent - deleted);
        });
    }

    #[test]
    fn account_hears_of_what_happens() {
        let (world, plan, _) = living(100);
        world.telegram(|t| {
            assert!(t.accounts[&ME].pts > 5);
            let moved = plan
                .chats
                .iter()
                .filter(|chat| t.channels.get(&chat.id).is_some_and(|channel| !channel.log.is_empty()));
            assert!(moved.count() > 3);
        });
    }

    #[test]
    fn long_life_keeps_the_world_small() {
        let (world, plan, _) = living(0);
        world.telegram(|t| {
            let mut drip = Drip { keep: 30, ..Drip::new(plan.clone()) };
            for _ in 0..1_000 {
                drip.step(t);
            }
            let now: usize = plan.chats.iter().map(|chat| t.history(ME, peer_of(chat)).unwrap().len()).sum();
            assert!((plan.messages() + 20..=plan.messages() + 30).contains(&now), "{now}");
            let longest = t.channels.values().map(|channel| channel.log.len()).max().unwrap();
            assert!(longest <= 60 && t.accounts[&ME].log.len() <= 60, "{longest}");
        });
    }

    #[tokio::test]
    async fn it_goes_on_by_itself() {
        let (world, plan, _) = living(0);
        let count = || {
            let all = |t: &mut Telegram| {
                plan.chats.iter().map(|chat| t.history(ME, peer_of(chat)).unwrap().len()).sum::<usize>()
            };
            world.telegram(all)
        };
        let many = async {
            while count() < plan.messages() + 5 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let living = Drip::new(plan.clone()).run(&world, Duration::from_millis(1));
        tokio::select! {
            () = living => panic!("it ends only when it is dropped"),
            () = many => {}
            () = tokio::time::sleep(Duration::from_secs(2)) => panic!("nothing happens"),
        }
    }
}
