//! Users, groups and channels that the account has met, with their access hashes.
//!
//! On the disk they are a log in chunks: what changes is appended, a full chunk is never written
//! again, so a new peer costs the same whether ten are known or a million. When most of the log
//! is outdated, it is written anew.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    mem,
};

use grammers_session::types::{ChannelKind, PeerAuth, PeerId, PeerInfo, PeerKind};

/// 17 kB a chunk: little to write again each second while it fills, few to read at the start.
const CHUNK_RECORDS: usize = 1024;
const RECORD_BYTES: usize = 17;

const HAS_HASH: u8 = 1;
const BOT_KNOWN: u8 = 1 << 1;
const BOT: u8 = 1 << 2;
const KIND_SHIFT: u8 = 3;

#[derive(Default)]
pub(super) struct Peers {
    known: HashMap<PeerId, PeerInfo, BuildHasherDefault<IdHasher>>,
    /// Chunks that are full and not written yet.
    full: Vec<(u32, Vec<u8>)>,
    tail: Vec<u8>,
    tail_number: u32,
    is_tail_new: bool,
    /// Records in the log, outdated ones too.
    records: usize,
    /// What is on the disk is not what was to be there.
    needs_rewrite: bool,
}

/// Chunks to write.
#[derive(Default)]
pub(super) struct PeerChanges {
    pub(super) chunks: Vec<(u32, Vec<u8>)>,
    /// From this number on, chunks are to be removed.
    pub(super) end: Option<u32>,
}

impl Peers {
    /// Reads chunks in the order of their numbers. Says `None` when one makes no sense.
    pub(super) fn from_chunks(chunks: Vec<(u32, Vec<u8>)>) -> Option<Self> {
        let mut peers = Self::default();
        for (number, chunk) in chunks {
            if chunk.len() % RECORD_BYTES != 0 {
                return None;
            }
            for record in chunk.chunks_exact(RECORD_BYTES) {
                let peer = decode(record)?;
                peers.known.insert(id_of(&peer)?, peer);
                peers.records += 1;
            }
            peers.tail_number = number;
            peers.tail = chunk;
        }
        peers.turn_full_tail();
        peers.full.clear(); // It was read from the disk.
        Some(peers)
    }

