-- Lists of chats are read in their order, and not sorted.

-- An entry of an index has a limit, and titles of imports have none.
update chats set folded = left(folded, 600) where length(folded) > 600;

create index chats_by_activity on chats (coalesce(last_moment, 0), key);
