-- A step of its own: an index would hold the long titles, too, that the step before has shortened in the same transaction.
-- An archive that was made between two versions has it already.
drop index if exists chats_by_title;
create index chats_by_title on chats (folded, key);
