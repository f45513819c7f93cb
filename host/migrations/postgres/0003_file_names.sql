-- What files are called, as in SQLite.

drop view messages_plain;
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
    messages.detail #>> '{media,file,name}' as file_name,
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