    pub(super) fn get(&self, id: PeerId) -> Option<&PeerInfo> {
        self.known.get(&id)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Takes what is new about a peer; says whether something was. What is known is never
    /// forgotten for less: updates carry peers without an access hash.
    pub(super) fn learn(&mut self, peer: &PeerInfo) -> bool {
        let Some(id) = id_of(peer) else { return false };
        let merged = match self.known.get_mut(&id) {
            Some(known) => {
                let merged = merge(known, peer);
                if merged == *known {
                    return false;
                }
                *known = merged.clone();
                merged
            }
            None => {
                let peer = normal(peer);
                self.known.insert(id, peer.clone());
                peer
            }
        };
        self.append(id, &merged);
        true
    }

    fn append(&mut self, id: PeerId, peer: &PeerInfo) {
        encode(id, peer, &mut self.tail);
        self.records += 1;
        self.is_tail_new = true;
        self.turn_full_tail();
    }

    fn turn_full_tail(&mut self) {
        if self.tail.len() >= CHUNK_RECORDS * RECORD_BYTES {
            self.full.push((self.tail_number, mem::take(&mut self.tail)));
            self.tail_number += 1;
            self.is_tail_new = false;
        }
    }

    /// What has to be written since the last time.
    pub(super) fn take_changes(&mut self) -> PeerChanges {
        let is_mostly_outdated = self.records > 2 * self.known.len() + 4 * CHUNK_RECORDS;
        if is_mostly_outdated || self.needs_rewrite { self.take_all() } else { self.take_new() }
    }

    fn take_new(&mut self) -> PeerChanges {
        let mut chunks = mem::take(&mut self.full);
        if mem::take(&mut self.is_tail_new) {
            chunks.push((self.tail_number, self.tail.clone()));
        }
        PeerChanges { chunks, end: None }
    }

    /// The whole log anew, without what is outdated.
    fn take_all(&mut self) -> PeerChanges {
        self.full.clear();
        self.tail.clear();
        (self.tail_number, self.is_tail_new, self.records, self.needs_rewrite) = (0, false, 0, false);
        let known = mem::take(&mut self.known);
        for (id, peer) in &known {
            self.append(*id, peer);
        }
        self.known = known;
        PeerChanges { end: Some(self.tail_number + 1), ..self.take_new() }
    }

    /// After a failure to write: everything is to be written again.
    pub(super) fn needs_rewrite(&mut self) {
        self.needs_rewrite = true;
    }
}

/// The library's own way to the id panics on ids out of range, and these come from the network.
pub(super) fn id_of(peer: &PeerInfo) -> Option<PeerId> {
    let (PeerInfo::User { id, .. } | PeerInfo::Chat { id } | PeerInfo::Channel { id, .. }) = *peer;
    // Its arithmetic comes before its check.
    let id = Some(id).filter(|id| (1..1 << 50).contains(id))?;
    match peer {
        PeerInfo::User { .. } => PeerId::user(id),
        PeerInfo::Chat { .. } => PeerId::chat(id),
        PeerInfo::Channel { .. } => PeerId::channel(id),
    }
}

/// Who is oneself is known elsewhere.
fn normal(peer: &PeerInfo) -> PeerInfo {
    match *peer {
        PeerInfo::User { id, auth, bot, .. } => PeerInfo::User { id, auth, bot, is_self: None },
        ref peer => peer.clone(),
    }
}

fn merge(known: &PeerInfo, new: &PeerInfo) -> PeerInfo {
    match (known, new) {
        (PeerInfo::User { id, auth, bot, .. }, PeerInfo::User { auth: new_auth, bot: new_bot, .. }) => {
            PeerInfo::User { id: *id, auth: better(*auth, *new_auth), bot: new_bot.or(*bot), is_self: None }
        }
        (PeerInfo::Channel { id, auth, kind }, PeerInfo::Channel { auth: new_auth, kind: new_kind, .. }) => {
            PeerInfo::Channel { id: *id, auth: better(*auth, *new_auth), kind: new_kind.or(*kind) }
        }
        (known, _) => known.clone(),
    }
}

/// A hash of zero stands for none.
fn better(known: Option<PeerAuth>, new: Option<PeerAuth>) -> Option<PeerAuth> {
    match new {
        Some(new) if new.hash() != 0 => Some(new),
        new => known.or(new),
    }
}

fn encode(id: PeerId, peer: &PeerInfo, log: &mut Vec<u8>) {
    let (auth, mut flags) = match peer {
        PeerInfo::User { auth, bot, .. } => {
            (*auth, bot.map_or(0, |is_bot| BOT_KNOWN | if is_bot { BOT } else { 0 }))
        }
        PeerInfo::Chat { .. } => (None, 0),
        PeerInfo::Channel { auth, kind, .. } => (*auth, kind.map_or(0, |kind| (kind as u8) << KIND_SHIFT)),
    };
    if auth.is_some() {
        flags |= HAS_HASH;
    }
    log.extend_from_slice(&id.bot_api_dialog_id().unwrap_or_default().to_le_bytes());
    log.extend_from_slice(&auth.map_or(0, PeerAuth::hash).to_le_bytes());
    log.push(flags);
}

fn decode(record: &[u8]) -> Option<PeerInfo> {
    let (id, rest) = record.split_first_chunk::<8>()?;
    let (hash, rest) = rest.split_first_chunk::<8>()?;
    let [flags] = *rest else { return None };
    let peer = PeerId::from_bot_api_dialog_id(i64::from_le_bytes(*id))?;
    let id = peer.bare_id()?;
    let auth = (flags & HAS_HASH != 0).then(|| PeerAuth::from_hash(i64::from_le_bytes(*hash)));
    Some(match peer.kind() {
        PeerKind::User => {
            let bot = (flags & BOT_KNOWN != 0).then_some(flags & BOT != 0);
            PeerInfo::User { id, auth, bot, is_self: None }
        }
        PeerKind::Chat => PeerInfo::Chat { id },
        PeerKind::Channel => {
            let kinds = [
                ChannelKind::Broadcast,
                ChannelKind::Megagroup,
                ChannelKind::Gigagroup,
                ChannelKind::Community,
            ];
            let kind = kinds.into_iter().find(|kind| *kind as u8 == flags >> KIND_SHIFT);
            PeerInfo::Channel { id, auth, kind }
        }
    })
}

/// Ids are spread well enough for a multiplication to finish the work.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i64(i64::from(*byte));
        }
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = (self.0.rotate_left(5) ^ id.cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, hash: i64) -> PeerInfo {
        PeerInfo::User { id, auth: Some(PeerAuth::from_hash(hash)), bot: None, is_self: None }
    }

    /// What the disk holds after some changes.
    #[derive(Default)]
    struct Disk(std::collections::BTreeMap<u32, Vec<u8>>);

    impl Disk {
        fn write(&mut self, changes: PeerChanges) -> usize {
            if let Some(end) = changes.end {
                self.0.split_off(&end);
            }
            let written = changes.chunks.iter().map(|(_, chunk)| chunk.len()).sum();
            self.0.extend(changes.chunks);
            written
        }

        fn read(&self) -> Peers {
            Peers::from_chunks(self.0.clone().into_iter().collect()).unwrap()
        }
    }

    #[test]
    fn one_new_peer_writes_one_chunk() {
        let (mut peers, mut disk) = (Peers::default(), Disk::default());
        for id in 1..=50_000 {
            peers.learn(&user(id, id));
        }
        assert_eq!(disk.write(peers.take_changes()), 50_000 * RECORD_BYTES);
        assert_eq!(disk.write(peers.take_changes()), 0);
        let mut peers = disk.read();
        assert_eq!(disk.write(peers.take_changes()), 0, "what was read is not new");
        peers.learn(&user(300_000, 1));
        peers.learn(&user(5, 5));
        assert!(disk.write(peers.take_changes()) <= CHUNK_RECORDS * RECORD_BYTES);
        assert_eq!(disk.read().known, peers.known);
    }

    #[test]
    fn full_chunks_are_not_written_again() {
        let (mut peers, mut disk) = (Peers::default(), Disk::default());
        let size = i64::try_from(CHUNK_RECORDS).unwrap();
        for id in 1..=size {
            peers.learn(&user(id, id));
        }
        disk.write(peers.take_changes());
        let mut peers = disk.read();
        peers.learn(&user(size + 1, 1));
        assert_eq!(disk.write(peers.take_changes()), RECORD_BYTES);
        assert_eq!(disk.read().known, peers.known);
    }

    #[test]
    fn changing_peers_do_not_grow_the_log() {
        let (mut peers, mut disk) = (Peers::default(), Disk::default());
        for round in 1..200 {
            for id in 1..=100 {
                peers.learn(&user(id, round));
            }
            disk.write(peers.take_changes());
        }
        assert!(disk.0.len() <= 6, "{} chunks", disk.0.len());
        assert_eq!(disk.read().known, peers.known);
    }

    #[test]
    fn failed_write_is_made_good() {
        let (mut peers, mut disk) = (Peers::default(), Disk::default());
        for id in 1..=3000 {
            peers.learn(&user(id, id));
        }
        drop(peers.take_changes());
        peers.needs_rewrite();
        disk.write(peers.take_changes());
        assert_eq!(disk.read().known, peers.known);
    }

    #[test]
    fn every_kind_survives_the_log() {
        let auth = Some(PeerAuth::from_hash(-1));
        let mut all = vec![PeerInfo::Chat { id: 3 }];
        for bot in [None, Some(false), Some(true)] {
            all.push(PeerInfo::User { id: all.len() as i64, auth: None, bot, is_self: None });
            all.push(PeerInfo::User { id: 900 + all.len() as i64, auth, bot, is_self: None });
        }
        use ChannelKind::{Broadcast, Community, Gigagroup, Megagroup};
        for kind in [None, Some(Broadcast), Some(Megagroup), Some(Gigagroup), Some(Community)] {
            all.push(PeerInfo::Channel { id: all.len() as i64, auth, kind });
        }
        let (mut peers, mut disk) = (Peers::default(), Disk::default());
        for peer in &all {
            assert!(peers.learn(peer));
            assert!(!peers.learn(peer));
        }
        disk.write(peers.take_changes());
        let read = disk.read();
        for peer in &all {
            assert_eq!(read.get(id_of(peer).unwrap()), Some(peer));
        }
    }

    #[test]
    fn senseless_chunks_are_noticed() {
        assert!(Peers::from_chunks(vec![(0, vec![0; 16])]).is_none());
        assert!(Peers::from_chunks(vec![(0, vec![0; 17])]).is_none(), "nobody has the id 0");
        assert!(Peers::from_chunks(Vec::new()).is_some());
    }
}
