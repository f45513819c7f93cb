-- The archive, for PostgreSQL. Times that Telegram tells are Unix seconds, times of our own milliseconds.
-- People who query look at the views (`*_plain`): they say in words what the tables say in numbers.
-- Two characters that no column takes as they are stand with U+10FFFF before them: NUL as `0`, U+10FFFF as `1`.

create table accounts (
    key bigint generated always as identity primary key,
    name text collate "C" not null unique,
    -- The user whose account it is.
    owner bigint
);

create table chats (
    key bigint generated always as identity primary key,
    account bigint not null,
    -- Marked, as people know it: users positive, basic groups negative, channels -100….
    id bigint not null,
    kind text collate "C" not null,
    title text not null,
    -- Title and usernames in the form that search compares.
    folded text collate "C" not null,
    is_archived boolean not null default false,
    is_pinned boolean not null default false,
    -- All that is known of it.
    detail json not null,
    messages bigint not null default 0,
    deleted bigint not null default 0,
    files bigint not null default 0,
    file_bytes bigint not null default 0,
    oldest integer,
    newest integer,
    first_moment bigint,
    last_moment bigint,
    -- Some message has a higher id and an earlier date than another one.
    is_out_of_order boolean not null default false,
    -- The sweep has everything up to here.
    cursor integer,
    dialog_top integer,
    dialog_fingerprint bigint,
    dialog_at bigint
) with (fillfactor = 80);
create unique index chats_by_id on chats (account, id);

create table names (
    key bigint generated always as identity primary key,
    name text not null
);
create unique index names_by_name on names (md5(name));

-- Rows stand in the order in which they arrived.
create table messages (
    key bigint primary key,
    chat bigint not null,
    -- The second in which it was sent, 22 bits to the left, and its place within that second.
    moment bigint not null,
    sender bigint,
    -- The sender's name as it was.
    sender_name bigint,
    edited bigint,
    album bigint,
    -- When it was found to be deleted.
    deleted bigint,
    id integer not null,
    flags integer not null,
    reply_to integer,
    topic integer,
    views integer,
    forwards integer,
    media integer,
    -- How many earlier texts there are.
    versions integer not null default 0,
    text text not null,
    action text,
    -- All the rest.
    detail json
);
create unique index messages_by_id on messages (chat, id);
create unique index messages_by_moment on messages (moment);
create index messages_by_date on messages (chat, moment);
create index messages_by_topic on messages (chat, topic, id) where topic is not null;
-- Deletions in private chats and basic groups name no chat.
create index messages_by_shared_id on messages (id, chat) where (flags & 1024) <> 0;
create index messages_pinned on messages (chat, id) where (flags & 2) <> 0;

create table versions (
    key bigint generated always as identity primary key,
    message bigint not null,
    text text not null,
    entities json,
    since bigint not null,
    captured bigint not null
);
create index versions_by_message on versions (message, since);

create table gone_reactions (
    message bigint not null,
    reaction text collate "C" not null,
    count integer not null,
    gone bigint not null,
    primary key (message, reaction)
);

create table polls (
    poll bigint not null,
    message bigint not null,
    primary key (poll, message)
);
create index polls_by_message on polls (message);

create table blobs (
    key bigint generated always as identity primary key,
    hash bytea not null unique,
    bytes bigint not null
);

create table files (
    key bigint generated always as identity primary key,
    message bigint not null,
    -- Its place among the files of the message.
    place integer not null,
    chat bigint not null,
    -- Telegram's number of it.
    file bigint not null,
    -- 0 wanted, 1 held, 2 skipped, 3 failed.
    state integer not null default 0,
    attempts integer not null default 0,
    why text,
    blob bigint,
    link text,
    -- What is known of it, once it hangs on its message no more.
    detail json
);
create unique index files_by_message on files (message, file);
create index files_by_chat on files (chat, key);
create index files_wanted on files (key) where state in (0, 3);
create index files_by_blob on files (blob) where blob is not null;

create table users (
    account bigint not null,
    id bigint not null,
    detail json not null,
    primary key (account, id)
);

create table history (
    key bigint generated always as identity primary key,
    account bigint not null,
    peer bigint not null,
    what text collate "C" not null,
    value text not null,
    since bigint not null
);
create index history_by_peer on history (account, peer, key);

create table topics (
    chat bigint not null,
    id integer not null,
    detail json not null,
    primary key (chat, id)
);

create table folders (
    account bigint not null,
    place integer not null,
    detail json not null,
    primary key (account, place)
);

create table coverage (
    chat bigint not null,
    first integer not null,
    last integer not null,
    primary key (chat, first)
);

create table avatars (
    key bigint generated always as identity primary key,
    account bigint not null,
    peer bigint not null,
    photo bigint not null,
    blob bigint not null,
    extension text not null,
    since bigint not null
);
create unique index avatars_by_photo on avatars (account, peer, photo);
create index avatars_by_blob on avatars (blob);

create table poison (
    chat bigint not null,
    id integer not null,
    reason text not null,
    bytes bytea,
    attempts integer not null,
    first bigint not null,
    last bigint not null,
    primary key (chat, id)
);

create table blocked (
    number bigint generated always as identity primary key,
    chat bigint not null,
    kind text collate "C" not null,
    ids integer[] not null,
    message json,
    at bigint not null,
    -- Null: nobody has decided.
    is_applied boolean
);
create index blocked_open on blocked (number) where is_applied is null;

create table notes (
    account bigint not null,
    name text collate "C" not null,
    value json not null,
    primary key (account, name)
);

-- The change feed.
create table changes (
    sequence bigint primary key,
    account bigint not null,
    chat bigint not null,
    kind text collate "C" not null,
    first integer,
    last integer,
    source text collate "C" not null,
    at bigint not null
);

-- Stretches of message keys that search does not know yet, and messages that have changed since.
create table unindexed (
    first bigint primary key,
    last bigint not null
);
create table reindex (
    message bigint primary key
);

-- What search looks at, by the moment of each message.
create table search (
    moment bigint primary key,
    words tsvector not null
);
create index search_by_words on search using gin (words) with (fastupdate = on);

-- All tokens of the index, and in how many messages each was. Words have their trigrams.
create table tokens (
    token text collate "C" primary key,
    count bigint not null,
    trigrams bigint[]
) with (fillfactor = 80);
create index tokens_by_trigram on tokens using gin (trigrams) where trigrams is not null;

-- One row: the next numbers of messages and of changes. Numbers are never used twice.
create table counters (
    next_message bigint not null,
    next_change bigint not null,
    -- Of the rules by which texts became tokens.
    search_version integer not null
) with (fillfactor = 50);
