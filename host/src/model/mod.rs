//! Plain types that every module speaks. No I/O, no clock.

mod account;
mod attempt;
mod blob;
mod byte_size;
mod capture;
mod chat;
mod count;
mod duration;
mod entity;
mod export;
mod extra;
mod file;
mod filter_use;
mod folder;
mod grant;
mod linked_text;
mod login;
mod media;
mod message;
mod name;
mod on_error;
mod password;
mod peer;
mod play;
mod plugin;
mod policy;
mod poll;
mod profile_song;
mod reaction;
mod run;
mod scope;
mod short_form;
mod song;
mod spotify;
mod track;
mod view;

pub use account::{AccountState, AccountView, AccountsView, Pace, SelfView, TelegramFigures};
pub use attempt::{Attempt, AttemptOutcome, RefusedCandidate, Tried};
pub use blob::Blob;
pub use byte_size::{ByteSize, InvalidByteSize, shown_bytes};
pub use capture::{Avatars, ChatType, Deletions, FileKind};
pub use chat::{Chat, ChatKind, Topic, User};
pub use count::counted;
pub use duration::{InvalidDuration, Period};
pub use entity::{DateMark, Entity, EntityKind, RichText};
pub use export::{ARCHIVE_FILE, EXPORT_MARK, EXPORT_MEDIA};
pub use extra::Extra;
pub use file::{Audio, File, FileForm, FileRole, PixelSize, Size, SizeForm, Sticker, Video, VideoSize};
pub use filter_use::FilterUse;
pub use folder::{FolderFacts, FolderRecord};
pub use grant::{
    Grant, GrantKey, Grants, HostPattern, HttpGrant, HttpMethod, HttpWant, InvalidGrant, InvalidHostPattern,
    InvalidProgram, Program, RunGrant, RunWant, SpaceWant, Wants,
};
pub use linked_text::{LinkedText, TextLink};
pub use login::{
    LoginAnswer, LoginId, LoginMethod, LoginRefusal, LoginRequest, LoginState, LoginView, SentBy,
};
pub use media::{Contact, Detail, LivePlace, Media, MediaKind, Place, Venue, WebPage};
pub use message::{
    Action, Comments, FactCheck, Fetched, Forward, Marks, Message, Migration, Reply, Restriction, Story,
};
pub use name::{AccountName, EventName, InvalidName, JobName, PluginName};
pub use on_error::OnError;
pub use password::PasswordLimits;
pub use peer::{BarePeer, InvalidPeerId, MessageId, PeerId};
pub use play::{
    EndedHow, Heard, InvalidPlayId, NowView, Play, PlayId, PlayView, Playable, PlayerView, Playing, Said,
    SourceName, SourceState, SourceView, TrackView,
};
pub use plugin::{
    CapabilityView, PluginFigures, PluginForgotten, PluginKind, PluginLimits, PluginLogLine, PluginRemains,
    PluginState, PluginView, PluginsView, shown_path,
};
pub use policy::{Missed, Overlap, Ping, Policy, Retry};
pub use poll::{Poll, PollAnswer, PollResults, PollVotes};
pub use profile_song::{Document, SongMessage, SongPlace};
pub use reaction::{PeerReaction, Reaction, ReactionCount, Reactions, Reactor};
pub use run::{Covered, InvalidRunId, LogLine, Params, Progress, Run, RunId, Status, Summary, Trigger};
pub use scope::{Scope, Scopes};
pub use song::{Sameness, TrackKey, fold};
pub use spotify::{SpotifyLoginState, SpotifyLoginView, SpotifyState, SpotifyUser, SpotifyView};
pub use track::{Candidate, Cover, Recording, Track, TrackId};
pub use view::{JobView, Paused};
