-- For people. docs/archive.md says what each column holds. All times are UTC.

create table media_kinds (
    code integer primary key,
    name text not null
);
insert into media_kinds values
    (0, 'photo'), (1, 'video'), (2, 'video-note'), (3, 'animation'), (4, 'voice'), (5, 'audio'), (6, 'sticker'),
    (7, 'document'), (8, 'contact'), (9, 'place'), (10, 'live-place'), (11, 'venue'), (12, 'poll'), (13, 'web-page'),
    (14, 'game'), (15, 'invoice'), (16, 'dice'), (17, 'story'), (18, 'giveaway'), (19, 'giveaway-results'),
    (20, 'paid'), (21, 'to-do'), (22, 'video-stream'), (23, 'unsupported'), (24, 'empty');

-- A second of Telegram's, and a millisecond of ours.
create function tapedeck_second(bigint) returns timestamp language sql immutable strict
    as $$ select timestamp 'epoch' + $1 * interval '1 second' $$;
create function tapedeck_millisecond(bigint) returns timestamp language sql immutable strict
    as $$ select timestamp 'epoch' + $1 * interval '1 millisecond' $$;

create view chats_plain as
select
    accounts.name as account,
    chats.id as chat,
    chats.kind as kind,
    chats.title as title,
    chats.detail #>> '{usernames,0}' as username,
    chats.is_archived as is_archived,
    chats.is_pinned as is_pinned,
    chats.messages as messages,
    chats.deleted as deleted,
    chats.files as files,
    chats.file_bytes as file_bytes,
    chats.oldest as oldest,
    chats.newest as newest,
    tapedeck_second(chats.first_moment >> 22) as first_date,
    tapedeck_second(chats.last_moment >> 22) as last_date,
    chats.cursor as swept_up_to,
    chats.detail as detail
from chats
join accounts on accounts.key = chats.account;

create view messages_plain as
select
    accounts.name as account,
    chats.id as chat,
    chats.title as chat_title,
    messages.id as id,
    tapedeck_second(messages.moment >> 22) as date,
    tapedeck_second(messages.edited) as edited,
    tapedeck_millisecond(messages.deleted) as deleted,
    messages.sender as sender,
    names.name as sender_name,
    messages.text as text,
    media_kinds.name as media,
    messages.action as action,
    messages.reply_to as reply_to,
    messages.topic as topic,
    messages.album as album,
    messages.views as views,
    messages.forwards as forwards,
    messages.versions as versions,
    (messages.flags & 1) <> 0 as is_outgoing,
    (messages.flags & 2) <> 0 as is_pinned,
    messages.detail as detail
from messages
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account
left join names on names.key = messages.sender_name
left join media_kinds on media_kinds.code = messages.media;

create view versions_plain as
select
    accounts.name as account,
    chats.id as chat,
    messages.id as id,
    versions.text as text,
    versions.entities as entities,
    tapedeck_second(versions.since) as since,
    tapedeck_millisecond(versions.captured) as captured
from versions
join messages on messages.key = versions.message
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account;

create view reactions_plain as
select
    accounts.name as account,
    chats.id as chat,
    messages.id as id,
    coalesce(given -> 'reaction' ->> 'emoji', 'custom_' || (given -> 'reaction' ->> 'custom'), given ->> 'reaction') as reaction,
    (given ->> 'count')::integer as count,
    null::timestamp as gone
from messages
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account
cross join lateral json_array_elements(messages.detail #> '{reactions,counts}') as given
union all
select
    accounts.name,
    chats.id,
    messages.id,
    coalesce(gone_reactions.reaction::json ->> 'emoji', 'custom_' || (gone_reactions.reaction::json ->> 'custom'), gone_reactions.reaction::json #>> '{}'),
    gone_reactions.count,
    tapedeck_millisecond(gone_reactions.gone)
from gone_reactions
join messages on messages.key = gone_reactions.message
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account;

create view users_plain as
select
    accounts.name as account,
    users.id as "user",
    users.detail ->> 'first_name' as first_name,
    users.detail ->> 'last_name' as last_name,
    users.detail #>> '{usernames,0}' as username,
    users.detail ->> 'phone' as phone,
    coalesce((users.detail ->> 'is_bot')::boolean, false) as is_bot,
    coalesce((users.detail ->> 'is_deleted')::boolean, false) as is_deleted,
    users.detail as detail
from users
join accounts on accounts.key = users.account;

create view history_plain as
select
    accounts.name as account,
    history.peer as peer,
    history.what as what,
    history.value as value,
    tapedeck_millisecond(history.since) as since
from history
join accounts on accounts.key = history.account;

create view files_plain as
select
    accounts.name as account,
    chats.id as chat,
    messages.id as id,
    files.file as file,
    case files.state when 0 then 'wanted' when 1 then 'held' when 2 then 'skipped' else 'failed' end as state,
    files.attempts as attempts,
    files.why as why,
    encode(blobs.hash, 'hex') as hash,
    blobs.bytes as bytes,
    files.link as link
from files
join messages on messages.key = files.message
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account
left join blobs on blobs.key = files.blob;

create view topics_plain as
select
    accounts.name as account,
    chats.id as chat,
    topics.id as topic,
    topics.detail ->> 'title' as title,
    coalesce((topics.detail ->> 'is_closed')::boolean, false) as is_closed,
    topics.detail as detail
from topics
join chats on chats.key = topics.chat
join accounts on accounts.key = chats.account;

create view coverage_plain as
select
    accounts.name as account,
    chats.id as chat,
    coverage.first as first,
    coverage.last as last
from coverage
join chats on chats.key = coverage.chat
join accounts on accounts.key = chats.account;

create view changes_plain as
select
    changes.sequence as sequence,
    accounts.name as account,
    changes.chat as chat,
    changes.kind as kind,
    changes.first as first,
    changes.last as last,
    changes.source as source,
    tapedeck_millisecond(changes.at) as at
from changes
join accounts on accounts.key = changes.account;
