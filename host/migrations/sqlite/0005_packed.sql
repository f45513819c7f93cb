-- Less room for `detail`: frequent pieces of it are one byte or two, and what a download needs stands behind the text as
-- bytes. `archive::row::short` says how. The details are written anew between this and the end of the step.

drop view messages_plain;
drop view reactions_plain;
drop index messages_by_topic;
drop index messages_pinned;

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
    -- All that has no column: a text, or bytes that are a text, a zero, and what is not for people.
    detail any,
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
