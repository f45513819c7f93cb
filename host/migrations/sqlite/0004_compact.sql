-- Less room for the same: a message is found by what its chat and its id are, a sender and their name are one number,
-- and search keeps stretches of time, not messages. What `detail` holds is written anew by the step that follows.

drop view messages_plain;
drop view versions_plain;
drop view reactions_plain;
drop view files_plain;
drop view chats_plain;

drop index chats_by_activity;
alter table chats rename column first_moment to first_date;
alter table chats rename column last_moment to last_date;
update chats set first_date = first_date >> 22, last_date = last_date >> 22;
create index chats_by_activity on chats (coalesce(last_date, 0), key);

-- A sender under a name.
create table authors (
    key integer primary key,
    sender integer,
    name text
) strict;
insert into authors (sender, name)
    select distinct messages.sender, names.name from messages left join names on names.key = messages.sender_name
    where messages.sender is not null or names.name is not null;
create index authors_by_who on authors (sender, name);

alter table messages rename to former_messages;
-- The key is the chat's key, 32 bits to the left, and the id, counted from the lowest that there can be.
-- What most messages do not have comes last.
create table messages (
    key integer primary key,
    -- Unix seconds.
    date integer not null,
    author integer,
    flags integer not null,
    text text not null,
    -- All that has no column, as JSON.
    detail text,
    media integer,
    reply_to integer,
    views integer,
    forwards integer,
    edited integer,
    topic integer,
    album integer,
    action text,
    -- When it was found to be deleted.
    deleted integer,
    -- How many earlier texts there are; null: none.
    versions integer
) strict;
insert into messages
    select
        (old.chat << 32) | (old.id + 2147483648), old.moment >> 22, authors.key, old.flags, old.text, old.detail, old.media,
        old.reply_to, old.views, old.forwards, old.edited, old.topic, old.album, old.action, old.deleted,
        nullif(old.versions, 0)
    from former_messages as old
    left join names on names.key = old.sender_name
    left join authors on authors.sender is old.sender and authors.name is names.name
    order by old.chat, old.id;

create temporary table moved as
    select key as before, (chat << 32) | (id + 2147483648) as after from former_messages;
create unique index temp.moved_by_before on moved (before);
update versions set message = (select after from moved where before = message);
update gone_reactions set message = (select after from moved where before = message);
update polls set message = (select after from moved where before = message);

