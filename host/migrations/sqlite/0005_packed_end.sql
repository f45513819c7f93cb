-- The end of step 5, when the messages have moved.

drop table former_messages;
create index messages_by_topic on messages (topic) where topic is not null;
create index messages_pinned on messages (key) where (flags & 2) != 0;

-- In both views `detail` is spelt out: what comes before the zero, with each piece in its place. It goes step by step because older
-- programs take no deeper expressions.
create view messages_plain as
with step_1 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        case typeof(detail) when 'blob' then cast(substr(detail, 1, instr(detail, x'00') - 1) as text) else detail end
        , char(1), '":{"'), char(2), '":"'), char(3), '","'), char(4), 's":'), char(5), ']]}'), char(6), 'tion')
        , char(7), '":true'), char(8), '],["'), char(9), 'dc":'), char(10), '[["'), char(11), '{"file')
        , char(12), '{"reac'), char(13), 'text'), char(14), ',"is_'), char(15), '{"marks":[[')
        , char(16), ',"sizes":[["i"],["m",') as detail
    from messages
),
step_2 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(17), ',"recent":['), char(18), '}}}'), char(19), 'y",'), char(20), 'name'), char(21), 'count":')
        , char(22), ',"extra'), char(23), ']],'), char(24), '},{"'), char(25), 'video'), char(26), '"signature')
        , char(27), '"comments'), char(28), 'replies_pts":'), char(31, 48), ',"mime'), char(31, 49), 'id":')
        , char(31, 50), '"reactions":[["'), char(31, 51), ',"byte') as detail
    from step_1
),
step_3 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 52), 'quote'), char(31, 53), '],['), char(31, 54), 'pixels'), char(31, 55), '[{"')
        , char(31, 56), '}},'), char(31, 57), 'width":'), char(31, 58), ',"height":'), char(31, 59), 'voter')
        , char(31, 60), 'date'), char(31, 61), 'photo'), char(31, 62), ',"size'), char(31, 63), '},"second')
        , char(31, 64), 'extra'), char(31, 65), '/mp4'), char(31, 66), '"},"op'), char(31, 67), 'streamable') as detail
    from step_2
),
step_4 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 68), 'type'), char(31, 69), 'title'), char(31, 70), '{"media'), char(31, 71), 'sticker')
        , char(31, 72), 'count'), char(31, 73), '],[null,'), char(31, 74), ']],"top":[{"')
        , char(31, 75), '}],"has_list'), char(31, 76), ',"access_hash":'), char(31, 77), 'detail')
        , char(31, 78), '{"ac'), char(31, 79), '{"forward'), char(31, 80), 'user'), char(31, 81), 'audio')
        , char(31, 82), 'message":'), char(31, 83), 'quote_offset":') as detail
    from step_3
),
step_5 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 84), 'from":'), char(31, 85), '{"reply'), char(31, 86), ',"italic"'), char(31, 87), 'peer":')
        , char(31, 88), ',"h":'), char(31, 89), '[["m",'), char(31, 90), 'form'), char(31, 91), 'chat_')
        , char(31, 92), 'second'), char(31, 93), ',"post":'), char(31, 94), 'anonymous'), char(31, 95), ',"url"')
        , char(31, 96), 'emoji'), char(31, 97), 'button'), char(31, 98), 'nimated'), char(31, 99), ',"strike"') as detail
    from step_4
),
step_6 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 100), 'entitie'), char(31, 101), ',"phone"'), char(31, 102), ',"custom-emoji",')
        , char(31, 103), 'hash":'), char(31, 104), ',"hashtag"'), char(31, 105), ',"bold"],[')
        , char(31, 106), ',"spoiler"'), char(31, 107), ',"ques'), char(31, 108), '"},"answer')
        , char(31, 109), 'total":'), char(31, 110), ',"vote'), char(31, 111), 'chosen'), char(31, 112), ',"block')
        , char(31, 113), 'silent'), char(31, 114), 'WithEntities'), char(31, 115), ',"code"') as detail
    from step_5
),
step_7 as (
    select key, date, author, flags, text, media, reply_to, views, forwards, edited, topic, album, action, deleted, versions,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 116), ',"email"'), char(31, 117), ',"file_reference'), char(31, 118), '}],"dc_')
        , char(31, 119), ',"waveform'), char(31, 120), 'documentAttribute'), char(31, 121), ',"results')
        , char(31, 122), 'latitude":'), char(31, 123), ',"longitude":'), char(31, 124), 'descrip')
        , char(31, 125), 'reply_markup'), char(31, 126), 'StrippedSize') as detail
    from step_6
)
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
from step_7 as messages
join chats on chats.key = messages.key >> 32
join accounts on accounts.key = chats.account
left join authors on authors.key = messages.author
left join media_kinds on media_kinds.code = messages.media;

