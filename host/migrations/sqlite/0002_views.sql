-- For people. docs/archive.md says what each column holds. All times are UTC.

create table media_kinds (
    code integer primary key,
    name text not null
) strict;
insert into media_kinds values
    (0, 'photo'), (1, 'video'), (2, 'video-note'), (3, 'animation'), (4, 'voice'), (5, 'audio'), (6, 'sticker'),
    (7, 'document'), (8, 'contact'), (9, 'place'), (10, 'live-place'), (11, 'venue'), (12, 'poll'), (13, 'web-page'),
    (14, 'game'), (15, 'invoice'), (16, 'dice'), (17, 'story'), (18, 'giveaway'), (19, 'giveaway-results'),
    (20, 'paid'), (21, 'to-do'), (22, 'video-stream'), (23, 'unsupported'), (24, 'empty');

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
    datetime(chats.first_moment >> 22, 'unixepoch') as first_date,
    datetime(chats.last_moment >> 22, 'unixepoch') as last_date,
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
    datetime(messages.moment >> 22, 'unixepoch') as date,
    datetime(messages.edited, 'unixepoch') as edited,
    datetime(messages.deleted / 1000, 'unixepoch') as deleted,
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
    (messages.flags & 1) != 0 as is_outgoing,
    (messages.flags & 2) != 0 as is_pinned,
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
    datetime(versions.since, 'unixepoch') as since,
    datetime(versions.captured / 1000, 'unixepoch') as captured
from versions
join messages on messages.key = versions.message
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account;

create view reactions_plain as
select
    accounts.name as account,
    chats.id as chat,
    messages.id as id,
    coalesce(given.value ->> '$.reaction.emoji', 'custom_' || (given.value ->> '$.reaction.custom'), given.value ->> '$.reaction') as reaction,
    given.value ->> '$.count' as count,
    null as gone
from messages
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account
join json_each(messages.detail, '$.reactions.counts') as given
union all
select
    accounts.name,
    chats.id,
    messages.id,
    coalesce(gone_reactions.reaction ->> '$.emoji', 'custom_' || (gone_reactions.reaction ->> '$.custom'), gone_reactions.reaction ->> '$'),
    gone_reactions.count,
    datetime(gone_reactions.gone / 1000, 'unixepoch')
from gone_reactions
join messages on messages.key = gone_reactions.message
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account;

create view users_plain as
select
    accounts.name as account,
    users.id as user,
    users.detail ->> '$.first_name' as first_name,
    users.detail ->> '$.last_name' as last_name,
    users.detail ->> '$.usernames[0]' as username,
    users.detail ->> '$.phone' as phone,
    coalesce(users.detail ->> '$.is_bot', 0) as is_bot,
    coalesce(users.detail ->> '$.is_deleted', 0) as is_deleted,
    users.detail as detail
from users
join accounts on accounts.key = users.account;

create view history_plain as
select
    accounts.name as account,
    history.peer as peer,
    history.what as what,
    history.value as value,
    datetime(history.since / 1000, 'unixepoch') as since
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
    lower(hex(blobs.hash)) as hash,
    blobs.bytes as bytes,
    files.link as link
from files
join messages on messages.key = files.key >> 12
join chats on chats.key = messages.chat
join accounts on accounts.key = chats.account
left join blobs on blobs.key = files.blob;

create view topics_plain as
select
    accounts.name as account,
    chats.id as chat,
    topics.id as topic,
    topics.detail ->> '$.title' as title,
    coalesce(topics.detail ->> '$.is_closed', 0) as is_closed,
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
    datetime(changes.at / 1000, 'unixepoch') as at
from changes
join accounts on accounts.key = changes.account;
