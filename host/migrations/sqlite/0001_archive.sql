-- The archive, for SQLite. Times that Telegram tells are Unix seconds, times of our own milliseconds.
-- People who query look at the views (`*_plain`): they say in words what the tables say in numbers.

create table accounts (
    key integer primary key,
    name text not null unique,
    -- The user who it belongs to.
    owner integer
) strict;

create table chats (
    key integer primary key,
    account integer not null,
    -- Marked, as people know it: users positive, basic groups negative, channels -100….
    id integer not null,
    kind text not null,
    title text not null,
    -- Title and usernames in the form that search compares.
    folded text not null,
    is_archived integer not null default 0,
    is_pinned integer not null default 0,
    -- All that is known of it, as JSON.
    detail text not null,
    messages integer not null default 0,
    deleted integer not null default 0,
    files integer not null default 0,
    file_bytes integer not null default 0,
    oldest integer,
    newest integer,
    first_moment integer,
    last_moment integer,
    -- Some message has a higher id and an earlier date than another one.
    is_out_of_order integer not null default 0,
    -- The sweep has everything up to here.
    cursor integer,
    dialog_top integer,
    dialog_fingerprint integer,
    dialog_at integer
) strict;
create unique index chats_by_id on chats (account, id);
create index chats_by_activity on chats (coalesce(last_moment, 0), key);
create index chats_by_title on chats (folded, key);

create table names (
    key integer primary key,
    name text not null unique
) strict;

-- Rows stand in the order in which they arrived.
create table messages (
    key integer primary key,
    chat integer not null,
    id integer not null,
    -- The second in which it was sent, 22 bits to the left, and its place within that second.
    moment integer not null,
    sender integer,
    -- The sender's name as it was.
    sender_name integer,
    text text not null,
    flags integer not null,
    edited integer,
    reply_to integer,
    topic integer,
    album integer,
    views integer,
    forwards integer,
    media integer,
    action text,
    -- When it was found to be deleted.
    deleted integer,
    -- How many earlier texts there are.
    versions integer not null default 0,
    -- All the rest, as JSON.
    detail text
) strict;
create unique index messages_by_id on messages (chat, id);
create unique index messages_by_moment on messages (moment);
create index messages_by_topic on messages (chat, topic, id) where topic is not null;
-- Deletions in private chats and basic groups name no chat.
create index messages_by_shared_id on messages (id, chat) where (flags & 1024) != 0;
create index messages_pinned on messages (chat, id) where (flags & 2) != 0;

create table versions (
    key integer primary key,
    message integer not null,
    text text not null,
    entities text,
    since integer not null,
    captured integer not null
) strict;
create index versions_by_message on versions (message, since);

create table gone_reactions (
    message integer not null,
    reaction text not null,
    count integer not null,
    gone integer not null,
    primary key (message, reaction)
) strict, without rowid;

create table polls (
    poll integer not null,
    message integer not null,
    primary key (poll, message)
) strict, without rowid;

create table blobs (
    key integer primary key,
    hash blob not null unique,
    bytes integer not null
) strict;

-- The key is that of the message, 12 bits to the left, and the file's place in it.
create table files (
    key integer primary key,
    chat integer not null,
    -- Telegram's number of it.
    file integer not null,
    -- 0 wanted, 1 held, 2 skipped, 3 failed.
    state integer not null default 0,
    attempts integer not null default 0,
    why text,
    blob integer,
    link text,
    -- What is known of it, as JSON, once it hangs on its message no more.
    detail text
) strict;
create index files_by_chat on files (chat);
create index files_wanted on files (chat) where state in (0, 3);
create index files_by_blob on files (blob) where blob is not null;

create table users (
    account integer not null,
    id integer not null,
    detail text not null,
    primary key (account, id)
) strict, without rowid;

create table history (
    key integer primary key,
    account integer not null,
    peer integer not null,
    what text not null,
    value text not null,
    since integer not null
) strict;
create index history_by_peer on history (account, peer, what, key);

create table topics (
    chat integer not null,
    id integer not null,
    detail text not null,
    primary key (chat, id)
) strict, without rowid;

create table folders (
    account integer not null,
    place integer not null,
    detail text not null,
    primary key (account, place)
) strict, without rowid;

create table coverage (
    chat integer not null,
    first integer not null,
    last integer not null,
    primary key (chat, first)
) strict, without rowid;

create table avatars (
    account integer not null,
    peer integer not null,
    photo integer not null,
    blob integer not null,
    extension text not null,
    since integer not null,
    primary key (account, peer, photo)
) strict, without rowid;
create index avatars_by_blob on avatars (blob);

create table poison (
    chat integer not null,
    id integer not null,
    reason text not null,
    bytes blob,
    attempts integer not null,
    first integer not null,
    last integer not null,
    primary key (chat, id)
) strict, without rowid;

create table blocked (
    number integer primary key autoincrement,
    chat integer not null,
    kind text not null,
    ids text not null,
    message text,
    at integer not null,
    -- Null: nobody has decided. 1: applied. 0: dismissed.
    is_applied integer
) strict;
create index blocked_open on blocked (number) where is_applied is null;

create table notes (
    account integer not null,
    name text not null,
    value text not null,
    primary key (account, name)
) strict, without rowid;

-- The change feed. Numbers are never used twice.
create table changes (
    sequence integer primary key autoincrement,
    account integer not null,
    chat integer not null,
    kind text not null,
    first integer,
    last integer,
    source text not null,
    at integer not null
) strict;

-- Stretches of message keys that search does not know yet, and messages that have changed since.
create table unindexed (
    first integer primary key,
    last integer not null
) strict;
create table reindex (
    message integer primary key
) strict;

-- One row: the next key of a message. Keys are never used twice.
create table counters (
    next_message integer not null
) strict;
insert into counters values (1);