alter table files rename to former_files;
drop index files_by_chat;
drop index files_wanted;
drop index files_by_blob;
-- The key is that of the message, 12 bits to the left, and the file's place in it.
create table files (
    key integer primary key,
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
insert into files
    select (moved.after << 12) | (old.key & 4095), old.file, old.state, old.attempts, old.why, old.blob, old.link, old.detail
    from former_files as old join moved on moved.before = old.key >> 12
    order by 1;
drop table former_files;
create index files_by_blob on files (blob) where blob is not null;

drop table temp.moved;
drop table former_messages;
drop table names;
drop table counters;
create index messages_by_topic on messages (topic) where topic is not null;
create index messages_pinned on messages (key) where (flags & 2) != 0;

-- A document stands for some minutes of all chats, so that its number is small and what is said in it twice is kept
-- once. `moments` tells the messages of each; which of them say it is looked up there. Nothing is ever taken out of a
-- document: what is found is compared with the messages as they are.
drop table search;
create virtual table search using fts5 (
    tokens,
    content = '',
    columnsize = 0,
    detail = 'none',
    tokenize = "ascii tokenchars '#$:_-'"
);
insert into search (search, rank) values ('hashsize', 4194304);
update search_rules set version = 0;
create table moments (
    moment integer primary key,
    messages blob not null
) strict;

-- Stretches of messages that search does not know yet, and how many there are; the newest stretch has the highest number.
drop table unindexed;
create table unindexed (
    number integer primary key autoincrement,
    first integer not null,
    last integer not null,
    count integer not null
) strict;
delete from reindex;

create view chats_plain as
select
    accounts.name as account,
    chats.id as chat,
    chats.kind as kind,
    chats.title as title,
    chats.detail ->> '$.usernames[0]' as username,
    chats.is_archived as is_archived,
    chats.is_pinned as is_pinned,
    chats.messages as messages,
    chats.deleted as deleted,
    chats.files as files,
    chats.file_bytes as file_bytes,
    chats.oldest as oldest,
    chats.newest as newest,
    datetime(chats.first_date, 'unixepoch') as first_date,
    datetime(chats.last_date, 'unixepoch') as last_date,
    chats.cursor as swept_up_to,
    chats.detail as detail
from chats
join accounts on accounts.key = chats.account;

create view messages_plain as
select
    accounts.name as account,
    chats.id as chat,
    chats.title as chat_title,
    (messages.key & 4294967295) - 2147483648 as id,
    datetime(messages.date, 'unixepoch') as date,
    datetime(messages.edited, 'unixepoch') as edited,
    datetime(messages.deleted / 1000, 'unixepoch') as deleted,
    authors.sender as sender,
    authors.name as sender_name,
    messages.text as text,
    media_kinds.name as media,
    messages.detail ->> '$.file.name' as file_name,
    messages.action as action,
    messages.reply_to as reply_to,
    messages.topic as topic,
    messages.album as album,
    messages.views as views,
    messages.forwards as forwards,
    coalesce(messages.versions, 0) as versions,
    (messages.flags & 1) != 0 as is_outgoing,
    (messages.flags & 2) != 0 as is_pinned,
    messages.detail as detail
from messages
join chats on chats.key = messages.key >> 32
join accounts on accounts.key = chats.account
left join authors on authors.key = messages.author
left join media_kinds on media_kinds.code = messages.media;

create view versions_plain as
select
    accounts.name as account,
    chats.id as chat,
    (versions.message & 4294967295) - 2147483648 as id,
    versions.text as text,
    versions.entities as entities,
    datetime(versions.since, 'unixepoch') as since,
    datetime(versions.captured / 1000, 'unixepoch') as captured
from versions
join chats on chats.key = versions.message >> 32
join accounts on accounts.key = chats.account;

create view reactions_plain as
select
    accounts.name as account,
    chats.id as chat,
    (messages.key & 4294967295) - 2147483648 as id,
    case json_type(given.value, '$[0]')
        when 'integer' then 'custom_' || (given.value ->> '$[0]')
        when 'null' then 'paid'
        when 'false' then 'empty'
        else given.value ->> '$[0]'
    end as reaction,
    given.value ->> '$[1]' as count,
    null as gone
from messages
join chats on chats.key = messages.key >> 32
join accounts on accounts.key = chats.account
join json_each(coalesce(messages.detail -> '$.reactions.counts', messages.detail -> '$.reactions')) as given
union all
select
    accounts.name,
    chats.id,
    (gone_reactions.message & 4294967295) - 2147483648,
    coalesce(gone_reactions.reaction ->> '$.emoji', 'custom_' || (gone_reactions.reaction ->> '$.custom'), gone_reactions.reaction ->> '$'),
    gone_reactions.count,
    datetime(gone_reactions.gone / 1000, 'unixepoch')
from gone_reactions
join chats on chats.key = gone_reactions.message >> 32
join accounts on accounts.key = chats.account;

create view files_plain as
select
    accounts.name as account,
    chats.id as chat,
    ((files.key >> 12) & 4294967295) - 2147483648 as id,
    files.file as file,
    case files.state when 0 then 'wanted' when 1 then 'held' when 2 then 'skipped' else 'failed' end as state,
    files.attempts as attempts,
    files.why as why,
    lower(hex(blobs.hash)) as hash,
    blobs.bytes as bytes,
    files.link as link
from files
join chats on chats.key = files.key >> 44
join accounts on accounts.key = chats.account
left join blobs on blobs.key = files.blob;