create view reactions_plain as
with step_1 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        case typeof(detail) when 'blob' then cast(substr(detail, 1, instr(detail, x'00') - 1) as text) else detail end
        , char(1), '":{"'), char(2), '":"'), char(3), '","'), char(4), 's":'), char(5), ']]}'), char(6), 'tion')
        , char(7), '":true'), char(8), '],["'), char(9), 'dc":'), char(10), '[["'), char(11), '{"file')
        , char(12), '{"reac'), char(13), 'text'), char(14), ',"is_'), char(15), '{"marks":[[')
        , char(16), ',"sizes":[["i"],["m",') as detail
    from messages
    -- The pieces that can be part of the word.
    where instr(detail, char(12)) > 0 or instr(detail, char(31, 50)) > 0 or instr(detail, 'reac') > 0
),
step_2 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(17), ',"recent":['), char(18), '}}}'), char(19), 'y",'), char(20), 'name'), char(21), 'count":')
        , char(22), ',"extra'), char(23), ']],'), char(24), '},{"'), char(25), 'video'), char(26), '"signature')
        , char(27), '"comments'), char(28), 'replies_pts":'), char(31, 48), ',"mime'), char(31, 49), 'id":')
        , char(31, 50), '"reactions":[["'), char(31, 51), ',"byte') as detail
    from step_1
),
step_3 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 52), 'quote'), char(31, 53), '],['), char(31, 54), 'pixels'), char(31, 55), '[{"')
        , char(31, 56), '}},'), char(31, 57), 'width":'), char(31, 58), ',"height":'), char(31, 59), 'voter')
        , char(31, 60), 'date'), char(31, 61), 'photo'), char(31, 62), ',"size'), char(31, 63), '},"second')
        , char(31, 64), 'extra'), char(31, 65), '/mp4'), char(31, 66), '"},"op'), char(31, 67), 'streamable') as detail
    from step_2
),
step_4 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 68), 'type'), char(31, 69), 'title'), char(31, 70), '{"media'), char(31, 71), 'sticker')
        , char(31, 72), 'count'), char(31, 73), '],[null,'), char(31, 74), ']],"top":[{"')
        , char(31, 75), '}],"has_list'), char(31, 76), ',"access_hash":'), char(31, 77), 'detail')
        , char(31, 78), '{"ac'), char(31, 79), '{"forward'), char(31, 80), 'user'), char(31, 81), 'audio')
        , char(31, 82), 'message":'), char(31, 83), 'quote_offset":') as detail
    from step_3
),
step_5 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 84), 'from":'), char(31, 85), '{"reply'), char(31, 86), ',"italic"'), char(31, 87), 'peer":')
        , char(31, 88), ',"h":'), char(31, 89), '[["m",'), char(31, 90), 'form'), char(31, 91), 'chat_')
        , char(31, 92), 'second'), char(31, 93), ',"post":'), char(31, 94), 'anonymous'), char(31, 95), ',"url"')
        , char(31, 96), 'emoji'), char(31, 97), 'button'), char(31, 98), 'nimated'), char(31, 99), ',"strike"') as detail
    from step_4
),
step_6 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 100), 'entitie'), char(31, 101), ',"phone"'), char(31, 102), ',"custom-emoji",')
        , char(31, 103), 'hash":'), char(31, 104), ',"hashtag"'), char(31, 105), ',"bold"],[')
        , char(31, 106), ',"spoiler"'), char(31, 107), ',"ques'), char(31, 108), '"},"answer')
        , char(31, 109), 'total":'), char(31, 110), ',"vote'), char(31, 111), 'chosen'), char(31, 112), ',"block')
        , char(31, 113), 'silent'), char(31, 114), 'WithEntities'), char(31, 115), ',"code"') as detail
    from step_5
),
step_7 as (
    select key,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        detail
        , char(31, 116), ',"email"'), char(31, 117), ',"file_reference'), char(31, 118), '}],"dc_')
        , char(31, 119), ',"waveform'), char(31, 120), 'documentAttribute'), char(31, 121), ',"results')
        , char(31, 122), 'latitude":'), char(31, 123), ',"longitude":'), char(31, 124), 'descrip')
        , char(31, 125), 'reply_markup'), char(31, 126), 'StrippedSize') as detail
    from step_6
)
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
from step_7 as messages
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
